package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/keywright/keywright/internal/store"
)

// SQLSTATE codes, https://www.postgresql.org/docs/15/errcodes-appendix.html, read 2026-11-24.
const (
	codeReadOnly       = "25006" // read_only_sql_transaction
	codeLockTimeout    = "55P03" // lock_not_available
	codeDuplicateTable = "42P07"
	codeUndefinedTable = "42P01"
)

// explain joins the sentinel that says what to do to what the server said.
func explain(err error) error {
	var from *pgconn.PgError
	var connecting *pgconn.ConnectError
	var reason error
	switch {
	case errors.As(err, &connecting): // first: it may hold a PgError of the handshake
		reason = store.ErrUnreachable
	case !errors.As(err, &from):
		return err
	case from.Code == codeReadOnly:
		reason = store.ErrReadOnly
	case from.Code == codeLockTimeout:
		reason = store.ErrLocked
	case from.Code == codeDuplicateTable:
		reason = store.ErrNotAStore
	case from.Code == codeUndefinedTable:
		reason = store.ErrNoStore
	default:
		return err
	}
	if errors.Is(err, reason) {
		return err
	}
	return fmt.Errorf("%w (%w)", reason, err)
}
