-- name: EpochTurn
-- Nothing: a file has no promotion, and who restores one stops its processes first. On Postgres it begins a generation.
UPDATE epoch SET generation = generation WHERE false

-- name: EpochGeneration
SELECT generation FROM epoch

-- name: InvalidationPut
-- ?1 scope kind, ?2 scope id, ?3 kind of the change. In the change's transaction, after BumpEpoch.
INSERT INTO invalidation (generation, seq, scope_kind, scope_id, kind)
SELECT generation, seq, ?1, ?2, ?3 FROM epoch WHERE true ON CONFLICT DO NOTHING

-- name: InvalidationsAfter
-- ?1 generation; those of changes from ?2 (not in it) to ?3, at most ?4. Primary key.
SELECT seq, scope_kind, scope_id FROM invalidation
WHERE generation = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4

-- name: InvalidationsPrune
-- ?1 how many changes are kept, ?2 how many rows go at most.
DELETE FROM invalidation WHERE (generation, seq, scope_kind, scope_id) IN (
    SELECT i.generation, i.seq, i.scope_kind, i.scope_id FROM invalidation i, epoch e
    WHERE i.generation < e.generation OR i.seq <= e.seq - ?1 ORDER BY i.generation, i.seq LIMIT ?2)

-- name: VerifierSweep
-- Removes what can never renew again.
DELETE FROM verifier WHERE fenced OR generation < (SELECT generation FROM epoch)

-- name: VerifierJoin
-- ?1 incarnation, ?2 node. It is cold, so there is nothing to acknowledge.
INSERT INTO verifier (incarnation, node, generation, renewed_seq, acked_seq)
SELECT ?1, ?2, generation, seq, seq FROM epoch RETURNING generation, renewed_seq

-- name: VerifierRenew
-- ?1 incarnation. In a transaction that has the write lock, so that all of it is one state. No row: no lease.
UPDATE verifier SET renewed_seq = max(renewed_seq, (SELECT seq FROM epoch))
WHERE incarnation = ?1 AND NOT fenced AND generation = (SELECT generation FROM epoch)
RETURNING generation, (SELECT seq FROM epoch), (SELECT lease_ms FROM epoch), (SELECT wait_ms FROM epoch),
    (SELECT settled FROM epoch)

-- name: VerifierCurrent
-- ?1 incarnation: the renewal that VerifierRenew would be, where it would write nothing. Then a fresh read is as good:
-- the row says already that this verifier renewed after the last change.
SELECT e.generation, e.seq, e.lease_ms, e.wait_ms, e.settled FROM epoch e JOIN verifier v
ON v.incarnation = ?1 AND NOT v.fenced AND v.generation = e.generation AND v.renewed_seq = e.seq

-- name: VerifierAck
-- ?1 incarnation, ?2 generation, ?3 number of the last change that was applied.
UPDATE verifier SET acked_seq = max(acked_seq, ?3) WHERE incarnation = ?1 AND generation = ?2 AND NOT fenced

-- name: VerifierLeave
-- ?1 incarnation, which has no lease any more.
DELETE FROM verifier WHERE incarnation = ?1

-- name: VerifiersBehind
-- ?1 a change of the present generation. The epoch in every row; the last but one column is false in the only row when nobody is behind.
SELECT e.generation, e.seq, e.settled, e.wait_ms, 1, v.incarnation IS NOT NULL, coalesce(v.node, '')
FROM epoch e LEFT JOIN verifier v ON v.generation = e.generation AND NOT v.fenced AND v.acked_seq < ?1
ORDER BY v.node LIMIT 1000

-- name: VerifiersFence
-- ?1 generation, ?2 the change. Those that renewed since it hold a lease that knows it, and must not be fenced: the
-- next revoker has to wait for them.
UPDATE verifier SET fenced = 1 WHERE generation = ?1 AND NOT fenced AND acked_seq < ?2 AND renewed_seq < ?2
RETURNING node

-- name: EpochSettle
-- ?1 generation, which was seen alive for longer than any lease of the one before.
UPDATE epoch SET settled = 1 WHERE generation = ?1 AND NOT settled

-- name: LeaseTerm
-- ?1 milliseconds of new leases. Revokers wait for the longer one at once, for a shorter one when LeaseWait says so.
UPDATE epoch SET lease_ms = ?1, wait_ms = max(wait_ms, ?1), terms = terms + 1 RETURNING terms, wait_ms

-- name: LeaseWait
-- ?1: the terms that LeaseTerm returned. Nothing when the length was set again since: longer leases may be alive.
UPDATE epoch SET wait_ms = lease_ms WHERE terms = ?1

-- name: KeyAt
-- ?1 id. One snapshot of the key and of the number of changes; id is '' when there is no such key. The time is NULL:
-- the file has no clock but this machine's.
SELECT e.generation, e.seq, NULL, coalesce(k.id, ''), coalesce(k.family, ''), coalesce(k.owner, ''),
       coalesce(k.label, ''), coalesce(k.scopes, ''), coalesce(k.digest, x''), coalesce(k.pepper_version, 0),
       coalesce(k.status, ''), k.created_at, k.expires_at, k.revoked_at, coalesce(k.revoked_reason, ''),
       coalesce(k.revoked_seq, 0), k.last_used_at
FROM epoch e LEFT JOIN keys k ON k.id = ?1

-- name: Nudge
-- Nothing: verifiers of one file look at it often.
SELECT 1
