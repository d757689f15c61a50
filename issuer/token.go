package issuer

import (
	"context"
	"errors"
	"time"
)

// Token is a point in the order of changes. Numbers of two generations cannot be compared: after a failover the
// same number may be another change. The zero Token is before everything.
type Token struct {
	Generation int64
	Seq        Seq
}

// IsZero is whether the token asks for nothing.
func (t Token) IsZero() bool { return t == Token{} }

// Includes says whether a state read at t holds the change u.
//
// Errors: ErrGeneration, ErrBehind.
func (t Token) Includes(u Token) error {
	switch {
	case u.IsZero():
		return nil
	case t.Generation != u.Generation:
		return ErrGeneration
	case t.Seq < u.Seq:
		return ErrBehind
	default:
		return nil
	}
}

// Errors of a [Token].
var (
	// ErrGeneration: whether the change outlived a failover or a restore is not known. Waiting does not help.
	ErrGeneration = errors.New("the change was made before a failover or a restore of the database")
	// ErrBehind: the state that was read is older than the change.
	ErrBehind = errors.New("what was read is older than the change that was asked for")
)

// Snapshot is one key as one statement read it.
type Snapshot struct {
	At  Token     // everything up to here is in it
	Now time.Time // the store's clock
	Key *Key      // nil: there is no such key
}

// SnapshotReader reads a key together with its place in the order of changes.
type SnapshotReader interface {
	// KeyAt reads from the primary and never from a replica, which may be behind. No such key is a Snapshot too.
	KeyAt(ctx context.Context, id KeyID) (Snapshot, error)
}

// Known is what is known of a key id.
type Known struct {
	Key *Key      // nil: there is no such key. Shared by many: never to be changed
	Now time.Time // the store's clock, never behind it. Zero: the caller's own
}

// KeyCache answers for the store from memory where that is as good as reading it: lease.Node is one.
type KeyCache interface {
	// Hit answers without I/O. False: it does not know, or may not say at this moment, or not as late as after.
	Hit(id KeyID, after Token) (Known, bool)
	// Read answers from a read of the store that begins after the call did. No such key is no error.
	Read(ctx context.Context, id KeyID, after Token) (Known, error)
}
