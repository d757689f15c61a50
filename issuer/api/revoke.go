package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/middleware"
)

// Caps of one revocation request.
const (
	MaxRevokeBytes  = 1 << 20
	MaxRevokeTokens = 1000
)

type revokeRequest struct {
	Credentials []string `json:"credentials"`
}

// revoke ends each key in the body whose secret matches. The answer is 202 whatever the tokens are: it tells
// nobody which of them were keys. When the store cannot say, it is 503 after all others were tried: the caller
// sends the same again, and a repeated revocation is harmless.
func (d Deps) revoke(w http.ResponseWriter, r *http.Request) {
	var body revokeRequest
	if !readJSON(w, r, MaxRevokeBytes, &body) {
		return
	}
	switch n := len(body.Credentials); {
	case n == 0:
		badRequest(w, r, "no credentials: send {\"credentials\": […]}")
		return
	case n > MaxRevokeTokens:
		badRequest(w, r, fmt.Sprintf("%d credentials, at most %d in one request", n, MaxRevokeTokens))
		return
	}
	// A caller that goes away does not stop what it asked for.
	ctx := context.WithoutCancel(r.Context())
	if err := d.revokeAll(ctx, body.Credentials); err != nil {
		d.Log.ErrorContext(ctx, "revoke by possession", "error", err, "request_id", middleware.RequestIDFrom(ctx))
		d.unavailable(w, r, string(issuer.CodeUndecided), "not all of it could be done; send it again")
		return
	}
	writeJSON(w, http.StatusAccepted, map[string]string{"status": "accepted"})
}

func (d Deps) revokeAll(ctx context.Context, credentials []string) error {
	var last issuer.Token // of one call, so the highest number is the last change
	var failed []error
	for _, credential := range credentials {
		change, err := d.revokeOne(ctx, issuer.Present(credential))
		if err != nil {
			failed = append(failed, err)
		}
		if change.Seq > last.Seq {
			last = change
		}
	}
	if last.Seq > 0 {
		if _, err := d.Awaiter.Await(ctx, last); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// revokeOne is zero when there was nothing to revoke. Garbage and bad checksums never reach the store.
func (d Deps) revokeOne(ctx context.Context, credential issuer.Plaintext) (issuer.Token, error) {
	decision := d.Verifier.Check(ctx, credential)
	switch {
	case decision.Code == issuer.CodeUndecided || decision.Code == "":
		return issuer.Token{}, fmt.Errorf("check a credential: %w", errors.Join(decision.Err))
	case decision.Key == nil:
		return issuer.Token{}, nil
	}
	revoked, err := d.Revoker.Revoke(ctx, issuer.Revocation{
		Key: decision.Key.ID,
		Act: issuer.Act{Actor: "api:possession", Reason: "presented for revocation"},
	})
	return revoked.Token(), err
}
