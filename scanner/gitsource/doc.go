// Package gitsource makes blobs of a git repository.
//
// Knows: how git lays a repository out on disk, and the git program. Must not know: patterns, findings' meaning,
// the network.
// History reads packs and loose objects itself, Staged and Index the index and single objects, and both leave to git
// what they cannot read; Options.ThroughGit leaves all.
// In: a path, a range, the names of refs. Out: sources of [scanner.Blob], places of blobs, skips.
// History is a scanner.Lender: packs are walked by several goroutines, trees looked at where they differ from the tree
// that they were made from, objects that git moved meanwhile looked for in the new packs.
// Promises: git never sees the repository's configuration, and nothing in it is ever executed or fetched; no
// file of a repository makes it hang; an object that a ref, a reflog or the index reaches and that could not be
// read is a [scanner.Skip]; the counts are git's own.
// Not promised: that a repository that changes during the scan is seen at one moment of its life.
package gitsource
