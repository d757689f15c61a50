// Package archtest holds the house's rules as tests: which room may import which, who may reveal a
// secret, what a library user links, what no file may say. It has no production code.
//
// Knows: every file of the module, and the table of docs/architecture.md as data ([rooms]).
// Must not know: what any of the code does.
// In: the module's files. Out: test failures that say which line of the table to change, or which import to drop.
// Promises: a package that the table does not list fails; so does an import that its line does not name, under any
// build tag and in tests where the strangers are concerned; each rule is shown to fail on a small made-up module.
// Not promised: that a call by reflection or an assembly trick is seen.
package archtest
