package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/store"
)

// database implements store.Database.
type database struct {
	texts    store.Texts
	pool     *pgxpool.Pool
	readOnly bool
	insert   func(context.Context, pgx.Tx, []jobs.Args) error
}

func (d *database) Reader() store.Conn { return conn{d.pool, d.texts} }

// FreshReads: a standby or a former primary may answer.
func (*database) FreshReads() bool { return false }

func (d *database) Snapshot(ctx context.Context, f func(store.Conn) error) error {
	// Repeatable read is the weakest level at which two statements see one snapshot.
	tx, err := d.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return explain(err)
	}
	defer rollback(ctx, tx)
	return explain(f(conn{tx, d.texts}))
}

func (d *database) Write(ctx context.Context, f func(store.Tx) error) error {
	if d.readOnly {
		return store.ErrReadOnly
	}
	on, err := d.pool.Acquire(ctx)
	if err != nil {
		return explain(err)
	}
	defer on.Release()
	// The level is said, since a server's default may be another: under REPEATABLE READ the second of two
	// revokers would fail instead of reading what the first one made.
	tx, err := on.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite})
	if err != nil {
		return explain(err)
	}
	defer rollback(ctx, tx)
	if err := f(writeTx{conn{tx, d.texts}, tx, d.insert}); err != nil {
		return explain(err)
	}
	return commit(ctx, tx, warnings(on.Conn()))
}

// commit commits. A warning means that the outcome is unknown: "canceling wait for synchronous replication" is one,
// after which the change is in this server and perhaps in no other, and the reply is that of a success.
func commit(ctx context.Context, tx pgx.Tx, warned *atomic.Int64) error {
	before := warned.Load()
	if err := committed(tx.Commit(ctx)); err != nil {
		return err
	}
	if warned.Load() != before {
		return fmt.Errorf("commit: %w (the server warned: it did not wait for its standby)", store.ErrOutcomeUnknown)
	}
	return nil
}

const warningsKey = "keywright warnings"

// countWarnings counts a connection's warnings, see commit.
func countWarnings(conn *pgconn.PgConn, notice *pgconn.Notice) {
	if counter, ok := conn.CustomData()[warningsKey].(*atomic.Int64); ok && notice.SeverityUnlocalized == "WARNING" {
		counter.Add(1)
	}
}

// warnings is the counter of a connection; durable put it there.
func warnings(conn *pgx.Conn) *atomic.Int64 {
	if counter, ok := conn.PgConn().CustomData()[warningsKey].(*atomic.Int64); ok {
		return counter
	}
	return new(atomic.Int64)
}

// rollback ends a transaction that was not committed, also when ctx is done: else the server would hold its locks
// until it notices that the connection is gone. After a commit it does nothing.
func rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	_ = tx.Rollback(ctx) // when it fails the connection is closed, which is a rollback
}

const rollbackTimeout = 5 * time.Second

// committed says what is known after a commit: made, not made, or neither.
func committed(err error) error {
	var from *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &from) && from.Severity == "ERROR",
		errors.Is(err, pgx.ErrTxCommitRollback), errors.Is(err, pgx.ErrTxClosed), pgconn.SafeToRetry(err):
		return fmt.Errorf("commit: %w", explain(err))
	}
	// Also when the server ended the session (severity FATAL): it may have done so between the commit and its reply.
	return fmt.Errorf("commit: %w (%w)", store.ErrOutcomeUnknown, err)
}

func (d *database) Time(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// statements is what *pgxpool.Pool and pgx.Tx have in common.
type statements interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
	Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
}

type conn struct {
	on    statements
	texts store.Texts
}

func (c conn) Query(ctx context.Context, q store.Query, args ...any) (store.Rows, error) {
	found, err := c.on.Query(ctx, c.texts[q], args...)
	if err != nil {
		return nil, explain(err)
	}
	return rows{found}, nil
}

func (c conn) QueryRow(ctx context.Context, q store.Query, args ...any) store.Row {
	return row{c.on.QueryRow(ctx, c.texts[q], args...)}
}

func (c conn) Exec(ctx context.Context, q store.Query, args ...any) (int64, error) {
	tag, err := c.on.Exec(ctx, c.texts[q], args...)
	return tag.RowsAffected(), explain(err)
}

type row struct{ row pgx.Row }

// Scan: pgx.ErrNoRows is an sql.ErrNoRows.
func (r row) Scan(dest ...any) error { return explain(r.row.Scan(dest...)) }

type rows struct{ pgx.Rows }

func (r rows) Err() error { return explain(r.Rows.Err()) }

func (r rows) Close() error {
	r.Rows.Close()
	return nil
}

type writeTx struct {
	conn
	tx     pgx.Tx
	insert func(context.Context, pgx.Tx, []jobs.Args) error
}

func (w writeTx) Insert(ctx context.Context, next []jobs.Args) error {
	if len(next) == 0 {
		return nil
	}
	if w.insert == nil {
		return store.ErrNoQueue
	}
	return w.insert(ctx, w.tx, next)
}
