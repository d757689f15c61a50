// Package memory remembers what past scans found clean, so that a scan of an unchanged repository reads little.
//
// Knows: object ids, one file for each repository. Must not know: git, patterns, what makes an object clean.
// In: a folder, the name of a repository, a [Key]. Out: a [Memory] to ask, and a [Draft] of the next one to save.
// Promises: an id is clean only if a scan with an equal key saved it so; a file that is damaged, of another key or
// version, or that another user could have written, is as none; a file is replaced as a whole or not at all; it
// holds ids only, no name, no content and no finding.
// Not promised: that the file stays small when a repository is large (its size is the number of objects times the size
// of an id), or that two scans at once both leave their mark: the last one wins.
package memory
