-- Epoch leases: who may answer from memory, and what makes such answers wrong. docs/architecture.md, issuer/lease.

-- +goose Up

-- Where this database stands: server, database, and the timeline that every promotion and restore changes. On a
-- standby it is 'standby'. pg_control_checkpoint() still names the old timeline just after a promotion, the WAL does not.
-- +goose StatementBegin
CREATE FUNCTION keywright_place() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE
        (SELECT system_identifier FROM pg_control_system()) || '/' ||
        (SELECT oid FROM pg_database WHERE datname = current_database()) || '/' ||
        left(pg_walfile_name(pg_current_wal_lsn()), 8) END
$$;
-- +goose StatementEnd

-- generation: numbers of changes are compared within one only. place: where the generation was made; '' until the
-- first change or verifier. settled: no lease of an older generation can be alive. lease_ms: the length of new leases;
-- wait_ms: of the longest one that may be alive; terms: how often lease_ms was set.
ALTER TABLE epoch
    ADD COLUMN generation bigint NOT NULL DEFAULT 1,
    ADD COLUMN place text NOT NULL DEFAULT '',
    ADD COLUMN settled boolean NOT NULL DEFAULT true,
    ADD COLUMN lease_ms bigint NOT NULL DEFAULT 2000 CHECK (lease_ms BETWEEN 200 AND 60000),
    ADD COLUMN terms bigint NOT NULL DEFAULT 0,
    ADD COLUMN wait_ms bigint NOT NULL DEFAULT 2000 CHECK (wait_ms <= 60000),
    ADD CONSTRAINT epoch_waits_for_the_longest CHECK (wait_ms >= lease_ms);

-- At least one row for each change: a number without a row means that rows were pruned.
CREATE TABLE invalidation (
    generation bigint NOT NULL,
    seq        bigint NOT NULL,
    scope_kind text COLLATE "C" NOT NULL, -- 'none' for a change that makes no answer wrong
    scope_id   text COLLATE "C" NOT NULL,
    kind       text NOT NULL, -- of the change, for people
    PRIMARY KEY (generation, seq, scope_kind, scope_id)
);

-- One row for each verifying process that caches. Never UNLOGGED: a lost row is a verifier that nobody waits for.
CREATE TABLE verifier (
    incarnation uuid PRIMARY KEY,
    node        text NOT NULL, -- for people; two processes may have the same
    generation  bigint NOT NULL,
    renewed_seq bigint NOT NULL,
    acked_seq   bigint NOT NULL,
    fenced      boolean NOT NULL DEFAULT false,
    joined_at   timestamptz NOT NULL DEFAULT now()
);
