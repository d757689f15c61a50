//go:build linux

package postgres_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/store"
	"github.com/keywright/keywright/internal/store/postgres"
	"github.com/keywright/keywright/internal/store/storetest"
	"github.com/keywright/keywright/internal/store/storetest/pgtest"
	"github.com/keywright/keywright/issuer"
)

// server is one Postgres for all tests of the package; each test has a database of its own.
var server = pgtest.New(func(ctx context.Context, address string) error {
	s, err := postgres.Open(ctx, address, postgres.Options{Create: true})
	if err != nil {
		return err
	}
	return s.Close()
})

func TestMain(m *testing.M) {
	// Fewer random histories: the machine is shared. -rapid.checks overrides it.
	if err := flag.Set("rapid.checks", "25"); err != nil {
		panic(err)
	}
	os.Exit(server.Main(m))
}

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		failing := new(storetest.Switch)
		s := open(t, server.Database(t), postgres.Options{Insert: inserter(failing)})
		exec(t, s.Pool(), "CREATE TABLE test_jobs (place bigint GENERATED ALWAYS AS IDENTITY, job text NOT NULL)")
		return storetest.Backend{
			Keys: s, Incidents: s, Log: s, Identity: s, Deliveries: s, Failing: failing,
			Jobs: func(ctx context.Context) ([]string, error) { return committedJobs(ctx, s.Pool()) },
		}
	})
}

// inserter keeps jobs in a table of the test's, in the transaction that it is given.
func inserter(failing *storetest.Switch) func(context.Context, pgx.Tx, []jobs.Args) error {
	return func(ctx context.Context, tx pgx.Tx, next []jobs.Args) error {
		for _, job := range next {
			text, err := storetest.JobText(job)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, "INSERT INTO test_jobs (job) VALUES ($1)", text); err != nil {
				return err
			}
		}
		return failing.Err()
	}
}

func committedJobs(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	rows, err := pool.Query(ctx, "SELECT job FROM test_jobs ORDER BY place")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func open(t *testing.T, address string, options postgres.Options) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), address, options)
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

