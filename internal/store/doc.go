// Package store keeps the promises of the storage ports once, for both databases.
//
// Knows: the change rule (row, audit event, change sequence and next jobs in one transaction), what each port
// method must answer, the text forms of scopes and cursors. Must not know: SQL, drivers, files, who asks.
// In: calls of issuer.Store, incident.Store, audit.Log and the identity of the store. Out: named statements to a
// [Database], which store/sqlite and store/postgres are.
// Promises: both databases answer alike, because only the statements differ; a change that fails anywhere leaves
// nothing; no event, error or row holds key material.
// Not promised: policy. Who may do what, and what is worth doing, is decided above.
package store
