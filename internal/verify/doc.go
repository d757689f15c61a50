// Package verify asks whether a found key opens anything.
//
// Knows: the store of our own keys (Issued), vendors' endpoints declared in the catalogue (Vendor, a later room).
// Must not know: where the finding came from, what will be done about it.
// In: a finding. Out: a verdict with a reason.
// Promises: an error is the verdict unknown, never a dead one; asking is no use of the key, so last-used stays.
package verify
