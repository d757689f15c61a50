package lease

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/keywright/keywright/issuer"
)

const (
	renewals    = 4                     // in the length of a lease
	syncEvery   = 25 * time.Millisecond // see systemClock
	firstRetry  = 10 * time.Millisecond
	callTimeout = DefaultTerm // of one question to the store
)

// renewer is the life of one incarnation after another. One goroutine has it.
type renewer struct {
	*Node
	incarnation Incarnation   // "" before it joined
	applied     issuer.Token  // everything up to here was applied to cache
	acked       issuer.Seq    // as far as the store is known to have it
	since       time.Duration // when this process first saw the generation of applied
	generation  int64
	cache       *cache
	left        []Incarnation // former ones, to be removed when no lease of theirs can be loaded
	term        time.Duration
	retry       time.Duration // pause before the next try, 0 after a success
}

func (n *Node) run(ctx context.Context) {
	r := &renewer{Node: n, term: DefaultTerm}
	clock := time.NewTicker(syncEvery)
	defer clock.Stop()
	for ctx.Err() == nil {
		if err := r.step(ctx); err != nil && ctx.Err() == nil {
			n.options.Log.Warn("no lease was renewed", "node", n.options.Name, "error", err)
		}
		r.pause(ctx, clock.C)
	}
	r.close()
}

// pause waits until the next renewal is due, or one is asked for.
func (r *renewer) pause(ctx context.Context, clock <-chan time.Time) {
	wakeups := r.wakeups
	due := r.term / renewals
	if r.retry > 0 { // no hint makes a failing store be asked more often
		due, wakeups = r.retry, nil
	}
	timer := time.NewTimer(due)
	defer timer.Stop()
	for {
		select {
		case <-clock:
			r.options.Clock.Sync()
		case <-ctx.Done():
			return
		case <-wakeups:
			return
		case <-timer.C:
			return
		}
	}
}

// step renews once, after joining when that is needed. Any error ends the incarnation: what became of its renewal is not
// known. The lease that it has lasts until its own deadline, except when the store said that it is out.
func (r *renewer) step(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := r.join(ctx)
	if err == nil {
		err = r.renew(ctx)
	}
	if err == nil {
		r.retry = 0
		return nil
	}
	if r.incarnation != "" {
		r.left = append(r.left, r.incarnation)
		r.incarnation = ""
	}
	if errors.Is(err, ErrOut) {
		r.lease.Store(nil)
		if r.retry == 0 { // the reason is known, and joining cures it
			r.retry = time.Nanosecond
			return err
		}
	}
	r.retry = min(max(2*r.retry, firstRetry), r.term/renewals)
	return err
}

func (r *renewer) join(ctx context.Context) error {
	if r.incarnation != "" {
		return nil
	}
	incarnation, err := newIncarnation(r.options.Rand)
	if err != nil {
		return err
	}
	// Remembered before the answer: a row whose commit was not confirmed is removed later.
	r.incarnation = incarnation
	at, err := r.options.Store.Join(ctx, incarnation, r.options.Name)
	if err != nil {
		return err
	}
	r.applied, r.acked, r.cache = at, at.Seq, r.cold()
	if r.generation != at.Generation {
		r.generation, r.since = at.Generation, r.options.Clock.Sync()
	}
	return nil
}

func (r *renewer) cold() *cache { return newCache(r.options.Entries, r.options.Absent) }

// newIncarnation is a random UUID (RFC 9562, version 4).
func newIncarnation(random io.Reader) (Incarnation, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("make an incarnation: read random bytes: %w", err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return Incarnation(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])), nil
}

func (r *renewer) renew(ctx context.Context) error {
	sent := r.options.Clock.Sync() // before the question: the answer may take as long as it likes
	renewal, err := r.options.Store.Renew(ctx, r.incarnation, r.applied.Seq)
	if err != nil {
		return err
	}
	if renewal.At.Generation != r.applied.Generation || renewal.At.Seq < r.applied.Seq {
		return fmt.Errorf("%w: the store went back from change %d to %d", ErrOut, r.applied.Seq, renewal.At.Seq)
	}
	r.apply(renewal)
	r.term = renewal.Term
	r.lease.Store(&granted{at: renewal.At, deadline: sent + life(renewal.Term), cache: r.cache})
	r.turn.pass()
	r.settle(ctx, renewal)
	r.leave(ctx)
	return r.ack(ctx)
}

// apply brings the cache to the state of a renewal, or takes a new one where that cannot be done.
func (r *renewer) apply(renewal Renewal) {
	changes := 0
	last := r.applied.Seq
	for _, one := range renewal.Invalidations {
		if one.Seq != last {
			changes, last = changes+1, one.Seq
		}
	}
	complete := issuer.Seq(changes) == renewal.At.Seq-r.applied.Seq // else rows were pruned, or there are too many
	if !complete || r.cache.marks.full.Load() || !r.cache.apply(renewal.Invalidations) {
		r.cache = r.cold()
	}
	r.applied = renewal.At
}

// ack comes after the new lease: no request that starts from now on can load an older one.
func (r *renewer) ack(ctx context.Context) error {
	if r.acked >= r.applied.Seq {
		return nil
	}
	if err := r.options.Store.Ack(ctx, r.incarnation, r.applied); err != nil {
		return err
	}
	r.acked = r.applied.Seq
	return nil
}

// settle tells revokers that they may go by acknowledgements again, when leases of the generation before have ended.
func (r *renewer) settle(ctx context.Context, renewal Renewal) {
	if renewal.Settled || r.options.Clock.Sync()-r.since < patience(renewal.Wait) {
		return
	}
	if err := r.options.Store.Settle(ctx, r.generation); err != nil {
		r.options.Log.Warn("tried again at the next renewal", "error", err)
	}
}

// leave removes former incarnations: the lease that can be loaded is another's. Else the next revoker would wait for
// them.
func (r *renewer) leave(ctx context.Context) {
	for len(r.left) > 0 {
		if err := r.options.Store.Leave(ctx, r.left[0]); err != nil {
			r.options.Log.Warn("tried again at the next renewal", "error", err)
			return
		}
		r.left = r.left[1:]
	}
}

// close ends the node: first no lease can be loaded, then nobody waits for it.
func (r *renewer) close() {
	r.lease.Store(nil)
	if r.incarnation != "" {
		r.left = append(r.left, r.incarnation)
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	r.leave(ctx)
}

// listen turns nudges into renewals, as long as there is a way to hear them.
func (n *Node) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := n.options.Store.Listen(ctx, n.wake); err != nil && ctx.Err() == nil {
			n.options.Log.Info("changes are seen at the next renewal only", "error", err)
		}
		_ = sleep(ctx, DefaultTerm/renewals)
	}
}
