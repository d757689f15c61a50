package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/store"
)

// What one statement, one lock and one idle transaction may take, unless the address says otherwise.
const (
	DefaultLockTimeout      = 5 * time.Second
	DefaultStatementTimeout = 30 * time.Second
	DefaultIdleTimeout      = 30 * time.Second
	DefaultConnectTimeout   = 10 * time.Second
)

// Options say how to open. The zero value opens an existing store for reading and writing.
type Options struct {
	ReadOnly bool             // every change fails with ErrReadOnly
	Create   bool             // make the tables when there are none
	Now      func() time.Time // default time.Now
	// Insert adds jobs in the transaction of the change that causes them. Without it such a change fails with
	// ErrNoQueue.
	Insert func(context.Context, pgx.Tx, []jobs.Args) error
}

// Store is an open database. Safe for concurrent use.
type Store struct {
	*store.Engine
	db *database
}

// ErrAddress stands for a parse error, which could quote the address with its password.
var ErrAddress = errors.New("the address cannot be read: want postgres://user@host:port/database")

// Open opens the store at a postgres:// address, and migrates it unless ReadOnly.
//
// Errors: ErrAddress; ErrUnreachable; ErrNoStore where there are no tables and Create is off; ErrNotAStore where
// tables of something else are in the way; ErrNewerSchema, ErrOlderSchema, ErrLocked, ErrReadOnly.
func Open(ctx context.Context, address string, options Options) (*Store, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	config, err := poolConfig(address, options)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s, err := open(ctx, config, options)
	if err != nil {
		return nil, fmt.Errorf("open store at %s: %w", place(config), err)
	}
	return s, nil
}

// place names the database without its password.
func place(config *pgxpool.Config) string {
	c := config.ConnConfig
	return fmt.Sprintf("postgres %s:%d/%s", c.Host, c.Port, c.Database)
}

func open(ctx context.Context, config *pgxpool.Config, options Options) (*Store, error) {
	texts, err := loadTexts()
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	db := &database{texts: texts, pool: pool, readOnly: options.ReadOnly, insert: options.Insert}
	if err := prepare(ctx, pool, options); err != nil {
		pool.Close()
		return nil, err
	}
	return &Store{Engine: store.New(db, options.Now), db: db}, nil
}

func poolConfig(address string, options Options) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, ErrAddress
	}
	settings := map[string]string{
		"application_name":                    "keywright",
		"lock_timeout":                        milliseconds(DefaultLockTimeout),
		"statement_timeout":                   milliseconds(DefaultStatementTimeout),
		"idle_in_transaction_session_timeout": milliseconds(DefaultIdleTimeout),
	}
	if options.ReadOnly {
		settings["default_transaction_read_only"] = "on"
	}
	for name, value := range settings {
		if _, said := config.ConnConfig.RuntimeParams[name]; !said {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = DefaultConnectTimeout
	}
	config.AfterConnect = durable
	config.ConnConfig.OnNotice = countWarnings
	return config, nil
}

// durable makes a commit wait for the disk where the server's default would not. A stronger default stays.
func durable(ctx context.Context, conn *pgx.Conn) error {
	conn.PgConn().CustomData()[warningsKey] = new(atomic.Int64)
	_, err := conn.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', false)
		WHERE current_setting('synchronous_commit') = 'off'`)
	return err
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Close closes the connections. Twice: no error.
func (s *Store) Close() error {
	s.db.pool.Close()
	return nil
}

// Notes are what a person should know about how the store was opened.
func (*Store) Notes() []string { return nil }

// Pool is the connection pool, for the job queue to share.
func (s *Store) Pool() *pgxpool.Pool { return s.db.pool }
