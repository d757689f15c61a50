-- Epoch leases: who may answer from memory, and what makes such answers wrong. docs/architecture.md, issuer/lease.

-- +goose Up

-- generation: numbers of changes are compared within one only. settled: no lease of an older generation can be alive.
-- lease_ms: the length of new leases; wait_ms: of the longest one that may be alive; terms: how often lease_ms was set.
ALTER TABLE epoch ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;
ALTER TABLE epoch ADD COLUMN settled INTEGER NOT NULL DEFAULT 1 CHECK (settled IN (0, 1));
ALTER TABLE epoch ADD COLUMN lease_ms INTEGER NOT NULL DEFAULT 2000 CHECK (lease_ms BETWEEN 200 AND 60000);
ALTER TABLE epoch ADD COLUMN terms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE epoch ADD COLUMN wait_ms INTEGER NOT NULL DEFAULT 2000 CHECK (wait_ms BETWEEN lease_ms AND 60000);

-- At least one row for each change: a number without a row means that rows were pruned.
CREATE TABLE invalidation (
    generation INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    scope_kind TEXT NOT NULL, -- 'none' for a change that makes no answer wrong
    scope_id   TEXT NOT NULL,
    kind       TEXT NOT NULL, -- of the change, for people
    PRIMARY KEY (generation, seq, scope_kind, scope_id)
) STRICT, WITHOUT ROWID;

-- One row for each verifying process that caches.
CREATE TABLE verifier (
    incarnation TEXT NOT NULL PRIMARY KEY,
    node        TEXT NOT NULL, -- for people; two processes may have the same
    generation  INTEGER NOT NULL,
    renewed_seq INTEGER NOT NULL,
    acked_seq   INTEGER NOT NULL,
    fenced      INTEGER NOT NULL DEFAULT 0 CHECK (fenced IN (0, 1))
) STRICT, WITHOUT ROWID;
