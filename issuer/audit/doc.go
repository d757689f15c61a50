// Package audit is the tamper-evident log of what was done to keys and incidents.
//
// Knows: events, the hash tree over them (RFC 6962 shaped, golang.org/x/mod/sumdb/tlog), signed checkpoints.
// Must not know: SQL, who reads the log.
// In: events. Out: leaf bytes and tree hashes for a store to keep, checkpoints, the result of a verification.
// Promises: any edit, deletion or reordering of an event below a checkpoint is found by [Verify] with the
// public key and that checkpoint.
// Not promised: that events after the last checkpoint outside the database cannot be cut off unseen; without a
// key and a checkpoint from elsewhere the log is consistent with itself only.
package audit
