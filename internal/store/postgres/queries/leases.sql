-- name: EpochTurn
-- Begins a generation when the database stands elsewhere than where the last one was made: after a promotion or a
-- restore. The first place of all turns nothing. Rows: whether anything changed.
UPDATE epoch SET generation = generation + CASE WHEN place = '' THEN 0 ELSE 1 END, settled = settled AND place = '',
    place = p.now
FROM (SELECT keywright_place() AS now) p WHERE place <> p.now

-- name: EpochGeneration
SELECT generation FROM epoch

-- name: InvalidationPut
-- $1 scope kind, $2 scope id, $3 kind of the change. In the change's transaction, after BumpEpoch.
INSERT INTO invalidation (generation, seq, scope_kind, scope_id, kind)
SELECT generation, seq, $1::text, $2::text, $3::text FROM epoch ON CONFLICT DO NOTHING

-- name: InvalidationsAfter
-- $1 generation; those of changes from $2 (not in it) to $3, at most $4. Primary key.
SELECT seq, scope_kind, scope_id FROM invalidation
WHERE generation = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4

-- name: InvalidationsPrune
-- $1 how many changes are kept, $2 how many rows go at most.
DELETE FROM invalidation WHERE (generation, seq, scope_kind, scope_id) IN (
    SELECT i.generation, i.seq, i.scope_kind, i.scope_id FROM invalidation i, epoch e
    WHERE i.generation < e.generation OR i.seq <= e.seq - $1 ORDER BY i.generation, i.seq LIMIT $2)

-- name: VerifierSweep
-- Removes what can never renew again. Rows that are locked stay for the next time: who stands in a renewal may be
-- stopped there for long.
DELETE FROM verifier WHERE incarnation IN (
    SELECT v.incarnation FROM verifier v, epoch e WHERE v.fenced OR v.generation < e.generation
    ORDER BY v.incarnation LIMIT 1000 FOR UPDATE OF v SKIP LOCKED)

-- name: VerifierJoin
-- $1 incarnation, $2 node. It is cold, so there is nothing to acknowledge.
INSERT INTO verifier (incarnation, node, generation, renewed_seq, acked_seq)
SELECT $1::uuid, $2::text, generation, seq, seq FROM epoch RETURNING generation, renewed_seq

-- name: VerifierRenew
-- $1 incarnation. One statement: the row, the fence, the generation, the place and the number of changes are of one
-- snapshot, which is later than the renewer's clock reading. A write, so that no standby and no primary that lost its
-- synchronous standby can grant it. No row: no lease.
UPDATE verifier v SET renewed_seq = greatest(v.renewed_seq, e.seq) FROM epoch e
WHERE v.incarnation = $1::uuid AND NOT v.fenced AND v.generation = e.generation AND e.place = keywright_place()
RETURNING e.generation, e.seq, e.lease_ms, e.wait_ms, e.settled

-- name: VerifierCurrent
-- Only where reads are fresh, which they are not here.
SELECT e.generation, e.seq, e.lease_ms, e.wait_ms, e.settled FROM epoch e WHERE false AND $1::text = ''

-- name: VerifierAck
-- $1 incarnation, $2 generation, $3 number of the last change that was applied.
UPDATE verifier SET acked_seq = greatest(acked_seq, $3::bigint)
WHERE incarnation = $1::uuid AND generation = $2 AND NOT fenced

-- name: VerifierLeave
-- $1 incarnation, which has no lease any more.
DELETE FROM verifier WHERE incarnation = $1::uuid

-- name: VerifiersBehind
-- $1 a change of the present generation. The epoch in every row; the last but one column is false in the only row when nobody is behind.
SELECT e.generation, e.seq, e.settled, e.wait_ms, e.place IN ('', keywright_place()), v.incarnation IS NOT NULL, coalesce(v.node, '')
FROM epoch e LEFT JOIN verifier v ON v.generation = e.generation AND NOT v.fenced AND v.acked_seq < $1
ORDER BY v.node LIMIT 1000

-- name: VerifiersFence
-- $1 generation, $2 the change. Those that renewed since it hold a lease that knows it, and must not be fenced: the
-- next revoker has to wait for them. A row that is locked stays: its renewer may be stopped there for long, and is
-- waited for again.
UPDATE verifier SET fenced = true WHERE incarnation IN (
    SELECT incarnation FROM verifier
    WHERE generation = $1 AND NOT fenced AND acked_seq < $2 AND renewed_seq < $2
    ORDER BY incarnation FOR UPDATE SKIP LOCKED)
RETURNING node

-- name: EpochSettle
-- $1 generation, which was seen alive for longer than any lease of the one before.
UPDATE epoch SET settled = true WHERE generation = $1 AND NOT settled

-- name: LeaseTerm
-- $1 milliseconds of new leases. Revokers wait for the longer one at once, for a shorter one when LeaseWait says so.
UPDATE epoch SET lease_ms = $1::bigint, wait_ms = greatest(wait_ms, $1::bigint), terms = terms + 1 RETURNING terms, wait_ms

-- name: LeaseWait
-- $1: the terms that LeaseTerm returned. Nothing when the length was set again since: longer leases may be alive.
UPDATE epoch SET wait_ms = lease_ms WHERE terms = $1

-- name: KeyAt
-- $1 id. One snapshot of the key and of the number of changes; id is '' when there is no such key. No row on a standby.
SELECT e.generation, e.seq, clock_timestamp(), coalesce(k.id, ''), coalesce(k.family, ''), coalesce(k.owner, ''),
       coalesce(k.label, ''), coalesce(k.scopes, ''), coalesce(k.digest, ''::bytea), coalesce(k.pepper_version, 0),
       coalesce(k.status, ''), k.created_at, k.expires_at, k.revoked_at, coalesce(k.revoked_reason, ''),
       coalesce(k.revoked_seq, 0), k.last_used_at
FROM epoch e LEFT JOIN keys k ON k.id = $1 WHERE NOT pg_is_in_recovery()

-- name: Nudge
-- Tells the listening verifiers to renew. A hint: without it they do so at their next turn.
SELECT pg_notify('keywright_changes', '')
