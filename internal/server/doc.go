// Package server runs an HTTP handler until it is told to stop.
//
// Knows: timeouts, request ids, the access log, graceful shutdown. Must not know: what is served.
// In: a handler, an address, a context. Out: a listening server; one log line a request.
// Promises: a slow or silent client cannot hold a connection for ever; running requests finish before Run
// returns, at most for ShutdownTimeout; the log holds no header, no query and no body; a panic ends one request.
// Not promised: TLS. That is the business of what stands in front, or of a listener that the caller makes.
package server
