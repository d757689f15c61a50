// Package sqlite keeps the store in one SQLite file.
//
// Knows: the file, its mode and its folder, WAL and locks, the schema and its migrations, the texts of the
// statements. Must not know: what a change means (package store), who asks.
// In: a path. Out: the storage ports. Side effects: the file, and beside it -wal, -shm and .lock.
// Promises: the file is readable by its owner only; an acknowledged change survives a power loss
// (synchronous=FULL); two processes may open, migrate and write one file at once; a file of something else is
// never written to.
// Not promised: a network file system; that a process stopped inside a write transaction does not hold up others.
package sqlite
