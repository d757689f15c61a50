package lease

import (
	"context"
	"errors"
	"time"

	"github.com/keywright/keywright/issuer"
)

// MaxInvalidations bounds one renewal's rows. A verifier that is further behind begins cold.
const MaxInvalidations = 10_000

// ScopeKind says what a change touches. Stable: it is stored.
type ScopeKind string

// The kinds. A row of a kind that this version does not know makes a cache begin cold.
const (
	ScopeNone      ScopeKind = "none" // no answer of a verification
	ScopeKey       ScopeKind = "key"
	ScopeOwner     ScopeKind = "owner"
	ScopeFamily    ScopeKind = "family"
	ScopeWorkspace ScopeKind = "workspace" // all keys
)

// Scope is a set of keys, whatever their number, as one row.
type Scope struct {
	Kind ScopeKind
	ID   string // of the key, owner or family
}

// Invalidation says that what was read of a scope before a change may be wrong.
type Invalidation struct {
	Seq   issuer.Seq
	Scope Scope
}

// Incarnation is one life of one verifying process: a random UUID, never used again.
type Incarnation string

// Renewal is what a lease is made of: one state of the store, later than the question.
type Renewal struct {
	At            issuer.Token
	Term          time.Duration  // of this lease
	Wait          time.Duration  // of the longest lease that may be alive
	Settled       bool           // no lease of an older generation can be alive
	Invalidations []Invalidation // of all changes after the ones applied, by number, at most MaxInvalidations
}

// Standing is what a revoker sees.
type Standing struct {
	At      issuer.Token
	Settled bool
	Wait    time.Duration
	InPlace bool     // false: promoted or restored, and nobody has begun the generation yet
	Behind  []string // nodes that are not fenced and did not acknowledge
}

// Errors of a [Store].
var (
	// ErrOut: fenced, gone, or of another generation. There is no lease: join anew.
	ErrOut = errors.New("this verifier was shut out: it joins anew")
	// ErrStandby: what answered may be behind.
	ErrStandby = errors.New("a standby answered, which may be behind")
)

// Store is what the protocol needs of a database. Every write is durable when it returns: on Postgres in the
// synchronous standby too, where there is one. An error, of whatever kind, is never a renewal.
//
// Cancelled: a write may have been made. Concurrent: all methods; one incarnation renews one at a time.
type Store interface {
	issuer.SnapshotReader
	// Join adds a row for a new incarnation and returns the state that its cold cache knows everything of. It begins
	// a generation when the database was promoted or restored since the last one began.
	Join(ctx context.Context, incarnation Incarnation, node string) (issuer.Token, error)
	// Renew asks for a lease. ErrOut: there is none.
	Renew(ctx context.Context, incarnation Incarnation, applied issuer.Seq) (Renewal, error)
	// Ack says that everything up to at was applied, and is in every lease that is given out from now on. ErrOut.
	Ack(ctx context.Context, incarnation Incarnation, at issuer.Token) error
	// Leave removes an incarnation that gives out no lease any more. Absent: no error.
	Leave(ctx context.Context, incarnation Incarnation) error
	// Behind tells who has not acknowledged a change.
	Behind(ctx context.Context, change issuer.Seq) (Standing, error)
	// Fence shuts out, for ever, who neither acknowledged a change nor renewed since it, and returns their nodes. It
	// settles the generation: the caller has waited for any lease that was alive when the change was made.
	Fence(ctx context.Context, change issuer.Token) ([]string, error)
	// Settle says that no lease of an older generation is alive.
	Settle(ctx context.Context, generation int64) error
	// SetTerm sets the length of new leases and returns for how long the longest one alive may last.
	SetTerm(ctx context.Context, term time.Duration) (turn int64, wait time.Duration, err error)
	// ShortenWait: no lease is alive that is longer than what was set at turn. Set again since: nothing.
	ShortenWait(ctx context.Context, turn int64) error
	// Latest is the last committed change.
	Latest(ctx context.Context) (issuer.Token, error)
	// Nudge asks all verifiers to renew soon. It is a hint: that it fails changes nothing but the time.
	Nudge(ctx context.Context) error
	// Listen calls wake after nudges, and whenever some may have been missed, until ctx is done or it cannot.
	Listen(ctx context.Context, wake func()) error
}
