package serve_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/cmd/keywright/serve"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/issuer"
)

// notes is what the verb says to stderr, and the address that it says first.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
	url  chan string
	told bool
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.text.Write(p)
	if url, ok := strings.CutPrefix(string(p), "the API answers at "); ok && !n.told {
		n.told = true
		n.url <- strings.TrimSpace(url)
	}
	return len(p), nil
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// workspace is a home with a store and one key.
func workspace(t *testing.T) (getenv func(string) string, plain secret.Text) {
	t.Helper()
	home := t.TempDir()
	getenv = func(name string) string { return map[string]string{"HOME": home}[name] }
	paths, err := config.PathsFrom(getenv)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := config.Init(t.Context(), paths, rand.Reader, time.Now); err != nil {
		t.Fatal(err)
	}
	ws, err := config.Open(t.Context(), paths, config.Mode{})
	if err != nil {
		t.Fatal(err)
	}
	act := issuer.Act{Actor: "test", At: time.Now()}
	life := ws.Issuer(rand.Reader)
	if _, err := life.CreateFamily(t.Context(), "acme_live", []issuer.Scope{"orders:read"}, act); err != nil {
		t.Fatal(err)
	}
	plain, _, err = life.Issue(t.Context(), issuer.IssueRequest{Family: "acme_live", Owner: "billing", Act: act})
	if err != nil {
		t.Fatal(err)
	}
	if err := ws.Close(); err != nil {
		t.Fatal(err)
	}
	return getenv, plain
}

func TestAKeyIsServedRevokedAndRefused(t *testing.T) {
	t.Parallel()
	getenv, plain := workspace(t)
	said := &notes{url: make(chan string, 1)}
	streams := &cmdio.IO{In: strings.NewReader(""), Out: io.Discard, Err: said, Getenv: getenv, Now: time.Now, Actor: "test"}
	cmd := serve.NewCmd(streams, cmdio.SystemOpeners(streams))
	cmd.SetArgs([]string{"--addr", "127.0.0.1:0", "--dashboard", "127.0.0.1:0"})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	var url string
	select {
	case url = <-said.url:
	case err := <-ended:
		t.Fatalf("ended with %v: %s", err, said)
	}
	ask := func(method, path, body string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		if body == "" {
			request.Header.Set("Authorization", "Bearer "+plain.Reveal())
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(text)
	}
	if status, body := ask(http.MethodPost, "/v1/keys/verify", `{"key": "`+plain.Reveal()+`"}`); status != 200 || !strings.Contains(body, `"valid":true`) {
		t.Errorf("verify: %d %s", status, body)
	}
	if status, body := ask(http.MethodGet, "/v1/whoami", ""); status != 200 || !strings.Contains(body, `"owner":"billing"`) {
		t.Errorf("whoami: %d %s", status, body)
	}
	if status, body := ask(http.MethodPost, "/v1/credentials/revoke", `{"credentials": ["`+plain.Reveal()+`"]}`); status != 202 {
		t.Errorf("revoke: %d %s", status, body)
	}
	if status, body := ask(http.MethodGet, "/v1/whoami", ""); status != 401 {
		t.Errorf("whoami after the revoke: %d %s", status, body)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	if hidden := plain.Reveal()[len("acme_live_")+12:][:12]; strings.Contains(said.String(), hidden) {
		t.Error("the log holds a part of the key")
	}
	lastUse(t, getenv)
}

// lastUse wants the use that was kept in memory to be in the store after the end.
func lastUse(t *testing.T, getenv func(string) string) {
	t.Helper()
	paths, err := config.PathsFrom(getenv)
	if err != nil {
		t.Fatal(err)
	}
	ws, err := config.Open(t.Context(), paths, config.Mode{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	page, err := ws.Keys.Keys(t.Context(), issuer.KeyQuery{})
	if err != nil || len(page.Keys) != 1 || page.Keys[0].LastUsedAt.IsZero() || page.Keys[0].Status != issuer.StatusRevoked {
		t.Errorf("keys %+v, %v", page.Keys, err)
	}
	if err := ws.Close(); err != nil {
		t.Error(err)
	}
}
