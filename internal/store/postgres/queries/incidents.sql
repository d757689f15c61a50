-- name: IncidentPut
-- $1 id, $2 fingerprint, $3 pattern, $4 vendor, $5 name, $6 redacted, $7 source, $8 blob, $9 place, $10 places,
-- $11 state, $12 first seen, $13 last seen, $14 verdict, $15 its reason, $16 its time, $17 key, $18 family,
-- $19 owner, $20 scopes, $21 last used. No row: the id or the fingerprint is there.
INSERT INTO incidents (id, fingerprint, pattern, vendor, name, redacted, source, blob, place, places,
    state, first_seen_at, last_seen_at, verdict, verdict_reason, verdict_at, verdict_key, verdict_family,
    verdict_owner, verdict_scopes, verdict_last_used)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
ON CONFLICT DO NOTHING

-- name: IncidentGet
-- By id. Primary key.
SELECT id, fingerprint, pattern, vendor, name, redacted, source, blob, place, places, state, resolution,
       first_seen_at, last_seen_at, resolved_at, verdict, verdict_reason, verdict_at, verdict_key,
       verdict_family, verdict_owner, verdict_scopes, verdict_last_used
FROM incidents WHERE id = $1

-- name: IncidentForChange
-- As IncidentGet, with the row locked until the commit: a second changer waits, and reads what the first made.
SELECT id, fingerprint, pattern, vendor, name, redacted, source, blob, place, places, state, resolution,
       first_seen_at, last_seen_at, resolved_at, verdict, verdict_reason, verdict_at, verdict_key,
       verdict_family, verdict_owner, verdict_scopes, verdict_last_used
FROM incidents WHERE id = $1 FOR UPDATE

-- name: IncidentOfPrint
-- By fingerprint, its unique index; for a change, with the row locked, as IncidentForChange.
SELECT id, fingerprint, pattern, vendor, name, redacted, source, blob, place, places, state, resolution,
       first_seen_at, last_seen_at, resolved_at, verdict, verdict_reason, verdict_at, verdict_key,
       verdict_family, verdict_owner, verdict_scopes, verdict_last_used
FROM incidents WHERE fingerprint = $1 FOR UPDATE

-- name: IncidentPage
-- $1 state, '' for any; those before ($2, $3) in time and id; at most $4. Index incidents_newest, backwards.
SELECT id, fingerprint, pattern, vendor, name, redacted, source, blob, place, places, state, resolution,
       first_seen_at, last_seen_at, resolved_at, verdict, verdict_reason, verdict_at, verdict_key,
       verdict_family, verdict_owner, verdict_scopes, verdict_last_used
FROM incidents
WHERE ($1::text = '' OR state = $1::text) AND (first_seen_at, id) < ($2::timestamptz, $3::text COLLATE "C")
ORDER BY first_seen_at DESC, id DESC LIMIT $4

-- name: IncidentSeen
-- $1 id, $2 source, $3 blob, $4 place, $5 places, $6 when. Opens it again; the time only goes forward.
UPDATE incidents SET source = $2, blob = $3, place = $4, places = $5, last_seen_at = greatest(last_seen_at, $6),
    state = 'open', resolution = '', resolved_at = NULL
WHERE id = $1

-- name: IncidentVerdict
-- $1 id, then the verdict as in IncidentPut.
UPDATE incidents SET verdict = $2, verdict_reason = $3, verdict_at = $4, verdict_key = $5, verdict_family = $6,
    verdict_owner = $7, verdict_scopes = $8, verdict_last_used = $9
WHERE id = $1

-- name: IncidentResolve
-- $1 id, $2 state, $3 resolution, $4 when.
UPDATE incidents SET state = $2, resolution = $3, resolved_at = $4 WHERE id = $1 AND state = 'open'

-- name: OutcomePut
-- $1 incident, $2 action, $3 target, $4 idempotency key, $5 why, $6 state, $7 detail, $8 when, $9 change sequence.
INSERT INTO outcomes (incident, action, target, key, why, state, detail, at, seq)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: OutcomesOf
-- $1: incident ids as a JSON list. Oldest first. Index outcomes_of_incident.
SELECT incident, action, target, key, why, state, detail, at, seq
FROM outcomes WHERE incident IN (SELECT value FROM jsonb_array_elements_text($1::text::jsonb)) ORDER BY place
