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
	Generation int64
	Seq        issuer.Seq
	Effective  bool          // on every machine
	Waited     time.Duration // from the question until all had confirmed or their leases had ended
	Fenced     []string      // verifiers that did not confirm and were shut out
}

// Errors of an [Awaiter]. The change is committed all the same, except perhaps with issuer.ErrGeneration.
var (
	// ErrSeq says that a number is not that of a committed change.
	ErrSeq = errors.New("not the number of a committed change")
	// ErrNotYet: the change is committed, and not known to be effective on every machine yet.
	ErrNotYet = errors.New("committed, and not yet effective everywhere")
)

// Awaiter waits until a change is effective everywhere.
type Awaiter interface {
	// Await returns when the change is effective. Cancelled: an Effect without Effective, and ErrNotYet. Twice,
	// concurrent: each call waits for itself. ErrSeq: seq is not that of a change. issuer.ErrGeneration: a failover or
	// a restore came between, so whether the change is still there is not known: make it again, which is harmless.
	Await(ctx context.Context, change issuer.Token) (Effect, error)
}

// Direct is the Awaiter of a house without caches: every verification reads the store, so a committed change
// is effective, and there is nothing to wait for or to cancel.
type Direct struct{}

// Await implements [Awaiter].
func (Direct) Await(_ context.Context, change issuer.Token) (Effect, error) {
	if change.Seq <= 0 {
		return Effect{}, fmt.Errorf("await change %d: %w", change.Seq, ErrSeq)
	}
	return Effect{Generation: change.Generation, Seq: change.Seq, Effective: true}, nil
}
