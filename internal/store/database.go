package store

import (
	"context"
	"time"

	"github.com/keywright/keywright/internal/jobs"
)

// Database is one kind of database: it runs the named statements and decides nothing.
type Database interface {
	// Reader runs single statements, each on a snapshot of its own.
	Reader() Conn
	// Snapshot runs f's statements on one snapshot.
	Snapshot(ctx context.Context, f func(Conn) error) error
	// Write runs f in a transaction and commits it when f returns nil. Whatever f's rows a concurrent Write has
	// locked, f waits for.
	Write(ctx context.Context, f func(Tx) error) error
	// FreshReads is whether a read that begins now sees every commit before it, whoever made it. No replica, and no
	// former primary, may answer it.
	FreshReads() bool
	// Time is the value that stands for t: microseconds in UTC, NULL for the zero time.
	Time(t time.Time) any
}

// Conn runs statements. An absent row is sql.ErrNoRows at Scan.
type Conn interface {
	Query(ctx context.Context, q Query, args ...any) (Rows, error)
	QueryRow(ctx context.Context, q Query, args ...any) Row
	// Exec returns how many rows were written.
	Exec(ctx context.Context, q Query, args ...any) (int64, error)
}

// Tx is a Conn in a transaction that also takes jobs.
type Tx interface {
	Conn
	// Insert adds jobs to the same transaction. ErrNoQueue when there is no queue and next is not empty.
	Insert(ctx context.Context, next []jobs.Args) error
}

// Row is one row.
type Row interface {
	Scan(dest ...any) error
}

// Rows are rows. Close may be called twice.
type Rows interface {
	Row
	Next() bool
	Err() error
	Close() error
}
