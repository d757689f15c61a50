-- name: DeliveryPut
-- $1 id, $2 event, $3 SHA-256 of the body, $4 body, $5 received. No row: the id or the body was there.
INSERT INTO deliveries (id, event, body_sha256, body, received_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING

-- name: DeliveryGet
-- Primary key.
SELECT id, event, body_sha256, body, received_at FROM deliveries WHERE id = $1

-- name: ScanPut
-- $1 delivery, $2 repository, $3 head, $4 commits, $5 blobs, $6 bytes, $7 findings, $8 skips, $9 complete,
-- $10 incidents, $11 notes, $12 finished. The later scan of a delivery stands.
INSERT INTO scans (delivery, repository, head, commits, blobs, bytes, findings, skips, complete, incidents, notes, finished_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (delivery) DO UPDATE SET repository = excluded.repository, head = excluded.head,
    commits = excluded.commits, blobs = excluded.blobs, bytes = excluded.bytes, findings = excluded.findings,
    skips = excluded.skips, complete = excluded.complete, incidents = excluded.incidents, notes = excluded.notes,
    finished_at = excluded.finished_at

-- name: ScanGet
-- Primary key.
SELECT delivery, repository, head, commits, blobs, bytes, findings, skips, complete, incidents, notes, finished_at
FROM scans WHERE delivery = $1
