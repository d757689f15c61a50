-- Families, owners and keys; incidents; the audit log; the identity of the store.
-- Times are microseconds since 1970 in UTC, NULL is "never"; empty text is '', never NULL.
-- Text is compared byte by byte: BINARY is SQLite's default collation.

-- +goose Up

-- The one order of changes. seq is taken by every change; events is how many audit events were ever appended.
CREATE TABLE epoch (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    seq    INTEGER NOT NULL CHECK (seq >= 0),
    events INTEGER NOT NULL CHECK (events >= 0)
) STRICT;
INSERT INTO epoch (one, seq, events) VALUES (1, 0, 0);

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pepper_checks (
    version INTEGER PRIMARY KEY,
    check_sum BLOB NOT NULL CHECK (length(check_sum) = 32)
) STRICT;

CREATE TABLE families (
    prefix     TEXT NOT NULL PRIMARY KEY,
    scopes     TEXT NOT NULL, -- sorted, one space between
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE owners (
    name       TEXT NOT NULL PRIMARY KEY,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
    id             TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    family         TEXT NOT NULL REFERENCES families (prefix),
    owner          TEXT NOT NULL REFERENCES owners (name),
    label          TEXT NOT NULL,
    scopes         TEXT NOT NULL,
    digest         BLOB NOT NULL CHECK (length(digest) = 32),
    pepper_version INTEGER NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('active', 'disabled', 'revoked')),
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER,
    revoked_at     INTEGER CHECK ((revoked_at IS NOT NULL) = (status = 'revoked')),
    revoked_reason TEXT NOT NULL DEFAULT '',
    revoked_seq    INTEGER NOT NULL DEFAULT 0,
    changed_seq    INTEGER NOT NULL, -- of the last change of what the key may do
    last_used_at   INTEGER
) STRICT, WITHOUT ROWID;

-- For pages of keys, newest first, and for those of one family or owner.
CREATE INDEX keys_newest ON keys (created_at, id);
CREATE INDEX keys_of_family ON keys (family, created_at, id);
CREATE INDEX keys_of_owner ON keys (owner, created_at, id);

-- A change of what a key may do that did not take a change sequence would be invisible to every cache.
-- +goose StatementBegin
CREATE TRIGGER keys_change_takes_a_seq
BEFORE UPDATE OF id, family, owner, scopes, status, expires_at ON keys
WHEN NEW.changed_seq <= OLD.changed_seq OR NEW.changed_seq <> (SELECT seq FROM epoch)
BEGIN
    SELECT RAISE(ABORT, 'a key was changed without taking a change sequence');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER keys_revoked_is_final
BEFORE UPDATE OF status ON keys
WHEN OLD.status = 'revoked' AND NEW.status <> 'revoked'
BEGIN
    SELECT RAISE(ABORT, 'a revocation is final');
END;
-- +goose StatementEnd

CREATE TABLE incidents (
    id                TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    fingerprint       TEXT NOT NULL UNIQUE CHECK (fingerprint <> ''),
    pattern           TEXT NOT NULL,
    vendor            TEXT NOT NULL,
    name              TEXT NOT NULL,
    redacted          TEXT NOT NULL,
    source            BLOB NOT NULL, -- a path may be no UTF-8
    blob              TEXT NOT NULL,
    place             TEXT NOT NULL, -- JSON
    places            INTEGER NOT NULL,
    state             TEXT NOT NULL CHECK (state IN ('open', 'resolved')),
    resolution        TEXT NOT NULL DEFAULT '',
    first_seen_at     INTEGER NOT NULL,
    last_seen_at      INTEGER NOT NULL,
    resolved_at       INTEGER CHECK ((resolved_at IS NOT NULL) = (state = 'resolved')),
    verdict           TEXT NOT NULL,
    verdict_reason    TEXT NOT NULL,
    verdict_at        INTEGER,
    verdict_key       TEXT NOT NULL, -- no reference: the key may be in another store
    verdict_family    TEXT NOT NULL,
    verdict_owner     TEXT NOT NULL,
    verdict_scopes    TEXT NOT NULL,
    verdict_last_used INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX incidents_newest ON incidents (first_seen_at, id);
CREATE INDEX incidents_by_state ON incidents (state, first_seen_at, id);

CREATE TABLE outcomes (
    place    INTEGER PRIMARY KEY AUTOINCREMENT, -- their order
    incident TEXT NOT NULL REFERENCES incidents (id),
    action   TEXT NOT NULL,
    target   TEXT NOT NULL,
    key      TEXT NOT NULL, -- the action's idempotency key
    why      TEXT NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('done', 'already', 'failed', 'waiting')),
    detail   TEXT NOT NULL,
    at       INTEGER NOT NULL,
    seq      INTEGER NOT NULL
) STRICT;

CREATE INDEX outcomes_of_incident ON outcomes (incident, place);
-- One effect counts once.
CREATE UNIQUE INDEX outcomes_settled_once ON outcomes (incident, key) WHERE state IN ('done', 'already');

-- The bytes of each event, as they were hashed.
CREATE TABLE audit_events (
    place INTEGER PRIMARY KEY CHECK (place >= 0),
    leaf  BLOB NOT NULL
) STRICT;

-- The hashes of the tree, at tlog's storage indexes.
CREATE TABLE audit_hashes (
    place INTEGER PRIMARY KEY CHECK (place >= 0),
    hash  BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE audit_checkpoints (
    size   INTEGER PRIMARY KEY CHECK (size > 0),
    signed TEXT NOT NULL
) STRICT;
