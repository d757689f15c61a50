// Package incident is the durable record of a leak.
//
// Knows: what was found where, what a verifier said, what was planned and done. Must not know: SQL, how a
// verdict is reached, how an action is carried out.
// In: findings, verdicts, outcomes. Out: records and their states, to a [Store].
// Promises: a record never holds the secret; one fingerprint is one incident, however often and wherever seen.
package incident
