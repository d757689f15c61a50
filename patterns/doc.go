// Package patterns says what a credential looks like: the catalogue, its loader, its types and the checks
// on its data.
//
// Knows: vendors' formats as data. Must not know: matching, files other than rule files, the network.
// In: YAML (users' files; the catalogue, embedded as the JSON that its tests wrote). Out: a [Set] of validated
// [Pattern] values; synthetic credentials for their examples.
// Promises: a Set holds no two patterns of one id; every pattern of a rules file has literals that each of its
// matches contains; the order is that of the ids, so that runs repeat; a synthetic credential is the same
// bytes in every run.
// Not promised: that a text of the right shape is a credential; that is the scanner's and the verifier's work.
package patterns
