// Package receipt is the proof of what a scan covered: which refs with which tips, how many commits and blobs, with
// which catalogue and decoders, and each thing that could not be scanned.
//
// Knows: what a scan says of itself, signed notes. Must not know: git, where signing keys live, flags.
// In: a scan's [Facts] and its sink's calls. Out: a file of one line of JSON, signed or not.
// Promises: a receipt holds no secret and no finding, only their number; a changed byte breaks the signature; a
// receipt of an incomplete scan says so in its first fields; equal scans make equal receipts but for the time.
// Not promised: that whoever scanned was honest. A receipt says what the holder of the key says.
package receipt
