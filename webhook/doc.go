// Package webhook is the door for GitHub: it takes signed deliveries and hands them to an [Inbox].
//
// Knows: signatures, sizes, event names, the shape of a push. Must not know: a scanner, a GitHub client, SQL.
// In: HTTP requests from anybody. Out: deliveries whose body the secret signed, to the Inbox; 202.
// Promises: no handler without a secret; nothing unsigned, oversized or unlisted reaches the Inbox; 202 is
// answered only for what the Inbox has kept; the door never does the work itself.
// Not promised: that a delivery is new or true. Headers are not signed, so the event's kind is confirmed from
// the body, and every later step reads the state again from GitHub before it acts.
package webhook
