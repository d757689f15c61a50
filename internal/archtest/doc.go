// Package archtest holds the house's rules as tests: which room may import which, who may reveal a
// secret, and what a library user links. It has no production code.
package archtest
