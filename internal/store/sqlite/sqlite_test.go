package sqlite_test

import (
	"context"
	"database/sql"
	"flag"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/store/sqlite"
	"github.com/keywright/keywright/internal/store/storetest"
)

// TestMain makes the random histories fewer: each change waits for the disk. -rapid.checks overrides it.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "25"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		failing := new(storetest.Switch)
		s := open(t, filepath.Join(t.TempDir(), "keywright.db"), sqlite.Options{Create: true, Insert: inserter(failing)})
		exec(t, s.Writer(), "CREATE TABLE test_jobs (place INTEGER PRIMARY KEY, job TEXT NOT NULL)")
		return storetest.Backend{
			Keys: s, Incidents: s, Log: s, Identity: s, Deliveries: s, Failing: failing,
			Jobs: func(ctx context.Context) ([]string, error) { return committedJobs(ctx, s.Writer()) },
		}
	})
}

// inserter keeps jobs in a table of the test's, in the transaction that it is given.
func inserter(failing *storetest.Switch) func(context.Context, *sql.Tx, []jobs.Args) error {
	return func(ctx context.Context, tx *sql.Tx, next []jobs.Args) error {
		for _, job := range next {
			text, err := storetest.JobText(job)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO test_jobs (job) VALUES (?)", text); err != nil {
				return err
			}
		}
		return failing.Err()
	}
}

func committedJobs(ctx context.Context, db *sql.DB) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT job FROM test_jobs ORDER BY place")
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read errors are in Err
	var all []string
	for rows.Next() {
		var job string
		if err := rows.Scan(&job); err != nil {
			return nil, err
		}
		all = append(all, job)
	}
	return all, rows.Err()
}

func open(t *testing.T, path string, options sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func exec(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
