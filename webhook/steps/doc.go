// Package steps are the workers of the durable jobs, one file per step: read, call a domain package, record.
//
// Knows: the order read, decide, record of each step. Must not know: SQL, River's tables, how a key is matched.
// In: job arguments, which are ids. Out: records and next jobs through the ports in ports.go.
// Promises: a step that runs twice has the effect of running once; plaintext lives inside one call only.
package steps
