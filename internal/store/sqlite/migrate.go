package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/keywright/keywright/internal/store"
)

// applicationID marks a file of ours, "KWrt" (https://www.sqlite.org/pragma.html#pragma_application_id).
const applicationID = 0x4b577274

// schemaVersion is the number of the last migration. A test compares it with the files.
const schemaVersion = 3

const versionTable = "schema_version"

// condition is what stands in a file.
type condition struct {
	empty   bool  // no tables, nobody's mark
	version int64 // of the schema
}

func latest() condition { return condition{version: schemaVersion} }

// inspect reads what the file is. ErrNotAStore for a file of something else.
func inspect(ctx context.Context, db *sql.DB) (condition, error) {
	var mark, tables int64
	const look = "SELECT (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)"
	if err := db.QueryRowContext(ctx, look).Scan(&mark, &tables); err != nil {
		return condition{}, explain(err)
	}
	if mark != applicationID {
		if mark == 0 && tables == 0 {
			return condition{empty: true}, nil
		}
		return condition{}, store.ErrNotAStore
	}
	version, err := readVersion(ctx, db)
	return condition{version: version}, err
}

// readVersion is 0 for a file whose maker was stopped before its first migration.
func readVersion(ctx context.Context, db *sql.DB) (int64, error) {
	var tables, version int64
	const there = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '" + versionTable + "'"
	if err := db.QueryRowContext(ctx, there).Scan(&tables); err != nil || tables == 0 {
		return 0, explain(err)
	}
	const last = "SELECT coalesce(max(version_id), 0) FROM " + versionTable + " WHERE is_applied"
	err := db.QueryRowContext(ctx, last).Scan(&version)
	return version, explain(err)
}

// readable says whether the file can be used without writing to it.
func (c condition) readable() error {
	switch {
	case c.empty:
		return store.ErrNoStore
	case c.version > schemaVersion:
		return newer(c.version)
	case c.version < schemaVersion:
		return store.ErrOlderSchema
	}
	return nil
}

func (c condition) usable(create bool) error {
	switch {
	case c.empty && !create:
		return store.ErrNoStore
	case c.version > schemaVersion:
		return newer(c.version)
	}
	return nil
}

func newer(version int64) error {
	return fmt.Errorf("%w: its schema is %d, this one knows %d", store.ErrNewerSchema, version, schemaVersion)
}

// migrate brings the file to the latest schema. A lock beside the file makes a second process wait, which then
// finds nothing to do.
func migrate(ctx context.Context, path string, db *database, options Options) error {
	unlock, err := lockFile(ctx, path+".lock", options.BusyTimeout)
	if err != nil {
		return err
	}
	err = migrateLocked(ctx, db)
	return errors.Join(err, unlock())
}

func migrateLocked(ctx context.Context, db *database) error {
	current, err := inspect(ctx, db.read)
	if err != nil {
		return err
	}
	if err := current.usable(true); err != nil {
		return err
	}
	if current.empty {
		// First, so that a file whose maker is stopped here is known as ours.
		mark := fmt.Sprintf("PRAGMA application_id = %d", applicationID)
		if _, err := db.write.ExecContext(ctx, mark); err != nil {
			return explain(err)
		}
	}
	return up(ctx, db.write)
}

func up(ctx context.Context, db *sql.DB) error {
	migrations, err := fs.Sub(files, "migrations")
	if err != nil {
		return err
	}
	// The provider is not closed: that would close db.
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, migrations,
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", explain(err))
	}
	return nil
}
