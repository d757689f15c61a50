// Package githubapp is what we ask of GitHub: installation tokens, the objects of a push, check runs.
//
// Knows: go-github, ghinstallation, the git program. It is their only importer. Must not know: a scanner, SQL,
// what a check run is about.
// In: a repository's name and ids. Out: a bare repository on disk, check runs at GitHub.
// Promises: a token is narrowed to one repository and to what the call needs; it is never in a URL, a process
// argument, a file or an error; it goes to the configured hosts only, also when they redirect; git runs with no
// configuration, hooks or credentials but ours; a fetch over its cap is refused and leaves nothing behind.
// Not promised: that a commit can still be fetched. After a force push GitHub serves it for a while only.
package githubapp
