package sqlite

import (
	"errors"

	"modernc.org/sqlite"
)

// Primary result codes, https://www.sqlite.org/rescode.html, read 2026-11-24.
const (
	codeBusy         = 5
	codeLocked       = 6
	codeReadOnly     = 8
	codeCorrupt      = 11
	codeNotADatabase = 26
)

// resultCode is the primary result code of err, 0 when SQLite did not make it. The extended code has more in
// its upper bytes.
func resultCode(err error) int {
	var from *sqlite.Error
	if errors.As(err, &from) {
		return from.Code() & 0xff
	}
	return 0
}
