// Package storetest is the contract of the storage ports, as tests.
//
// Knows: what each port promises, case by case, named as promises. Must not know: which database it runs on.
// In: a function that opens a fresh store. Out: test results.
// Promises: each case gets a store of its own; cases run in parallel; no case sleeps.
// Not promised: speed, and what happens to files and connections: each backend tests that itself.
package storetest
