// Package githubtest is a fake GitHub for tests of GitHub Apps: installation tokens that expire, check runs,
// hook deliveries, signed pushes, and a real git server behind them.
//
// Knows: the paths of GitHub's REST API in testdata/github.json (cut from GitHub's own OpenAPI description by
// recut.sh). Must not know: anything of Keywright; it can be used by any App's tests.
// In: an App's requests; repositories and commits that the test makes. Out: answers, signed deliveries.
// Promises: every request of the App, every answer of the fake and every delivery is checked against GitHub's
// description, and a difference fails the test; tokens open only the repositories and permissions they were
// made for, and only until they expire; git is git's own server.
// Not promised: GitHub's rate limits, its delays, or any path that is not in the slice.
package githubtest
