package queue

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"github.com/keywright/keywright/internal/jobs"
)

// maxAttempts is how often a job is tried before it is given up: with [retryCap] between tries, about a week.
const maxAttempts = 1000

// The queues. Effects have workers of their own, so that slow fetches never hold up a revocation.
const (
	queueScans   = "scans"
	queueEffects = "effects"
)

// unfinished are the states in which a job keeps a second one of the same arguments out. A finished job does
// not: an incident that is opened again is worked again, and the steps are idempotent.
var unfinished = []rivertype.JobState{ //nolint:gochecknoglobals // constant, River wants a slice
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
	rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// InsertSQLite returns the function that a SQLite store takes for its next jobs. The jobs are inserted by the
// given transaction and are gone when it rolls back. None: nothing is done. Concurrent: safe.
func InsertSQLite() (func(ctx context.Context, tx *sql.Tx, next []jobs.Args) error, error) {
	client, err := river.NewClient(riversqlite.New(nil), &river.Config{})
	if err != nil {
		return nil, fmt.Errorf("make the inserting client for SQLite: %w", err)
	}
	return func(ctx context.Context, tx *sql.Tx, next []jobs.Args) error {
		return insert(ctx, client, tx, next)
	}, nil
}

// InsertPostgres is [InsertSQLite] for Postgres.
func InsertPostgres() (func(ctx context.Context, tx pgx.Tx, next []jobs.Args) error, error) {
	client, err := river.NewClient(riverpgxv5.New(nil), &river.Config{})
	if err != nil {
		return nil, fmt.Errorf("make the inserting client for Postgres: %w", err)
	}
	return func(ctx context.Context, tx pgx.Tx, next []jobs.Args) error {
		return insert(ctx, client, tx, next)
	}, nil
}

func insert[Tx any](ctx context.Context, client *river.Client[Tx], tx Tx, next []jobs.Args) error {
	params := make([]river.InsertManyParams, 0, len(next))
	seen := make(map[jobs.Args]bool, len(next)) // River refuses a batch that holds one unique job twice
	for _, args := range next {
		if !seen[args] {
			seen[args] = true
			params = append(params, river.InsertManyParams{Args: args, InsertOpts: optsFor(args)})
		}
	}
	if len(params) == 0 {
		return nil
	}
	if _, err := client.InsertManyTx(ctx, tx, params); err != nil {
		return fmt.Errorf("insert %d jobs, the first %s: %w", len(params), params[0].Args.Kind(), err)
	}
	return nil
}

// optsFor says where and how urgently a kind is worked. A kind without a line here is an ordinary effect.
func optsFor(args jobs.Args) *river.InsertOpts {
	opts := &river.InsertOpts{
		MaxAttempts: maxAttempts,
		Queue:       queueEffects,
		Priority:    2,
		UniqueOpts:  river.UniqueOpts{ByArgs: true, ByState: unfinished},
	}
	switch args.(type) {
	case jobs.ScanPush:
		opts.Queue = queueScans
	case jobs.RevokeKey:
		opts.Priority = 1
	}
	return opts
}
