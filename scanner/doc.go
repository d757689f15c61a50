// Package scanner turns blobs into findings.
//
// Knows: bytes and patterns. Must not know: git, SQL, the network, how findings are shown.
// In: a [Source] of blobs and a patterns.Set. Out: findings and skips, to a [Sink].
// Promises: one secret is one finding, at all its places; a specific pattern beats a generic one; what could
// not be scanned is a [Skip], and a scan with skips is never complete; a blob with the same id is scanned once;
// the findings and their order do not depend on the number of workers or their timing; the work on a text grows
// with its length, whatever it is; a scanner that does not find its own canary scans nothing.
// Not promised: an order of findings other than that of their first places; that a secret cut by the end of a
// blob is found.
package scanner
