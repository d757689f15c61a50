// Package cmdio is what every verb shares with the person or program that runs it: streams, exit codes,
// output formats, lazy openers.
//
// Knows: terminals, exit codes, how an error is shown. Must not know: what a verb does.
// Promises: exit codes are decided here and nowhere else; nothing is opened before a verb asks for it.
package cmdio
