package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// The timeouts. A whole webhook body of 25 MiB must fit into readTimeout, also over a slow line.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = 32 << 10
	// DefaultShutdownTimeout is how long running requests may take once the server is told to stop.
	DefaultShutdownTimeout = 10 * time.Second
)

// Options of [Run]. The zero value is usable.
type Options struct {
	Log             *slog.Logger                                        // nil: none
	ShutdownTimeout time.Duration                                       // 0 means [DefaultShutdownTimeout]
	Listening       func(net.Addr)                                      // called once the address is known, when not nil
	Now             func() time.Time                                    // nil: time.Now
	NewID           func() string                                       // nil: random request ids
	Listen          func(context.Context, string) (net.Listener, error) // nil: plain TCP
}

// Run serves handler at addr ("127.0.0.1:8080", ":0") until ctx ends, then waits for running requests.
//
// It returns nil after a shutdown in time. Errors: what listening or serving met; context.DeadlineExceeded when
// requests were still running after the timeout: they were cut off.
func Run(ctx context.Context, addr string, handler http.Handler, o Options) error {
	o = o.filled()
	listener, err := o.Listen(ctx, addr)
	if err != nil {
		return fmt.Errorf("listen at %s: %w", addr, err)
	}
	s := &http.Server{
		Handler: wrap(handler, o), ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	if o.Listening != nil {
		o.Listening(listener.Addr())
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve at %s: %w", addr, err)
	case <-ctx.Done():
	}
	return stop(ctx, s, served, o.ShutdownTimeout)
}

func stop(ctx context.Context, s *http.Server, served <-chan error, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	err := s.Shutdown(ctx)
	if err != nil {
		_ = s.Close()
		err = fmt.Errorf("stop the server: %w", err)
	}
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}

func (o Options) filled() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.ShutdownTimeout == 0 {
		o.ShutdownTimeout = DefaultShutdownTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = randomID
	}
	if o.Listen == nil {
		o.Listen = func(ctx context.Context, addr string) (net.Listener, error) {
			return (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
		}
	}
	return o
}
