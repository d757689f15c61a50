package limit

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/keywright/keywright/issuer"
)

// Limiter says whether a key may be used now.
type Limiter interface {
	// Allow takes cost tokens of the key, at least 1. An error means that nobody knows: what then happens is
	// the caller's policy. Cancelled: an error, nothing is taken. Concurrent: all.
	Allow(ctx context.Context, key issuer.KeyID, cost int) (Result, error)
}

// Result is a decision and the limit that made it.
type Result struct {
	Decision
	Limit Limit
}

// MaxLocalKeys caps the keys that a [Local] remembers.
const MaxLocalKeys = 1 << 20

const (
	shards     = 64
	sweepLooks = 64 // states looked at for an idle one when a shard is full
)

// Errors of [Local.Allow].
var (
	// ErrFull says that too many keys are in use at once to remember another.
	ErrFull = errors.New("the limiter remembers too many keys")
	// ErrCost says that a call costs less than one token.
	ErrCost = errors.New("a call costs at least one token")
)

// Local limits in this process's memory. Keys that are idle (all tokens back) are forgotten when place is
// needed, which changes no decision; one that is in use is never forgotten.
type Local struct {
	limit    Limit
	now      func() time.Time
	perShard int // keys at most in each shard
	seed     maphash.Seed
	shards   [shards]shard
}

type shard struct {
	mu     sync.Mutex
	states map[issuer.KeyID]State
}

// NewLocal makes a limiter. now should be monotonic, as time.Now is. Errors: ErrLimit.
func NewLocal(limit Limit, now func() time.Time) (*Local, error) {
	if err := limit.Valid(); err != nil {
		return nil, fmt.Errorf("new limiter: %w", err)
	}
	l := &Local{limit: limit, now: now, perShard: MaxLocalKeys / shards, seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].states = map[issuer.KeyID]State{}
	}
	return l, nil
}

// Allow implements [Limiter]. Errors: ErrFull, ErrCost, the context's.
func (l *Local) Allow(ctx context.Context, key issuer.KeyID, cost int) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, fmt.Errorf("limit key %s: %w", key, err)
	}
	if cost < 1 {
		return Result{}, fmt.Errorf("limit key %s: cost %d: %w", key, cost, ErrCost)
	}
	s := &l.shards[maphash.String(l.seed, string(key))%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	now := l.now() // under the lock: times of one key do not go back
	state, known := s.states[key]
	if !known && len(s.states) >= l.perShard && !s.forgetIdle(now) {
		return Result{}, fmt.Errorf("limit key %s: %w", key, ErrFull)
	}
	state, decision := Decide(now, state, l.limit, cost)
	s.states[key] = state
	return Result{Decision: decision, Limit: l.limit}, nil
}

// forgetIdle makes place by looking at a few states; Go's map order makes them other ones each time.
func (s *shard) forgetIdle(now time.Time) bool {
	looks, forgot := 0, false
	for key, state := range s.states {
		if !state.Full.After(now) {
			delete(s.states, key)
			forgot = true
		}
		if looks++; looks == sweepLooks {
			break
		}
	}
	return forgot
}
