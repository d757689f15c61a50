package middleware

import (
	"context"
	"crypto/rand"
	"net/http"
)

// guarded is what [Guard] leaves in the context for what comes after it.
type guarded struct{ requestID, realm string }

type guardedKey struct{}

// RequestIDFrom is the id that [Guard] gave the request, empty outside of it.
func RequestIDFrom(ctx context.Context) string {
	g, _ := ctx.Value(guardedKey{}).(guarded)
	return g.requestID
}

func realmFrom(ctx context.Context) string {
	if g, ok := ctx.Value(guardedKey{}).(guarded); ok {
		return g.realm
	}
	return defaultRealm
}

// withRequest names the request. A client's own X-Request-Id is not taken over by itself: it could be a key.
func withRequest(r *http.Request, options Options) *http.Request {
	id := RequestIDFrom(r.Context()) // of an outer guard, or of the api
	switch {
	case options.RequestID != nil:
		id = options.RequestID(r)
	case id == "":
		id = NewRequestID()
	}
	return r.WithContext(context.WithValue(r.Context(), guardedKey{}, guarded{id, options.realm()}))
}

// NewRequestID is a fresh random id of 26 characters.
func NewRequestID() string { return rand.Text() }

// WithRequestID names a request before a guard does.
func WithRequestID(r *http.Request, id string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), guardedKey{}, guarded{id, realmFrom(r.Context())}))
}
