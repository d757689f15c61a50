package issuer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Caps on last uses.
const (
	MaxUses      = 100_000 // keys held between two flushes; further keys are dropped and counted
	maxTouchRows = 1000    // of one write
)

// Toucher records last uses. [Store] is one.
type Toucher interface {
	Touch(ctx context.Context, uses []Use) error
}

// Uses gathers the last use of each key in memory, so that no verification waits for a write. The zero value
// is ready. Safe for many goroutines.
type Uses struct {
	mu      sync.Mutex // held for one map access, or the exchange of the map; never while writing
	last    map[KeyID]time.Time
	dropped int64
}

// Note takes one use: it fits [Verifier.Touch]. The latest time of a key stays.
func (u *Uses) Note(use Use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.keep(use)
}

func (u *Uses) keep(use Use) {
	seen, known := u.last[use.Key]
	switch {
	case known && !use.At.After(seen):
		return
	case !known && len(u.last) >= MaxUses:
		u.dropped++
		return
	case u.last == nil:
		u.last = map[KeyID]time.Time{}
	}
	u.last[use.Key] = use.At
}

// Dropped counts the uses that were lost because too many keys were waiting.
func (u *Uses) Dropped() int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.dropped
}

// Flush writes what was gathered, in the order of ids, so that two flushes at once lock rows in one order.
// What could not be written waits for the next flush.
func (u *Uses) Flush(ctx context.Context, store Toucher) error {
	uses := u.take()
	for len(uses) > 0 {
		batch := uses[:min(len(uses), maxTouchRows)]
		if err := store.Touch(ctx, batch); err != nil {
			u.giveBack(uses)
			return fmt.Errorf("flush last uses of %d keys: %w", len(uses), err)
		}
		uses = uses[len(batch):]
	}
	return nil
}

func (u *Uses) take() []Use {
	u.mu.Lock()
	last := u.last
	u.last = nil
	u.mu.Unlock()
	uses := make([]Use, 0, len(last))
	for key, at := range last {
		uses = append(uses, Use{Key: key, At: at})
	}
	slices.SortFunc(uses, func(a, b Use) int { return cmp.Compare(a.Key, b.Key) })
	return uses
}

func (u *Uses) giveBack(uses []Use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, use := range uses {
		u.keep(use)
	}
}
