package issuer

import (
	"context"
	"errors"
	"time"

	"github.com/keywright/keywright/internal/jobs"
)

// Prefix names a key family: `[a-z][a-z0-9]*(_[a-z0-9]+)*`, at most 24 bytes.
type Prefix string

// KeyID is the public part of a key, 12 base62 characters. Logs, lists and audit events name keys by it.
type KeyID string

// Scope is one right, `resource:action`.
type Scope string

// Seq is the place of a change in the store's one order of changes.
type Seq int64

// Family is a set of keys of one prefix and one set of rights.
type Family struct {
	Prefix    Prefix
	Scopes    []Scope // what its keys may carry at most, sorted
	CreatedAt time.Time
}

// Digest is what is kept of a key: HMAC-SHA-256 under the pepper of that version.
type Digest struct {
	Sum           [32]byte
	PepperVersion int
}

// Status is what a key can be used for. Expiry is not a status: it is a matter of the clock.
type Status string

// The statuses. The zero value verifies as nothing.
const (
	StatusActive   Status = "active"
	StatusDisabled Status = "disabled" // can be undone
	StatusRevoked  Status = "revoked"  // final
)

// Key is an issued key as it is stored: no plaintext.
type Key struct {
	ID            KeyID
	Family        Prefix
	Owner         string
	Label         string
	Scopes        []Scope // sorted; always within the family's
	Digest        Digest
	Status        Status
	CreatedAt     time.Time
	ExpiresAt     time.Time // zero: never
	RevokedAt     time.Time // zero unless revoked
	RevokedReason string
	RevokedSeq    Seq
	LastUsedAt    time.Time // zero: never seen; behind by up to the flush interval
}

// Act says who did something, when and why, for the audit log.
type Act struct {
	Actor  string // "cli:alice", "app", "demo"
	At     time.Time
	Reason string
}

// Revocation ends a key for ever.
type Revocation struct {
	Key    KeyID
	Act    Act
	Detail string // for the audit log, an incident's id for example; never a secret
}

// Revoked is the result of a revocation.
type Revoked struct {
	Seq     Seq
	At      time.Time // when the key was first revoked
	Already bool      // it was revoked before this call; Seq and At are the first one's
	// Generation of the order of changes in which this call was answered; 0: the store has none.
	Generation int64
}

// Token is the point from which on the key is revoked.
func (r Revoked) Token() Token { return Token{Generation: r.Generation, Seq: r.Seq} }

// KeyQuery selects keys, newest first. Zero fields do not restrict.
type KeyQuery struct {
	Family Prefix
	Owner  string
	Status Status
	Limit  int    // at most 1000; 0 means 100
	After  string // the cursor of the page before
}

// KeyPage is one page of keys.
type KeyPage struct {
	Keys []Key
	Next string // cursor, empty on the last page
}

// Use is a last use of a key.
type Use struct {
	Key KeyID
	At  time.Time
}

// Job is what has to follow a change, named by its ids: a store inserts it in the change's own transaction. The
// alias lets a store outside of this module be written.
type Job = jobs.Args

// Sentinels of the store port. Stores wrap them with what was attempted and the id.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("exists already")
	ErrRevoked  = errors.New("revoked: a revocation is final")
	ErrScope    = errors.New("scope is not one of the family's")
)

// Store keeps families, owners and keys. Every change writes its row, its audit event, the change sequence
// and the next jobs in one transaction, or nothing.
//
// Cancelled: the transaction is rolled back, unless the commit was under way: then the outcome is unknown and
// the error says so. Concurrent: all methods.
type Store interface {
	KeyReader
	FamilyStore
	// CreateKey stores a key and creates its owner when new. ErrConflict: the id is taken. ErrNotFound: no
	// such family. ErrScope: a scope outside the family's.
	CreateKey(ctx context.Context, key Key, act Act, next ...jobs.Args) error
	// Revoke is final and idempotent: a repeated or concurrent call gets the first one's Seq and At with
	// Already set, and no next job. ErrNotFound: no such key.
	Revoke(ctx context.Context, r Revocation, next ...jobs.Args) (Revoked, error)
	// SetStatus disables or enables. ErrRevoked: the key is revoked. Twice: no error, no second event.
	SetStatus(ctx context.Context, id KeyID, status Status, act Act) error
	// Touch records last uses; an older time than the stored one is ignored, an unknown id too. No event.
	Touch(ctx context.Context, uses []Use) error
}

// KeyReader reads keys.
type KeyReader interface {
	// Key returns one key. ErrNotFound when there is none; ids are compared byte by byte.
	Key(ctx context.Context, id KeyID) (Key, error)
	Keys(ctx context.Context, query KeyQuery) (KeyPage, error)
}

// FamilyStore keeps families.
type FamilyStore interface {
	// CreateFamily: ErrConflict when the prefix is taken.
	CreateFamily(ctx context.Context, family Family, act Act) error
	Family(ctx context.Context, prefix Prefix) (Family, error) // ErrNotFound
	Families(ctx context.Context) ([]Family, error)            // by prefix
}
