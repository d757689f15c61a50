-- name: FamilyPut
-- $1 prefix, $2 scopes, $3 created. No row: the prefix is taken.
INSERT INTO families (prefix, scopes, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: FamilyGet
SELECT prefix, scopes, created_at FROM families WHERE prefix = $1

-- name: FamilyAll
SELECT prefix, scopes, created_at FROM families ORDER BY prefix

-- name: OwnerPut
INSERT INTO owners (name, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: KeyPut
-- $1 id, $2 family, $3 owner, $4 label, $5 scopes, $6 digest, $7 pepper version, $8 status, $9 created,
-- $10 expires, $11 change sequence. No row: the id is taken.
INSERT INTO keys (id, family, owner, label, scopes, digest, pepper_version, status, created_at, expires_at, changed_seq)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING

-- name: KeyGet
-- Primary key.
SELECT id, family, owner, label, scopes, digest, pepper_version, status,
       created_at, expires_at, revoked_at, revoked_reason, revoked_seq, last_used_at
FROM keys WHERE id = $1

-- name: KeyForChange
-- As KeyGet, with the row locked until the commit: a second changer waits, and reads what the first made.
SELECT id, family, owner, label, scopes, digest, pepper_version, status,
       created_at, expires_at, revoked_at, revoked_reason, revoked_seq, last_used_at
FROM keys WHERE id = $1 FOR UPDATE

-- name: KeyPage
-- $1 family, $2 owner, $3 status, each '' for any; those before ($4, $5) in time and id; at most $6.
-- Index keys_newest, backwards.
SELECT id, family, owner, label, scopes, digest, pepper_version, status,
       created_at, expires_at, revoked_at, revoked_reason, revoked_seq, last_used_at
FROM keys
WHERE ($1::text = '' OR family = $1::text) AND ($2::text = '' OR owner = $2::text) AND ($3::text = '' OR status = $3::text)
  AND (created_at, id) < ($4::timestamptz, $5::text COLLATE "C")
ORDER BY created_at DESC, id DESC LIMIT $6

-- name: KeyRevoke
-- $1 id, $2 when, $3 reason, $4 change sequence. A revoked key stays as it was revoked first.
UPDATE keys SET status = 'revoked', revoked_at = $2, revoked_reason = $3, revoked_seq = $4, changed_seq = $4
WHERE id = $1 AND status <> 'revoked'

-- name: KeyStatus
-- $1 id, $2 status, $3 change sequence.
UPDATE keys SET status = $2, changed_seq = $3 WHERE id = $1 AND status <> 'revoked'

-- name: KeyTouch
-- $1 id, $2 when. Only forward.
UPDATE keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)
