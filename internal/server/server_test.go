package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/keywright/keywright/internal/server"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// run starts a server. stop ends it and returns what Run returned.
func run(t *testing.T, handler http.HandlerFunc, o server.Options) (url string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	addr, ended := make(chan net.Addr, 1), make(chan error, 1)
	o.Listening = func(a net.Addr) { addr <- a }
	go func() { ended <- server.Run(ctx, "127.0.0.1:0", handler, o) }()
	t.Cleanup(cancel)
	select {
	case a := <-addr:
		return "http://" + a.String(), func() error { cancel(); return <-ended }
	case err := <-ended:
		t.Fatal(err)
		return "", nil
	}
}

func get(t *testing.T, url string, header http.Header) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header, r.Close = header, true
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestRunningRequestsFinishBeforeRunReturns(t *testing.T) {
	t.Parallel()
	inside, release := make(chan struct{}), make(chan struct{})
	url, stop := run(t, func(w http.ResponseWriter, _ *http.Request) {
		close(inside)
		<-release
		_, _ = io.WriteString(w, "whole")
	}, server.Options{})
	answered := make(chan string, 1)
	go func() {
		_, body := get(t, url, http.Header{})
		answered <- body
	}()
	<-inside
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	close(release)
	if body := <-answered; body != "whole" {
		t.Errorf("body = %q", body)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
}

func TestRequestsOverTheShutdownTimeoutAreCutOffAndSaid(t *testing.T) {
	t.Parallel()
	inside := make(chan struct{})
	url, stop := run(t, func(_ http.ResponseWriter, r *http.Request) {
		close(inside)
		<-r.Context().Done()
	}, server.Options{ShutdownTimeout: time.Millisecond})
	go func() {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if response, err := http.DefaultClient.Do(r); err == nil {
			_ = response.Body.Close()
		}
	}()
	<-inside
	if err := stop(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Run = %v, want context.DeadlineExceeded", err)
	}
}

func TestLogHoldsNoHeaderQueryOrBody(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	url, stop := run(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("canary")
		}
		if server.RequestID(r.Context()) != "id-1" {
			t.Error("the request has no id")
		}
		http.Error(w, "canary", http.StatusTeapot)
	}, server.Options{Log: slog.New(slog.NewTextHandler(&log, nil)), NewID: func() string { return "id-1" }})
	response, _ := get(t, url+"/a%0Ab?key=canary", http.Header{"Authorization": {"canary"}, "X-Request-Id": {"canary"}})
	if got := response.Header.Get(server.HeaderRequestID); got != "id-1" {
		t.Errorf("request id = %q", got)
	}
	if response, body := get(t, url+"/panic", http.Header{}); response.StatusCode != http.StatusInternalServerError || strings.Contains(body, "canary") {
		t.Errorf("panic: %d %q", response.StatusCode, body)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	text := log.String()
	if strings.Contains(text, "canary") || !strings.Contains(text, "status=418") || !strings.Contains(text, "path=/a%0Ab") || !strings.Contains(text, "request panicked") {
		t.Errorf("log = %s", text)
	}
}

func TestAnAddressThatIsTakenIsAnError(t *testing.T) {
	t.Parallel()
	url, stop := run(t, func(http.ResponseWriter, *http.Request) {}, server.Options{})
	if err := server.Run(t.Context(), strings.TrimPrefix(url, "http://"), http.NotFoundHandler(), server.Options{}); err == nil {
		t.Error("two servers at one address")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
