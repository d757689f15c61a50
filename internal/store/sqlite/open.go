package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/store"
)

// DefaultBusyTimeout is how long a change waits for another process.
const DefaultBusyTimeout = 5 * time.Second

// maxReaders is how many reads run at once.
const maxReaders = 4

// Options say how to open. The zero value opens an existing store for reading and writing.
type Options struct {
	ReadOnly    bool // every change fails with ErrReadOnly
	Create      bool // make the file, and its folder, when there is none
	BusyTimeout time.Duration
	Now         func() time.Time // default time.Now
	// Insert adds jobs in the transaction of the change that causes them. Without it such a change fails with
	// ErrNoQueue.
	Insert func(context.Context, *sql.Tx, []jobs.Args) error
}

// Store is an open file. Safe for concurrent use.
type Store struct {
	*store.Engine
	db    *database
	notes []string
}

// Open opens the store at path, and migrates it unless ReadOnly.
//
// Errors: ErrNoStore when there is no file, or an empty one, and Create is off; ErrNotAStore for anything else
// that stands there; ErrNewerSchema, ErrOlderSchema, ErrLocked, ErrReadOnly.
func Open(ctx context.Context, path string, options Options) (*Store, error) {
	s, err := open(ctx, path, options.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.BusyTimeout == 0 {
		o.BusyTimeout = DefaultBusyTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func open(ctx context.Context, path string, options Options) (*Store, error) {
	texts, err := loadTexts()
	if err != nil {
		return nil, err
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	notes, err := prepareFile(path, options)
	if err != nil {
		return nil, err
	}
	db := &database{texts: texts, insert: options.Insert}
	s := &Store{Engine: store.New(db, options.Now), db: db, notes: notes}
	if err := s.connect(ctx, path, options); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) connect(ctx context.Context, path string, options Options) error {
	var err error
	s.db.read, err = pool(path, readerPragmas(options), maxReaders)
	if err != nil {
		return err
	}
	// Looked at before the writer connects: only connecting for writing changes anything in the file.
	current, err := inspect(ctx, s.db.read)
	if err != nil {
		return err
	}
	if options.ReadOnly {
		return current.readable()
	}
	if err := current.usable(options.Create); err != nil {
		return err
	}
	s.db.write, err = pool(path, writerPragmas(options), 1)
	if err != nil {
		return err
	}
	if current == latest() {
		return nil
	}
	return migrate(ctx, path, s.db, options)
}

// Close closes the file. Twice: no error.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.db.read, s.db.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Notes are what a person should know about how the store was opened.
func (s *Store) Notes() []string { return s.notes }

// Writer is the one writing connection, for the job queue to share; nil when the store is read-only.
func (s *Store) Writer() *sql.DB { return s.db.write }

func pool(path string, query url.Values, connections int) (*sql.DB, error) {
	// As a URI, so that a "?" or "%" in the path is part of the path.
	name := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + query.Encode()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

func readerPragmas(options Options) url.Values {
	return url.Values{
		"mode":    {"ro"},
		"_pragma": {busy(options), "query_only(on)"},
	}
}

// writerPragmas: FULL, since NORMAL loses an acknowledged revocation when the power fails.
func writerPragmas(options Options) url.Values {
	return url.Values{
		"mode":    {"rw"},
		"_txlock": {"immediate"},
		"_pragma": {busy(options), "journal_mode(wal)", "synchronous(full)", "foreign_keys(on)"},
	}
}

func busy(options Options) string {
	return "busy_timeout(" + strconv.FormatInt(max(options.BusyTimeout.Milliseconds(), 1), 10) + ")"
}
