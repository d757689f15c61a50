// Package pgtest starts a real Postgres for tests.
//
// Knows: where the server's programs are, how to start one for a test process and how to end it. Must not know:
// the schema.
// In: a function that prepares the template database. Out: the address of a fresh database per test.
// Promises: the server listens on a socket in a folder of its own only, is started with the first database that is
// asked for, and ends with the test process, however that ends; its defaults are unlike what a careless store would
// take for granted (collation, time zone, isolation level, durability).
// Not promised: that anything survives a power loss: it never waits for the disk.
package pgtest
