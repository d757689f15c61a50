package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/middleware"
)

// api is the small API on loopback that the keys open: GET /orders, for keys with orders:read.
type api struct {
	server *http.Server
	url    string
	done   chan error
}

func startAPI(ctx context.Context, verifier *issuer.Verifier) (*api, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the API: %w", err)
	}
	orders := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		principal, _ := issuer.PrincipalFrom(r.Context())
		_, _ = fmt.Fprintf(w, "{\"orders\": [], \"seen_by\": %q}\n", principal.Owner)
	})
	guard := middleware.Guard(verifier, middleware.Options{})
	mux := http.NewServeMux()
	mux.Handle("GET /orders", guard(middleware.RequireScope("orders:read")(orders)))
	a := &api{
		server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second},
		url:    "http://" + listener.Addr().String() + "/orders",
		done:   make(chan error, 1),
	}
	go func() { a.done <- a.server.Serve(listener) }()
	return a, nil
}

func (a *api) stop() error {
	err := a.server.Close()
	if served := <-a.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// call uses a key as a client would and returns the status line.
func (a *api) call(ctx context.Context, key secret.Text) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url, nil)
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Authorization", "Bearer "+key.Reveal())
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", fmt.Errorf("call the API: %w", err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode, response.Status, response.Body.Close()
}