func exec(t *testing.T, pool *pgxpool.Pool, statement string) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestWhatCannotBeOpenedSaysWhatToDo(t *testing.T) {
	t.Parallel()
	migrated := func(statement string) func(*testing.T) string {
		return func(t *testing.T) string {
			address := server.Database(t)
			exec(t, open(t, address, postgres.Options{}).Pool(), statement)
			return address
		}
	}
	cases := []struct {
		name    string
		address func(*testing.T) string
		options postgres.Options
		want    error
	}{
		{"no tables", server.Empty, postgres.Options{}, store.ErrNoStore},
		{"no tables, to be read", server.Empty, postgres.Options{ReadOnly: true, Create: true}, store.ErrNoStore},
		{"a newer schema", migrated("INSERT INTO keywright_schema (version_id, is_applied) VALUES (999, true)"), postgres.Options{}, store.ErrNewerSchema},
		{"an older schema, to be read", migrated("DELETE FROM keywright_schema WHERE version_id > 1"), postgres.Options{ReadOnly: true}, store.ErrOlderSchema},
		{"tables of something else", func(t *testing.T) string {
			address := server.Empty(t)
			conn, err := pgx.Connect(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			_, err = conn.Exec(t.Context(), "CREATE TABLE keys (note text)")
			if err := errors.Join(err, conn.Close(t.Context())); err != nil {
				t.Fatal(err)
			}
			return address
		}, postgres.Options{Create: true}, store.ErrNotAStore},
		{"no server", func(*testing.T) string { return "postgres://kw:hunter2@127.0.0.1:1/keys" }, postgres.Options{}, store.ErrUnreachable},
		{"no address", func(*testing.T) string { return "postgres://kw:hunter2@[x/keys" }, postgres.Options{}, postgres.ErrAddress},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, err := postgres.Open(t.Context(), c.address(t), c.options)
			if s != nil || !errors.Is(err, c.want) {
				t.Fatalf("err = %v, want %v", err, c.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestManyMayMigrateAtOnceAndTwice(t *testing.T) {
	t.Parallel()
	address := server.Empty(t)
	const processes = 4
	errs := make([]error, processes)
	var all sync.WaitGroup
	for i := range processes {
		all.Go(func() {
			s, err := postgres.Open(t.Context(), address, postgres.Options{Create: true})
			if err == nil {
				err = s.Close()
			}
			errs[i] = err
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, address, postgres.Options{}).Families(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAReadOnlyStoreReadsAndRefusesChanges(t *testing.T) {
	t.Parallel()
	s := open(t, server.Database(t), postgres.Options{ReadOnly: true})
	if _, err := s.Families(t.Context()); err != nil {
		t.Error(err)
	}
	err := s.CreateFamily(t.Context(), issuer.Family{Prefix: "acme"}, issuer.Act{Actor: "test"})
	if !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("err = %v", err)
	}
	if _, err := s.Pool().Exec(t.Context(), "DELETE FROM families"); err == nil {
		t.Error("the connection itself can write")
	}
}

func TestALockThatIsHeldTooLongIsSaid(t *testing.T) {
	t.Parallel()
	address := server.Database(t)
	s := open(t, address+"&lock_timeout=50", postgres.Options{})
	other := open(t, address, postgres.Options{})
	tx, err := other.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background()) //nolint:errcheck // it held the lock, that is all
	if _, err := tx.Exec(t.Context(), "SELECT * FROM epoch FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	err = s.CreateFamily(t.Context(), issuer.Family{Prefix: "acme"}, issuer.Act{Actor: "test"})
	if !errors.Is(err, store.ErrLocked) {
		t.Errorf("err = %v", err)
	}
}

func TestAChangeWithJobsNeedsAQueue(t *testing.T) {
	t.Parallel()
	s := open(t, server.Database(t), postgres.Options{})
	act := issuer.Act{Actor: "test"}
	if err := s.CreateFamily(t.Context(), issuer.Family{Prefix: "acme"}, act); err != nil {
		t.Fatal(err)
	}
	key := issuer.Key{ID: "abcdefghijkl", Family: "acme", Owner: "alice", Status: issuer.StatusActive}
	if err := s.CreateKey(t.Context(), key, act, jobs.NotifyOwner{}); !errors.Is(err, store.ErrNoQueue) {
		t.Errorf("err = %v", err)
	}
}

func TestChangesWaitForTheDiskAndEndInTime(t *testing.T) {
	t.Parallel()
	s := open(t, server.Database(t), postgres.Options{})
	// The server's own default for the first is off.
	for setting, want := range map[string]string{
		"synchronous_commit": "on", "lock_timeout": "5s", "statement_timeout": "30s", "idle_in_transaction_session_timeout": "30s",
	} {
		var got string
		if err := s.Pool().QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %s, want %s (%v)", setting, got, want, err)
		}
	}
}

func TestACommitOnABrokenConnectionIsNeverSuccess(t *testing.T) {
	t.Parallel()
	address := server.Database(t)
	killer := open(t, address, postgres.Options{})
	// The job is the last statement before the commit: the session is ended behind its back there.
	s := open(t, address, postgres.Options{Insert: func(ctx context.Context, tx pgx.Tx, _ []jobs.Args) error {
		var pid int
		if err := tx.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			return err
		}
		_, err := killer.Pool().Exec(ctx, "SELECT pg_terminate_backend($1, 5000)", pid)
		return err
	}})
	act := issuer.Act{Actor: "test"}
	if err := s.CreateFamily(t.Context(), issuer.Family{Prefix: "acme"}, act); err != nil {
		t.Fatal(err)
	}
	key := issuer.Key{ID: "abcdefghijkl", Family: "acme", Owner: "alice", Status: issuer.StatusActive}
	err := s.CreateKey(t.Context(), key, act, jobs.NotifyOwner{})
	// Which error depends on what is noticed first: that nothing could be sent (not made), or that no answer came
	// (unknown). TestACommitIsMadeOrNotMadeOrUnknown has both.
	if err == nil || !strings.Contains(err.Error(), "commit: ") {
		t.Errorf("err = %v", err)
	}
	if _, err := killer.Key(t.Context(), key.ID); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("the key is there: %v", err)
	}
}

func TestACancelledChangeGivesItsLocksBack(t *testing.T) {
	t.Parallel()
	address := server.Database(t)
	ctx, cancel := context.WithCancel(t.Context())
	s := open(t, address, postgres.Options{Insert: func(ctx context.Context, _ pgx.Tx, _ []jobs.Args) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}})
	act := issuer.Act{Actor: "test"}
	if err := s.CreateFamily(t.Context(), issuer.Family{Prefix: "acme"}, act); err != nil {
		t.Fatal(err)
	}
	key := issuer.Key{ID: "abcdefghijkl", Family: "acme", Owner: "alice", Status: issuer.StatusActive, CreatedAt: time.Now()}
	if err := s.CreateKey(ctx, key, act, jobs.NotifyOwner{}); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	if err := open(t, address+"&lock_timeout=2000", postgres.Options{}).CreateKey(t.Context(), key, act); err != nil {
		t.Errorf("the same change afterwards: %v", err)
	}
}

func TestTheSchemaItselfRefuses(t *testing.T) {
	t.Parallel()
	s := open(t, server.Database(t), postgres.Options{})
	act := issuer.Act{Actor: "test"}
	if err := s.CreateFamily(t.Context(), issuer.Family{Prefix: "acme"}, act); err != nil {
		t.Fatal(err)
	}
	key := issuer.Key{ID: "abcdefghijkl", Family: "acme", Owner: "alice", Status: issuer.StatusActive}
	if err := s.CreateKey(t.Context(), key, act); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Revoke(t.Context(), issuer.Revocation{Key: key.ID, Act: act}); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ name, statement, want string }{
		{"a revoked key made active", "UPDATE keys SET status = 'active', revoked_at = NULL, changed_seq = 99", "sequence"},
		{"a revoked key made active with a right sequence", "UPDATE epoch SET seq = 99; UPDATE keys SET status = 'active', revoked_at = NULL, changed_seq = 99", "final"},
		{"a scope without a sequence", "UPDATE keys SET scopes = 'x'", "sequence"},
		{"a family with keys deleted", "DELETE FROM families", "foreign key"},
		{"a second epoch", "INSERT INTO epoch (one, seq, events) VALUES (2, 0, 0)", "check"},
	}
	for _, c := range cases {
		_, err := s.Pool().Exec(t.Context(), c.statement)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
