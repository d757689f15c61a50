package lease

import (
	"context"
	"fmt"
	"time"
)

// How far two clocks may drift apart, and what else may lie between a reading and its use. chrony slews by up to 8.3 %
// (https://chrony-project.org/doc/4.3/chrony.conf.html, maxslewrate, read 2026-11-24). The same in every process: a
// change of either is a change of the protocol.
const (
	driftPercent = 10
	margin       = 10 * time.Millisecond
)

// The length of leases: what the schema allows, and what it starts with.
const (
	MinTerm     = 200 * time.Millisecond
	MaxTerm     = time.Minute
	DefaultTerm = 2 * time.Second
)

// life is for how long a verifier uses a lease, from its clock reading before it asked.
func life(term time.Duration) time.Duration { return term - term*driftPercent/100 - margin }

// patience is how long whoever waits for leases to end waits, from the commit.
func patience(term time.Duration) time.Duration { return term + term*driftPercent/100 + margin }

// SetTerm sets the length of leases and returns when revokers wait for that long only: a shorter length at once would
// let a revoker return while an older, longer lease lives.
//
// Cancelled: the length is set, and revokers go on waiting for the old one.
func SetTerm(ctx context.Context, store Store, clock Clock, term time.Duration) error {
	if term < MinTerm || term > MaxTerm {
		return fmt.Errorf("set the length of leases to %s: it is %s to %s", term, MinTerm, MaxTerm)
	}
	turn, wait, err := store.SetTerm(ctx, term)
	if err != nil || wait == term {
		return err
	}
	for end := clock.Sync() + patience(wait); ; {
		left := end - clock.Sync()
		if left <= 0 {
			return store.ShortenWait(ctx, turn)
		}
		if err := sleep(ctx, min(left, maxPause)); err != nil {
			return fmt.Errorf("wait for the longer leases to end: %w", err)
		}
	}
}

// sleep is ctx's error when that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
