package queue

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// migrationLock is the key of the advisory lock that keeps two processes from migrating at once: "KWqueue" in
// ASCII, so that it is nobody else's by accident.
const migrationLock int64 = 0x4b577175657565

// MigrateSQLite makes or updates River's tables. Twice: nothing is done. db is the store's writing connection.
func MigrateSQLite(ctx context.Context, db *sql.DB) error {
	return migrate(ctx, riversqlite.New(db))
}

// MigratePostgres makes or updates River's tables under an advisory lock. Twice: nothing is done.
func MigratePostgres(ctx context.Context, pool *pgxpool.Pool) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("lock the queue's migration: %w", err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		return fmt.Errorf("lock the queue's migration: %w", err)
	}
	defer unlock(context.WithoutCancel(ctx), conn.Conn())
	return migrate(ctx, riverpgxv5.New(pool))
}

// unlock gives the advisory lock back. When that fails, the connection goes, and the lock with it.
func unlock(ctx context.Context, conn *pgx.Conn) {
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", migrationLock); err != nil {
		_ = conn.Close(ctx)
	}
}

func migrate[Tx any](ctx context.Context, driver riverdriver.Driver[Tx]) error {
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		return fmt.Errorf("make the queue's migrator: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the queue's tables: %w", err)
	}
	return nil
}
