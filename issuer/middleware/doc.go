// Package middleware guards HTTP handlers with keys.
//
// Knows: where a request carries a key, how HTTP says no (RFC 6750 challenges, RFC 9457 problems).
// Must not know: stores, SQL, how a key is verified.
// In: a request. Out: the same request with an issuer.Principal in its context, or a refusal.
// Promises: a refusal never echoes what was presented, and names a key only after its secret matched; what could
// not be decided is 503, never 401; a key in a URL is not looked at unless asked for, and then it is removed
// before the handler sees the URL.
// Not promised: TLS, protection against a client that shares its key.
package middleware
