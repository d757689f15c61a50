package config

import (
	"context"
	"database/sql"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/store"
	"github.com/keywright/keywright/internal/store/postgres"
	"github.com/keywright/keywright/internal/store/sqlite"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
	"github.com/keywright/keywright/issuer/lease"
	"github.com/keywright/keywright/webhook"
)

// Backend is an open store of either kind: *sqlite.Store or *postgres.Store.
type Backend interface {
	issuer.Store
	incident.Store
	audit.Log
	webhook.Inbox
	lease.Store
	// Delivery, RecordScan and Scan are what the webhook's steps need.
	Delivery(ctx context.Context, id webhook.DeliveryID) (webhook.Delivery, error)
	RecordScan(ctx context.Context, scan webhook.Scan, next ...jobs.Args) error
	Scan(ctx context.Context, id webhook.DeliveryID) (webhook.Scan, error)
	Identity(ctx context.Context) (store.Identity, error)
	Initialise(ctx context.Context, identity store.Identity, act issuer.Act) (created bool, err error)
	AddPepperChecks(ctx context.Context, checks map[int][32]byte) error
	// Notes are what a person should know about how the store was opened.
	Notes() []string
	Close() error
}

// Mode says how to open. The zero value opens for everything but jobs.
type Mode struct {
	ReadOnly bool
	// WithoutSecrets reads neither pepper nor signing key: for lists, and for a copy of the data.
	WithoutSecrets bool
	Now            func() time.Time // default time.Now
	// InsertSQLite and InsertPostgres add jobs in the transaction of the change that causes them, see
	// internal/queue. Without the one that the store needs, a change that causes jobs fails.
	InsertSQLite   func(context.Context, *sql.Tx, []jobs.Args) error
	InsertPostgres func(context.Context, pgx.Tx, []jobs.Args) error
}

func openBackend(ctx context.Context, paths Paths, mode Mode, create bool) (Backend, error) {
	// No typed nil: a failed Open must give a nil Backend.
	if paths.Postgres() {
		return opened(postgres.Open(ctx, paths.Store, postgres.Options{
			ReadOnly: mode.ReadOnly, Create: create, Now: mode.Now, Insert: mode.InsertPostgres,
		}))
	}
	return opened(sqlite.Open(ctx, paths.Store, sqlite.Options{
		ReadOnly: mode.ReadOnly, Create: create, Now: mode.Now, Insert: mode.InsertSQLite,
	}))
}

func opened[B Backend](backend B, err error) (Backend, error) {
	if err != nil {
		return nil, err
	}
	return backend, nil
}
