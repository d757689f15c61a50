// Package stdinsource makes a blob of a stream.
//
// Knows: a reader. Must not know: where it comes from, patterns, the network.
// In: an io.Reader. Out: a source of one [scanner.Blob] whose path is "-".
// Promises: a stream over the cap is scanned up to the cap, and the rest is a [scanner.Skip].
// Not promised: that a scan begins before the stream ended; that a read that blocks is given up when the context ends.
package stdinsource
