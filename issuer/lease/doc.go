// Package lease says when a change to a key is effective everywhere, and until when a verifier may answer from memory.
//
// Knows: the order of changes, leases on it, what was read of keys. Must not know: SQL, HTTP, digests, scopes.
// In: a [Store], a [Clock], ids. Out: keys as they are known, or that nothing can be said; for a revoker an [Effect].
// Promises: an [Effect] with Effective set means that no verification that starts after it answers by the state before
// the change, on any machine, also one that is cut off; a hit does no I/O; a revoker waits at most the length of the
// longest lease and a tenth, while the database is up; after the end of its lease a verifier says nothing.
// Not promised: which answer a verification gets between a commit and its acknowledgement. Not covered: a machine whose
// clocks all stand still, as a hypervisor's pause does, may answer for up to the length of a lease after it goes on; an
// asynchronous failover may lose the change itself; a database file or disk that is set back under running processes.
//
// How it works. Every change takes a number under one lock, and leaves in the same transaction rows that say which cached
// answers it makes wrong. A verifying process, a [Node], has a durable row in the same database. Several times in the
// length of a lease it writes into that row that it is alive, reads the number of the last change and the rows since its
// last reading in the same state, drops what they touch, and then takes a lease until a time that counts from before it
// asked. Then it acknowledges the number. A revoker, [Everywhere], returns when all rows have acknowledged its number, or
// when every lease that was alive at its commit has ended. It then fences the rows that did not even renew: they never
// get a lease again, so nobody waits for them, and their processes join anew, cold, under another name.
//
// A failover begins a generation: numbers of two generations are never compared, rows of the former one count for
// nothing, and until its leases have ended only the timer counts. The rules were found by breaking simpler ones; the
// model in model_test.go searches them all, and shows for each that without it a revoked key is accepted.
//
// Sources: Gray and Cheriton, "Leases", SOSP 1989, doi 10.1145/74850.74870; Burrows, "The Chubby lock service", OSDI
// 2006, section 2.7; Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, for fenced fills.
package lease
