// Package config says where things live and opens them.
//
// Knows: the environment's names, the default folders, the two secret files, which store an address means.
// Must not know: flags, output, what the opened things are used for.
// In: an environment. Out: [Paths], and a [Workspace] of open stores with the keyring and the audit log's signer.
// Promises: nothing that stands is overwritten; pepper and signing key are never in the store, and a file of
// theirs that others can read is refused; a missing, short or wrong pepper is said as such, and never looks like
// a wrong key; errors and printed workspaces hold no key material and no database password.
// Not promised: that the files are backed up. Without the pepper no issued key can be verified.
package config
