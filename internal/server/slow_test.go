package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keywright/keywright/internal/server"
)

// pipes is a listener whose connections are made in memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error { close(p.done); return nil }
func (*pipes) Addr() net.Addr { return &net.TCPAddr{} }

func TestClientsThatSendSlowlyAreCutOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sent string
		most time.Duration
	}{
		"a header that never ends":             {"GET / HTTP/1.1\r\nHost: a\r\n", 10 * time.Second},
		"a body that never ends":               {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nx", time.Minute},
		"a connection that is kept and unused": {"GET /quick HTTP/1.1\r\nHost: a\r\n\r\n", 5 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			listener := &pipes{make(chan net.Conn), make(chan struct{})}
			ended := make(chan error, 1)
			read := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
			go func() {
				ended <- server.Run(ctx, "", read, server.Options{Listen: func(context.Context, string) (net.Listener, error) { return listener, nil }})
			}()
			client, theirs := net.Pipe()
			listener.conns <- theirs
			began := time.Now()
			go func() { _, _ = io.WriteString(client, c.sent) }()
			_, _ = io.Copy(io.Discard, client) // ends when the server closes
			if took := time.Since(began); took > c.most {
				t.Errorf("%s: cut off after %s, want at most %s", name, took, c.most)
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}
