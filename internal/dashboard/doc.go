// Package dashboard shows incidents and keys to a person in a browser, read-only.
//
// Knows: pages. Must not know: SQL, how anything is changed, who may look.
// In: a [Reader]. Out: HTML without scripts and without requests to anywhere else.
// Promises: answers only requests from this machine, made by its own name or address; nothing is changed by any
// request; no page holds a secret, since no Reader returns one; what others wrote is shown as text.
// Not promised: a login. Until there is one, the loopback address is the only door.
package dashboard
