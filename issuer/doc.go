// Package issuer is the life of a key: its format, minting, parsing, issuing, verifying and revoking.
//
// Knows: families, owners, keys, scopes, digests. Must not know: the scanner, SQL, HTTP.
// In: requests of people and programs, a [Store]. Out: keys (once), decisions, acts for the audit log.
// Promises: the plaintext of a key exists only in the value that [Mint] or [Issuer.Issue] returns; the store
// gets a keyed digest; comparison is constant-time and an unknown id costs the same as a wrong secret; a
// revocation is final.
// Not promised: who may call these functions; that is the caller's business.
package issuer
