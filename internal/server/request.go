package server

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// HeaderRequestID names a request in the answer. One that a client sends is not believed.
const HeaderRequestID = "X-Request-Id"

// maxPathBytes is how much of a path the log shows.
const maxPathBytes = 256

type requestIDKey struct{}

// RequestID is the id of the request that ctx belongs to; empty outside of one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

func randomID() string { return rand.Text()[:16] }

// wrap gives each request an id, a line in the log, and an end to its panic.
func wrap(next http.Handler, o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin, id := o.Now(), o.NewID()
		w.Header().Set(HeaderRequestID, id)
		r = r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id))
		noted := &notingWriter{ResponseWriter: w}
		defer func() {
			end := recover()
			if end != nil {
				fail(noted, r, o.Log, id, end)
			}
			logRequest(r, o.Log, id, noted, o.Now().Sub(begin))
			if end == http.ErrAbortHandler { //nolint:errorlint // the convention is the value itself
				panic(end)
			}
		}()
		next.ServeHTTP(noted, r)
	})
}

// fail answers 500 when nothing was answered yet. The value of the panic may hold anything, so only where it came from
// is logged.
func fail(w *notingWriter, r *http.Request, log *slog.Logger, id string, end any) {
	if end == http.ErrAbortHandler { //nolint:errorlint // the convention is the value itself
		return
	}
	log.LogAttrs(r.Context(), slog.LevelError, "request panicked", slog.String("request", id),
		slog.String("stack", string(debug.Stack())))
	if w.status == 0 {
		http.Error(w, "internal error", http.StatusInternalServerError)
	}
}

func logRequest(r *http.Request, log *slog.Logger, id string, w *notingWriter, took time.Duration) {
	path := r.URL.EscapedPath() // escaped, so that it cannot break the log's lines
	if len(path) > maxPathBytes {
		path = path[:maxPathBytes] + "…"
	}
	log.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("request", id), slog.String("method", method(r.Method)), slog.String("path", path),
		slog.Int("status", w.seen()), slog.Int64("bytes", w.bytes), slog.Duration("took", took))
}

// method is a known one, or "other": a client can send any word.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	default:
		return "other"
	}
}

// notingWriter remembers status and size.
type notingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (w *notingWriter) WriteHeader(status int) {
	if w.status == 0 || w.status < 200 { // after 1xx comes the real one
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *notingWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *notingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *notingWriter) seen() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}
