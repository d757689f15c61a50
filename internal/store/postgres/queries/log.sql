-- name: BumpEpoch
-- Takes the next change sequence and the next place in the audit log. Its lock orders all changes. The first change
-- after a promotion or a restore begins a generation, as EpochTurn.
UPDATE epoch SET seq = seq + 1, events = events + 1,
    generation = generation + CASE WHEN place IN ('', p.now) THEN 0 ELSE 1 END,
    settled = settled AND place IN ('', p.now), place = p.now
FROM (SELECT keywright_place() AS now) p
RETURNING seq, events - 1, generation

-- name: LogSize
-- How many events were ever appended, also when one was deleted since.
SELECT events FROM epoch

-- name: EventPut
-- $1 place, $2 leaf bytes.
INSERT INTO audit_events (place, leaf) VALUES ($1, $2)

-- name: EventsFrom
-- At most $2 events from place $1 on, in order. Primary key.
SELECT place, leaf FROM audit_events WHERE place >= $1 ORDER BY place LIMIT $2

-- name: HashPut
-- $1 storage index, $2 32 bytes.
INSERT INTO audit_hashes (place, hash) VALUES ($1, $2)

-- name: HashesAt
-- $1: storage indexes as a JSON list. Primary key.
SELECT place, hash FROM audit_hashes WHERE place IN (SELECT value::bigint FROM jsonb_array_elements_text($1::text::jsonb))

-- name: CheckpointPut
-- $1 size of the tree, $2 signed text. The first of a size stays.
INSERT INTO audit_checkpoints (size, signed) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: CheckpointAll
SELECT signed FROM audit_checkpoints ORDER BY size
