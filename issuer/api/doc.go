// Package api serves keys over HTTP: verify, whoami, and revocation by possession.
//
// Knows: JSON over net/http. Must not know: stores, SQL, how a key is verified or revoked.
// In: requests. Out: JSON answers, RFC 9457 problems.
// Promises: no answer and no log line holds what was presented; an answer names a key only after its secret
// matched; a revocation request answers the same whatever its tokens are; every body has a cap.
// Not promised: who may ask: put a guard before it where the network does not decide that.
package api
