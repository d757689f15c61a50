// Package lease says when a change to a key is effective everywhere.
//
// Knows: the order of changes. Must not know: SQL, HTTP, keys.
// In: the sequence number of a committed change. Out: whether every verification that starts from now on sees
// it, and what that took.
// Promises: an [Effect] with Effective set means that no verification that starts after it answers by the
// state before the change.
//
// [Direct] keeps that promise without any protocol: issuer.Verifier reads the store for each verification and
// keeps nothing in memory, so a change is effective on every machine at the moment it is committed. A cache
// that saves these reads without a lease can answer "valid" for a revoked key on a machine that is cut off,
// for as long as the cache lives; therefore there is none. Epoch leases, which let a cache answer without a
// read and still keep the promise, replace Direct behind the same [Awaiter].
package lease
