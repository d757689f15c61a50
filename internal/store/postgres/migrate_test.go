package postgres

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/keywright/keywright/internal/store"
)

func TestSchemaVersionIsTheLastMigration(t *testing.T) {
	t.Parallel()
	entries, err := files.ReadDir("migrations")
	if err != nil || len(entries) != schemaVersion {
		t.Fatalf("%d migrations, the version is %d (%v)", len(entries), schemaVersion, err)
	}
}

func TestACommitIsMadeOrNotMadeOrUnknown(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		err     error
		unknown bool
	}{
		{"the server refused", &pgconn.PgError{Severity: "ERROR", Code: "40001"}, false},
		{"the server ended the session", &pgconn.PgError{Severity: "FATAL", Code: "57P01"}, true},
		{"the server rolled back", pgx.ErrTxCommitRollback, false},
		{"it was over before", pgx.ErrTxClosed, false},
		{"the connection broke", errors.New("unexpected EOF"), true},
		{"the caller gave up while it waited", context.Canceled, true},
	}
	for _, c := range cases {
		if err := committed(c.err); err == nil || errors.Is(err, store.ErrOutcomeUnknown) != c.unknown || !errors.Is(err, c.err) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := committed(nil); err != nil {
		t.Errorf("a commit that was made: %v", err)
	}
}
