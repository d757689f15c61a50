package store

import (
	"database/sql"
	"errors"
	"time"
)

// Engine implements the ports over a [Database]. Safe for concurrent use.
type Engine struct {
	db  Database
	now func() time.Time
}

// New makes an engine. now is the clock of events whose act names no time.
func New(db Database, now func() time.Time) *Engine { return &Engine{db: db, now: now} }

// absent says whether a Scan found no row.
func absent(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// each calls scan for every row and closes rows.
func each(rows Rows, err error, scan func(Row) error) error {
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // the error of a read that went wrong is in Err
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
