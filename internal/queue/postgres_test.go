//go:build linux

package queue_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/queue"
	"github.com/keywright/keywright/internal/store/storetest/pgtest"
)

// server is one Postgres for all tests of the package.
var server = pgtest.New(nil)

func TestMain(m *testing.M) {
	code := server.Main(m)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func pool(t *testing.T) *pgxpool.Pool {
	t.Helper()
	p, err := pgxpool.New(t.Context(), server.Empty(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestPostgresTwoMigrateAtOnceAndJobsFollowTheirTransaction(t *testing.T) {
	t.Parallel()
	p := pool(t)
	failures := make(chan error, 2)
	for range 2 {
		go func() { failures <- queue.MigratePostgres(t.Context(), p) }()
	}
	for range 2 {
		if err := <-failures; err != nil {
			t.Fatal(err)
		}
	}
	put, err := queue.InsertPostgres()
	if err != nil {
		t.Fatal(err)
	}
	one := jobs.RevokeKey{IncidentID: "i", KeyID: "k"}
	ends := []struct {
		end  func(pgx.Tx) error
		want int
	}{
		{func(tx pgx.Tx) error { return tx.Rollback(t.Context()) }, 0},
		{func(tx pgx.Tx) error { return tx.Commit(t.Context()) }, 1},
		{func(tx pgx.Tx) error { return tx.Commit(t.Context()) }, 1}, // the same job again
	}
	for i, e := range ends {
		tx, err := p.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := put(t.Context(), tx, []jobs.Args{one, one}); err != nil {
			t.Fatal(err)
		}
		if err := e.end(tx); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := p.QueryRow(t.Context(), "SELECT count(*) FROM river_job").Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != e.want {
			t.Errorf("after transaction %d there are %d jobs, want %d", i, n, e.want)
		}
	}
	done := make(chan jobs.RevokeKey, 1)
	steps := queue.Steps{RevokeKey: func(_ context.Context, args jobs.RevokeKey) error { done <- args; return nil }}
	fill(t, &steps)
	q, err := queue.NewPostgres(p, steps, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got != one {
		t.Errorf("worked %+v", got)
	}
	if err := q.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
