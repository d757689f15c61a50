package store

import "errors"

// What can be wrong with a store. Each says what to do; callers wrap them with the path or the address.
var (
	ErrNoStore = errors.New("there is no store here: run `keywright init`")
	// ErrNotAStore: something else is there. It is never written to.
	ErrNotAStore   = errors.New("this is not a keywright store: name another one in KEYWRIGHT_STORE")
	ErrNewerSchema = errors.New("the store was written by a newer keywright: install that version or a later one")
	// ErrOlderSchema: only where the store may not be written, else it is migrated.
	ErrOlderSchema = errors.New("the store has an older schema: open it once for writing (`keywright init`) to migrate it")
	ErrLocked      = errors.New("the store is locked by another process: wait until it is done, or stop it, and try again")
	ErrReadOnly    = errors.New("the store cannot be written: check the permissions of the file and of its folder")
	ErrDamaged     = errors.New("the store's file is damaged: restore it from a backup")
	// ErrUnreachable: of a store behind a network.
	ErrUnreachable = errors.New("the database cannot be reached: check the address and that the server is up")
	// ErrNoQueue: a change brought jobs, and this store was opened without a queue.
	ErrNoQueue = errors.New("this change needs the job queue, and the store was opened without one")
	// ErrOutcomeUnknown: the connection broke while the commit was under way.
	ErrOutcomeUnknown = errors.New("the change may or may not have been made: read it again before repeating it")
	// ErrText: text that one of the databases could not keep, or longer than [MaxTextBytes].
	ErrText = errors.New("text must be UTF-8 without NUL")
	// ErrKeyInText: it would be kept in clear.
	ErrKeyInText = errors.New("it holds a key: name a key by its id")
	// ErrCursor: not one that a page gave.
	ErrCursor = errors.New("cursor is not one that a page gave")
)
