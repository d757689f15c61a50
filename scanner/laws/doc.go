// Package laws holds what must be true of a set of patterns once a scanner runs with it.
//
// Knows: the promises that a rules file makes by its examples. Must not know: files, the network, vendors.
// In: a patterns.Set. Out: problems, each with its file and line.
// Promises: no problem means that every example is found, as itself and as nothing else of the whole set, in
// every prefix and at the extremes of every length, with LF and CRLF line ends; that no counter-example is
// found by anything; and that every entry keeps the rules of its form. As the scanner looks only where its
// prefilter points, an example that is found also proves the prefilter for it.
// Not promised: that the examples are typical.
package laws
