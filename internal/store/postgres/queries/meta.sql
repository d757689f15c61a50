-- name: MetaGet
SELECT value FROM meta WHERE name = $1

-- name: MetaPut
-- The first value of a name stays.
INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: PepperChecks
SELECT version, check_sum FROM pepper_checks ORDER BY version

-- name: PepperCheckPut
-- The first check of a version stays.
INSERT INTO pepper_checks (version, check_sum) VALUES ($1, $2) ON CONFLICT DO NOTHING
