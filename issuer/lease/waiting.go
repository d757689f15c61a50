package lease

import (
	"context"
	"fmt"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
)

// Revoker ends a key: issuer.Store and issuer.Issuer are.
type Revoker interface {
	Revoke(ctx context.Context, r issuer.Revocation, next ...jobs.Args) (issuer.Revoked, error)
}

// Waiting is a Revoker whose revocations hold everywhere when it returns.
type Waiting struct {
	Revoker Revoker
	Awaiter Awaiter
}

// Revoke implements [Revoker]. Also a repeated one waits.
//
// Errors: the Revoker's; with a Revoked, ErrNotYet: it is committed, and said again it waits again.
func (w Waiting) Revoke(ctx context.Context, r issuer.Revocation, next ...jobs.Args) (issuer.Revoked, error) {
	revoked, err := w.Revoker.Revoke(ctx, r, next...)
	if err != nil {
		return revoked, err
	}
	if _, err := w.Awaiter.Await(ctx, revoked.Token()); err != nil {
		return revoked, fmt.Errorf("revoke key %s: %w", r.Key, err)
	}
	return revoked, nil
}
