// Package baseline knows the findings that someone has accepted: a baseline of fingerprints, an ignore file,
// and the salt of the fingerprints that need one.
//
// Knows: its files and their forms. Must not know: how findings are made or shown, verdicts.
// In: files, findings. Out: for each finding the rule that accepts it; the rules that accept nothing.
// Promises: a broken file is an error with its line, never a rule less or more; every rule has a reason; an
// expired entry accepts nothing; a rule for paths accepts a finding only when all its places match; a file
// that is a link, a pipe or a device is refused; no error shows a line of a file.
// Not promised: that an accepted finding is hidden: who shows it decides, and a live key is never hidden.
package baseline
