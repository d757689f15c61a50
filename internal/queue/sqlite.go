package queue

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// OpenSQLite opens the store's file for River: one connection, since SQLite has one writer, and transactions
// that take the write lock at once, since a reader that becomes a writer fails instead of waiting.
// The file must exist: making it is the store's work, which also sets its mode.
func OpenSQLite(ctx context.Context, path string) (*sql.DB, error) {
	query := url.Values{
		"mode":    {"rw"},
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"},
	}
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", file.String())
	if err != nil {
		return nil, fmt.Errorf("open the queue in %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open the queue in %s: %w", path, err)
	}
	return db, nil
}
