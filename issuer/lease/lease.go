package lease

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keywright/keywright/issuer"
)

// Effect says how far a committed change reaches.
type Effect struct {
	Seq       issuer.Seq
	Effective bool          // on every machine
	Waited    time.Duration // from the question until all had confirmed or their leases had ended
	Fenced    []string      // verifiers that did not confirm and were shut out
}

// ErrSeq says that a number is not that of a committed change.
var ErrSeq = errors.New("not the number of a committed change")

// Awaiter waits until a change is effective everywhere.
type Awaiter interface {
	// Await returns when the change is effective. Cancelled: an Effect without Effective, and the context's
	// error: the change is committed all the same. Twice, concurrent: each call waits for itself. ErrSeq: seq is
	// not positive.
	Await(ctx context.Context, seq issuer.Seq) (Effect, error)
}

// Direct is the Awaiter of a house without caches: every verification reads the store, so a committed change
// is effective, and there is nothing to wait for or to cancel.
type Direct struct{}

// Await implements [Awaiter].
func (Direct) Await(_ context.Context, seq issuer.Seq) (Effect, error) {
	if seq <= 0 {
		return Effect{}, fmt.Errorf("await change %d: %w", seq, ErrSeq)
	}
	return Effect{Seq: seq, Effective: true}, nil
}
