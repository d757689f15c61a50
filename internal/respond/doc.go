// Package respond decides what to do about an incident and does it.
//
// Knows: policy, plans, effects. Must not know: how a finding was made, SQL.
// In: incidents and a policy. Out: a plan ([Plan], pure), outcomes ([Act]).
// Promises: the same incidents and policy give the same plan; a key is revoked at most once however often a
// plan is carried out; never more revocations than the cap, the excess waits and is said; one failed effect
// does not stop the others.
package respond
