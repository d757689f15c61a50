// Package postgres keeps the store in a Postgres database.
//
// Knows: the connection pool and its settings, the schema and its migrations, the texts of the statements, the
// server's error codes. Must not know: what a change means (package store), who asks.
// In: an address. Out: the storage ports. Side effects: tables in the first schema of the search path.
// Promises: a change is READ COMMITTED, READ WRITE and synchronously committed, whatever the server's defaults are;
// two processes may migrate at once; when the connection breaks during a commit the error says that the outcome is
// unknown; no error holds the address's password.
// Not promised: that a synchronous standby has the change when the wait for it is cancelled; connection poolers in
// transaction mode.
package postgres
