package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/store"
)

// database implements store.Database. SQLite has one writer, so the write pool has one connection and waits for
// its turn there; BEGIN IMMEDIATE waits for other processes.
type database struct {
	texts  store.Texts
	write  *sql.DB
	read   *sql.DB
	insert func(context.Context, *sql.Tx, []jobs.Args) error
}

func (d *database) Reader() store.Conn { return conn{d.read, d.texts} }

// FreshReads: there is one file.
func (*database) FreshReads() bool { return true }

func (d *database) Snapshot(ctx context.Context, f func(store.Conn) error) error {
	tx, err := d.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return explain(err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	return explain(f(conn{tx, d.texts}))
}

func (d *database) Write(ctx context.Context, f func(store.Tx) error) error {
	if d.write == nil {
		return store.ErrReadOnly
	}
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return explain(err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if err := f(writeTx{conn{tx, d.texts}, tx, d.insert}); err != nil {
		return explain(err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", explain(err))
	}
	return nil
}

func (d *database) Time(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// statements is what *sql.DB and *sql.Tx have in common.
type statements interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

type conn struct {
	on    statements
	texts store.Texts
}

func (c conn) Query(ctx context.Context, q store.Query, args ...any) (store.Rows, error) {
	rows, err := c.on.QueryContext(ctx, c.texts[q], args...) //nolint:rowserrcheck // the caller reads Err
	if err != nil {
		return nil, explain(err)
	}
	return rows, nil
}

func (c conn) QueryRow(ctx context.Context, q store.Query, args ...any) store.Row {
	return row{c.on.QueryRowContext(ctx, c.texts[q], args...)}
}

func (c conn) Exec(ctx context.Context, q store.Query, args ...any) (int64, error) {
	result, err := c.on.ExecContext(ctx, c.texts[q], args...)
	if err != nil {
		return 0, explain(err)
	}
	return result.RowsAffected()
}

type row struct{ row *sql.Row }

func (r row) Scan(dest ...any) error { return explain(r.row.Scan(dest...)) }

type writeTx struct {
	conn
	tx     *sql.Tx
	insert func(context.Context, *sql.Tx, []jobs.Args) error
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

// explain joins the sentinel that says what to do to what SQLite said.
func explain(err error) error {
	var reason error
	switch resultCode(err) {
	case codeBusy, codeLocked:
		reason = store.ErrLocked
	case codeReadOnly:
		reason = store.ErrReadOnly
	case codeNotADatabase:
		reason = store.ErrNotAStore
	case codeCorrupt:
		reason = store.ErrDamaged
	default:
		return err
	}
	if errors.Is(err, reason) {
		return err
	}
	return fmt.Errorf("%w (%w)", reason, err)
}
