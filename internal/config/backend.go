package config

import (
	"context"
	"database/sql"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/store"
	"github.com/keywright/keywright/internal/store/sqlite"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
)

// Backend is an open store of either kind: *sqlite.Store or *postgres.Store.
type Backend interface {
	issuer.Store
	incident.Store
	audit.Log
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
	// InsertSQLite adds jobs in the transaction of the change that causes them, see internal/queue.
	InsertSQLite func(context.Context, *sql.Tx, []jobs.Args) error
}

func openBackend(ctx context.Context, paths Paths, mode Mode, create bool) (Backend, error) {
	return sqlite.Open(ctx, paths.Store, sqlite.Options{
		ReadOnly: mode.ReadOnly, Create: create, Now: mode.Now, Insert: mode.InsertSQLite,
	})
}
