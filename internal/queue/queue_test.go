package queue_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/queue"
	"github.com/keywright/keywright/internal/store/sqlite"
)

// open makes an empty store with River's tables.
func open(t *testing.T) *sql.DB {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "keywright.db"), sqlite.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	for range 2 { // twice: the second does nothing
		if err := queue.MigrateSQLite(t.Context(), store.Writer()); err != nil {
			t.Fatal(err)
		}
	}
	return store.Writer()
}

// insert inserts jobs in a transaction and ends it as told.
func insert(t *testing.T, db *sql.DB, end func(*sql.Tx) error, next ...jobs.Args) {
	t.Helper()
	put, err := queue.InsertSQLite()
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := put(t.Context(), tx, next); err != nil {
		_ = tx.Rollback()
		t.Fatal(err)
	}
	if err := end(tx); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM river_job").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// work starts a queue with these steps and stops it with the test. Steps not given are refused by the test.
func work(t *testing.T, db *sql.DB, steps queue.Steps) {
	t.Helper()
	fill(t, &steps)
	q, err := queue.NewSQLite(db, steps, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Stop(context.Background()); err != nil { //nolint:usetesting // the test's context ended
			t.Error(err)
		}
	})
}

func fill(t *testing.T, s *queue.Steps) {
	set(t, &s.ScanPush)
	set(t, &s.VerifyIncident)
	set(t, &s.RevokeKey)
	set(t, &s.NotifyOwner)
	set(t, &s.ConcludeCheck)
}

func set[T jobs.Args](t *testing.T, step *func(context.Context, T) error) {
	if *step == nil {
		*step = func(_ context.Context, args T) error {
			t.Errorf("job %s was not expected", args.Kind())
			return nil
		}
	}
}

func TestJobExistsIfAndOnlyIfItsTransactionCommitted(t *testing.T) {
	t.Parallel()
	db := open(t)
	insert(t, db, (*sql.Tx).Rollback, jobs.ScanPush{DeliveryID: "a"})
	if n := count(t, db); n != 0 {
		t.Errorf("%d jobs after a rollback", n)
	}
	insert(t, db, (*sql.Tx).Commit, jobs.ScanPush{DeliveryID: "a"}, jobs.NotifyOwner{IncidentID: "i"})
	if n := count(t, db); n != 2 {
		t.Errorf("%d jobs after a commit, want 2", n)
	}
}

func TestUnfinishedJobsAreUniqueByTheirArguments(t *testing.T) {
	t.Parallel()
	db := open(t)
	one := jobs.RevokeKey{IncidentID: "i", KeyID: "k"}
	insert(t, db, (*sql.Tx).Commit, one, one)
	insert(t, db, (*sql.Tx).Commit, one)
	insert(t, db, (*sql.Tx).Commit, jobs.RevokeKey{IncidentID: "i", KeyID: "K"})
	insert(t, db, (*sql.Tx).Commit)
	if n := count(t, db); n != 2 {
		t.Errorf("%d jobs, want 2", n)
	}
}

func TestEachKindReachesItsStep(t *testing.T) {
	t.Parallel()
	db, got := open(t), make(chan jobs.Args, 5)
	work(t, db, queue.Steps{
		ScanPush:       func(_ context.Context, a jobs.ScanPush) error { got <- a; return nil },
		VerifyIncident: func(_ context.Context, a jobs.VerifyIncident) error { got <- a; return nil },
		RevokeKey:      func(_ context.Context, a jobs.RevokeKey) error { got <- a; return nil },
		NotifyOwner:    func(_ context.Context, a jobs.NotifyOwner) error { got <- a; return nil },
		ConcludeCheck:  func(_ context.Context, a jobs.ConcludeCheck) error { got <- a; return nil },
	})
	want := []jobs.Args{
		jobs.ScanPush{DeliveryID: "d"}, jobs.VerifyIncident{IncidentID: "i"}, jobs.RevokeKey{IncidentID: "i", KeyID: "k"},
		jobs.NotifyOwner{IncidentID: "i"}, jobs.ConcludeCheck{DeliveryID: "d"},
	}
	insert(t, db, (*sql.Tx).Commit, want...)
	seen := map[jobs.Args]bool{}
	for range want {
		seen[<-got] = true
	}
	for _, args := range want {
		if !seen[args] {
			t.Errorf("job %+v reached no step", args)
		}
	}
}

func TestFailedStepIsTriedAgain(t *testing.T) {
	t.Parallel()
	db, done := open(t), make(chan struct{})
	var calls atomic.Int32
	work(t, db, queue.Steps{ScanPush: func(context.Context, jobs.ScanPush) error {
		if calls.Add(1) == 1 {
			return errors.New("the first try fails")
		}
		close(done)
		return nil
	}})
	insert(t, db, (*sql.Tx).Commit, jobs.ScanPush{DeliveryID: "d"})
	<-done
}

// hopeless is an error that no later try can mend.
type hopeless struct{}

func (hopeless) Error() string   { return "hopeless" }
func (hopeless) Permanent() bool { return true }

func TestPermanentErrorCancelsTheJob(t *testing.T) {
	t.Parallel()
	db, next := open(t), make(chan struct{}, 1)
	work(t, db, queue.Steps{
		ScanPush:      func(context.Context, jobs.ScanPush) error { return hopeless{} },
		ConcludeCheck: func(context.Context, jobs.ConcludeCheck) error { next <- struct{}{}; return nil },
	})
	insert(t, db, (*sql.Tx).Commit, jobs.ScanPush{DeliveryID: "d"})
	turn := 0
	for state := ""; state != "cancelled"; turn++ {
		// Every turn waits for a job to be worked, so this does not spin. Each has arguments of its own: the
		// one before may not be marked as finished yet.
		insert(t, db, (*sql.Tx).Commit, jobs.ConcludeCheck{DeliveryID: strconv.Itoa(turn)})
		<-next
		row := db.QueryRowContext(t.Context(), "SELECT state FROM river_job WHERE kind = 'scan_push'")
		if err := row.Scan(&state); err != nil {
			t.Fatal(err)
		}
		if state == "retryable" {
			t.Fatal("the job waits for another try")
		}
	}
}

func TestQueueWithoutAStepIsNotMade(t *testing.T) {
	t.Parallel()
	if q, err := queue.NewSQLite(open(t), queue.Steps{}, queue.Options{}); err == nil || q != nil {
		t.Errorf("NewSQLite = %v, %v; want an error", q, err)
	}
}

// soon is an error that asks to be called again.
type soon struct{}

func (soon) Error() string             { return "not yet" }
func (soon) RetryAfter() time.Duration { return time.Millisecond }

func TestStepThatAsksToWaitIsCalledAgainWithoutAFailure(t *testing.T) {
	t.Parallel()
	db, done := open(t), make(chan struct{})
	var calls atomic.Int32
	work(t, db, queue.Steps{ConcludeCheck: func(context.Context, jobs.ConcludeCheck) error {
		if calls.Add(1) == 1 {
			return soon{}
		}
		close(done)
		return nil
	}})
	insert(t, db, (*sql.Tx).Commit, jobs.ConcludeCheck{DeliveryID: "d"})
	<-done
	var failures int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM river_job WHERE errors IS NOT NULL AND json_array_length(errors) > 0").Scan(&failures); err != nil {
		t.Fatal(err)
	}
	if failures != 0 {
		t.Errorf("%d jobs have failures", failures)
	}
}
