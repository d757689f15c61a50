package lease

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keywright/keywright/issuer"
)

// How often a revoker looks who is behind, and for how long it goes on when the store does not answer.
const (
	firstPause    = time.Millisecond
	maxPause      = 20 * time.Millisecond
	maxUnanswered = 30 * time.Second
)

// Everywhere is the Awaiter of a house whose verifiers hold leases.
type Everywhere struct {
	Store Store
	// Clock may stop while the machine sleeps: then the wait is longer. nil: Go's own.
	Clock Clock
}

// Await implements [Awaiter]: it returns when every verifier has acknowledged the change, or when every lease that was
// alive at its commit has ended, whichever is first. Verifiers that did not renew since are then fenced, so that the
// next one need not wait for them. It is to be called right after the commit: the time until then counts on top.
func (e *Everywhere) Await(ctx context.Context, change issuer.Token) (Effect, error) {
	if change.Seq <= 0 {
		return Effect{}, fmt.Errorf("await change %d: %w", change.Seq, ErrSeq)
	}
	clock := e.Clock
	if clock == nil {
		clock = runningClock{time.Now()}
	}
	w := &wait{store: e.Store, change: change, clock: clock, start: clock.Sync()}
	_ = e.Store.Nudge(ctx) // a hint: verifiers renew without it, only later
	effect, err := w.run(ctx)
	if err != nil {
		return effect, fmt.Errorf("await change %d: %w", change.Seq, err)
	}
	return effect, nil
}

// Latest waits for every change that is committed when it is called.
func (e *Everywhere) Latest(ctx context.Context) (Effect, error) {
	latest, err := e.Store.Latest(ctx)
	if err != nil {
		return Effect{}, err
	}
	return e.Await(ctx, latest)
}

// wait is one call of Await.
type wait struct {
	store   Store
	change  issuer.Token
	clock   Clock
	start   time.Duration
	longest time.Duration // lease that may have been alive at the commit
	fenced  []string
}

func (w *wait) run(ctx context.Context) (Effect, error) {
	answered := w.start
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		done, err := w.look(ctx)
		now := w.clock.Sync()
		switch {
		case done:
			return w.effect(now, true), nil
		case ctx.Err() != nil:
			return w.effect(now, false), fmt.Errorf("%w: %w", ErrNotYet, context.Cause(ctx))
		case err == nil:
			answered = now
		case final(err):
			return w.effect(now, false), err
		case now-answered > maxUnanswered:
			return w.effect(now, false), fmt.Errorf("%w: %w", ErrNotYet, err)
		}
		_ = sleep(ctx, pause) // a cancelled wait is seen above, after one more look
	}
}

func (w *wait) effect(now time.Duration, effective bool) Effect {
	return Effect{
		Generation: w.change.Generation, Seq: w.change.Seq, Effective: effective, Waited: now - w.start, Fenced: w.fenced,
	}
}

// look asks once whether the change is effective.
func (w *wait) look(ctx context.Context) (bool, error) {
	s, err := w.store.Behind(ctx, w.change.Seq)
	if err != nil {
		return false, err
	}
	if w.change.Generation == 0 {
		w.change.Generation = s.At.Generation
	}
	if !s.InPlace {
		return false, issuer.ErrGeneration
	}
	if err := s.At.Includes(w.change); err != nil {
		return false, notCommitted(err)
	}
	// Read after the commit, so no lease that knows nothing of the change is longer than this or what was read before.
	w.longest = max(w.longest, s.Wait)
	if s.Settled && len(s.Behind) == 0 {
		return true, nil
	}
	if w.clock.Sync()-w.start < patience(w.longest) {
		return false, nil
	}
	w.fenced, err = w.store.Fence(ctx, w.change)
	return err == nil, err
}

// notCommitted: a number beyond the last one is no change's.
func notCommitted(err error) error {
	if errors.Is(err, issuer.ErrBehind) {
		return ErrSeq
	}
	return err
}

// final is whether asking again cannot help.
func final(err error) bool { return errors.Is(err, ErrSeq) || errors.Is(err, issuer.ErrGeneration) }
