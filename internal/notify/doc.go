// Package notify carries a message to people and programs: mail, chat, a signed webhook.
//
// Knows: how each receiver wants to be spoken to. Must not know: incidents, keys, what a message is about.
// In: a [Message]. Out: one delivery attempt; trying again is the caller's business.
// Promises: a receiver can drop repeats by the message's id; errors and prints show neither addresses that are
// secrets (a chat's URL), nor keys; nothing is sent in clear except to this machine; no redirect is followed.
// Not promised: that a message arrived once. After a lost answer it is sent again, under the same id.
package notify
