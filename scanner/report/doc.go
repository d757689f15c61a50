// Package report shows what a scan finds: as text for people, JSON lines, SARIF and CSV.
//
// Knows: the types of a scan and how each form is written. Must not know: how a secret is found, where a
// report goes, exit codes. In: the calls of a [scanner.Sink]. Out: bytes to a writer.
// Promises: a secret is shown redacted unless Options.Reveal says otherwise; no text of a repository (a
// path, an author, a ref, a detail) can move the cursor, colour the terminal, reorder a line, start a line,
// or give a command to a build server; JSON lines keep the names and the order of docs/json-lines.md; the
// same calls give the same bytes.
// Not promised: the wording of the text form; it is for people.
package report
