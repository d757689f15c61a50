// Package ci holds the script of the GitHub Action, and tests of what others run: action.yml, the pre-commit
// hooks, and the scripts of .ci.
//
// Knows: the command line of keywright, the environment of a runner. Must not know: any room of the product.
// Promises: values of a workflow or an event never become code; a scan that left something out never passes.
package ci
