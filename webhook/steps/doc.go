// Package steps are the workers of the durable jobs, one file per step: read, call a domain package, record.
//
// Knows: the order read, decide, record of each step. Must not know: SQL, River, how a key is matched.
// In: job arguments, which are ids. Out: records and next jobs through the ports in ports.go.
// Promises: a step that runs twice has the effect of running once, but for notices, which carry a stable id;
// plaintext lives inside one call only; a delivery is a hint: what is scanned is what GitHub serves now; what
// could not be scanned is said in the check run, which then is never a success.
// Not promised: that a push larger than one job's time is scanned whole by the first try.
package steps
