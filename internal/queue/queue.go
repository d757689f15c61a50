package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"github.com/keywright/keywright/internal/jobs"
)

const (
	// JobTimeout is the longest that one call of a step may take.
	JobTimeout = 20 * time.Second
	// RescueAfter is when a job whose worker went silent is given to another. River's default hour would leave
	// a leaked key alive for that long.
	RescueAfter = 25 * time.Second
)

const (
	pollInterval  = 200 * time.Millisecond // fallback where a notification was lost; SQLite's are polled too
	fetchCooldown = 20 * time.Millisecond
	stopTimeout   = JobTimeout + 5*time.Second
)

// Steps are the workers, by kind of job. All are required: a kind without a worker would fail for ever.
//
// A step's error is tried again later, unless it has the method Permanent() bool and that says true: then the
// job is cancelled and stays on the job page. One with the method RetryAfter() time.Duration is no failure: the job
// is put off for that long, without counting as a try.
type Steps struct {
	ScanPush       func(context.Context, jobs.ScanPush) error
	VerifyIncident func(context.Context, jobs.VerifyIncident) error
	RevokeKey      func(context.Context, jobs.RevokeKey) error
	NotifyOwner    func(context.Context, jobs.NotifyOwner) error
	ConcludeCheck  func(context.Context, jobs.ConcludeCheck) error
}

// Options says how much is worked at once.
type Options struct {
	Scans   int          // scans at once; 0 means 4
	Effects int          // effects at once; 0 means 4
	Log     *slog.Logger // nil means none
}

// Queue works jobs. Made by [NewSQLite] or [NewPostgres].
type Queue struct {
	start func(context.Context) error
	stop  func(context.Context) error
}

// NewSQLite makes a queue over a store's one writing connection, which it shares: SQLite has one writer, and two
// connections would wait for each other's locks. One process at a time may work it.
func NewSQLite(db *sql.DB, steps Steps, o Options) (*Queue, error) {
	return build(riversqlite.New(db), steps, o)
}

// NewPostgres makes a queue over a pool. Any number of processes may work it.
func NewPostgres(pool *pgxpool.Pool, steps Steps, o Options) (*Queue, error) {
	return build(riverpgxv5.New(pool), steps, o)
}

// Start begins to work and returns. A cancelled ctx does not stop the workers; Stop does, so that running
// steps can finish.
func (q *Queue) Start(ctx context.Context) error {
	if err := q.start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start the queue: %w", err)
	}
	return nil
}

// Stop fetches nothing more and waits for the running steps, at most until ctx ends or [JobTimeout] passed.
// A step that was cut off is tried again by the next process.
func (q *Queue) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	if err := q.stop(ctx); err != nil {
		return fmt.Errorf("stop the queue: %w", err)
	}
	return nil
}

func build[Tx any](driver riverdriver.Driver[Tx], steps Steps, o Options) (*Queue, error) {
	workers := river.NewWorkers()
	err := errors.Join(
		add(workers, steps.ScanPush),
		add(workers, steps.VerifyIncident),
		add(workers, steps.RevokeKey),
		add(workers, steps.NotifyOwner),
		add(workers, steps.ConcludeCheck),
	)
	if err != nil {
		return nil, fmt.Errorf("make the queue: %w", err)
	}
	client, err := river.NewClient(driver, config(workers, o))
	if err != nil {
		return nil, fmt.Errorf("make the queue: %w", err)
	}
	return &Queue{start: client.Start, stop: client.Stop}, nil
}

func config(workers *river.Workers, o Options) *river.Config {
	if o.Scans == 0 {
		o.Scans = 4
	}
	if o.Effects == 0 {
		o.Effects = 4
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &river.Config{
		Workers: workers,
		Queues: map[string]river.QueueConfig{
			queueScans:   {MaxWorkers: o.Scans},
			queueEffects: {MaxWorkers: o.Effects},
		},
		JobTimeout:           JobTimeout,
		RescueStuckJobsAfter: RescueAfter,
		FetchPollInterval:    pollInterval,
		FetchCooldown:        fetchCooldown,
		RetryPolicy:          backoff{},
		Logger:               o.Log,
	}
}

func add[T river.JobArgs](workers *river.Workers, step func(context.Context, T) error) error {
	if step == nil {
		var args T
		return fmt.Errorf("no step for the jobs %s", args.Kind())
	}
	return river.AddWorkerSafely(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[T]) error {
		return told(step(ctx, job.Args))
	}))
}

// told translates a step's error into River's.
func told(err error) error {
	var permanent interface{ Permanent() bool }
	if errors.As(err, &permanent) && permanent.Permanent() {
		return river.JobCancel(err)
	}
	var later interface{ RetryAfter() time.Duration }
	if errors.As(err, &later) {
		return river.JobSnooze(max(later.RetryAfter(), 0))
	}
	return err
}

// The waits between tries.
const (
	retryFirst = time.Second
	retryCap   = 10 * time.Minute
)

// backoff doubles from [retryFirst] to [retryCap], with up to a quarter more that differs per job so that an
// outage's jobs do not all come back at once.
type backoff struct{}

// NextRetry implements River's retry policy.
func (backoff) NextRetry(job *rivertype.JobRow) time.Time {
	tried := len(job.Errors) + 1
	wait := retryCap
	if tried < 11 { // 1 s << 10 is over the cap already
		wait = min(retryFirst<<(tried-1), retryCap)
	}
	spread := time.Duration(job.ID%16) * wait / 64
	return time.Now().UTC().Add(wait + spread)
}
