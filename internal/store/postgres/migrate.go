package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/keywright/keywright/internal/store"
)

// schemaVersion is the number of the last migration. A test compares it with the files.
const schemaVersion = 3

const versionTable = "keywright_schema"

// migrationLock is the advisory lock of a migration, "KWstore" in ASCII.
const migrationLock int64 = 0x4b5773746f7265

// prepare looks at what stands in the database, and migrates it unless it is to be read only.
func prepare(ctx context.Context, pool *pgxpool.Pool, options Options) error {
	version, there, err := readVersion(ctx, pool)
	switch {
	case err != nil:
		return err
	case version > schemaVersion:
		return fmt.Errorf("%w: its schema is %d, this one knows %d", store.ErrNewerSchema, version, schemaVersion)
	case version == schemaVersion:
		return nil
	case !there && (options.ReadOnly || !options.Create):
		return store.ErrNoStore
	case options.ReadOnly:
		return store.ErrOlderSchema
	}
	return up(ctx, pool)
}

// readVersion: not there where no migration ever began.
func readVersion(ctx context.Context, pool *pgxpool.Pool) (version int64, there bool, err error) {
	const table = "SELECT to_regclass('" + versionTable + "') IS NOT NULL"
	if err := pool.QueryRow(ctx, table).Scan(&there); err != nil || !there {
		return 0, false, explain(err)
	}
	const last = "SELECT coalesce(max(version_id), 0) FROM " + versionTable + " WHERE is_applied"
	err = pool.QueryRow(ctx, last).Scan(&version)
	return version, true, explain(err)
}

func up(ctx context.Context, pool *pgxpool.Pool) (err error) {
	migrations, err := fs.Sub(files, "migrations")
	if err != nil {
		return err
	}
	// An advisory lock makes a second process wait, which then finds nothing to do. Tried every second, for a minute.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrationLock), lock.WithLockTimeout(1, 60))
	if err != nil {
		return fmt.Errorf("lock the migration: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { err = errors.Join(err, db.Close()) }() // the pool stays open
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations,
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true), goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", explain(err))
	}
	return nil
}
