-- Families, owners and keys; incidents; the audit log; the identity of the store.
-- NULL is "never"; empty text is '', never NULL. Text that is compared or sorted has COLLATE "C": byte by byte,
-- whatever the database's default is.

-- +goose Up

-- The one order of changes. seq is taken by every change; events is how many audit events were ever appended.
CREATE TABLE epoch (
    one    integer PRIMARY KEY CHECK (one = 1),
    seq    bigint NOT NULL CHECK (seq >= 0),
    events bigint NOT NULL CHECK (events >= 0)
);
INSERT INTO epoch (one, seq, events) VALUES (1, 0, 0);

CREATE TABLE meta (
    name  text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE pepper_checks (
    version   bigint PRIMARY KEY,
    check_sum bytea NOT NULL CHECK (length(check_sum) = 32)
);

CREATE TABLE families (
    prefix     text COLLATE "C" PRIMARY KEY,
    scopes     text NOT NULL, -- sorted, one space between
    created_at timestamptz NOT NULL
);

CREATE TABLE owners (
    name       text COLLATE "C" PRIMARY KEY,
    created_at timestamptz NOT NULL
);

CREATE TABLE keys (
    id             text COLLATE "C" PRIMARY KEY CHECK (id <> ''),
    family         text COLLATE "C" NOT NULL REFERENCES families (prefix),
    owner          text COLLATE "C" NOT NULL REFERENCES owners (name),
    label          text NOT NULL,
    scopes         text NOT NULL,
    digest         bytea NOT NULL CHECK (length(digest) = 32),
    pepper_version bigint NOT NULL,
    status         text NOT NULL CHECK (status IN ('active', 'disabled', 'revoked')),
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz,
    revoked_at     timestamptz CHECK ((revoked_at IS NOT NULL) = (status = 'revoked')),
    revoked_reason text NOT NULL DEFAULT '',
    revoked_seq    bigint NOT NULL DEFAULT 0,
    changed_seq    bigint NOT NULL, -- of the last change of what the key may do
    last_used_at   timestamptz
);

-- For pages of keys, newest first, and for those of one family or owner.
CREATE INDEX keys_newest ON keys (created_at, id);
CREATE INDEX keys_of_family ON keys (family, created_at, id);
CREATE INDEX keys_of_owner ON keys (owner, created_at, id);

-- A change of what a key may do that did not take a change sequence would be invisible to every cache.
-- +goose StatementBegin
CREATE FUNCTION keys_change_takes_a_seq() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.changed_seq <= OLD.changed_seq OR NEW.changed_seq <> (SELECT seq FROM epoch) THEN
        RAISE EXCEPTION 'a key was changed without taking a change sequence';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER keys_change_takes_a_seq
    BEFORE UPDATE OF id, family, owner, scopes, status, expires_at ON keys
    FOR EACH ROW EXECUTE FUNCTION keys_change_takes_a_seq();

-- +goose StatementBegin
CREATE FUNCTION keys_revoked_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'revoked' AND NEW.status <> 'revoked' THEN
        RAISE EXCEPTION 'a revocation is final';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- Triggers run by name: the sequence is looked at first.
CREATE TRIGGER keys_revoked_is_final
    BEFORE UPDATE OF status ON keys
    FOR EACH ROW EXECUTE FUNCTION keys_revoked_is_final();

CREATE TABLE incidents (
    id                text COLLATE "C" PRIMARY KEY CHECK (id <> ''),
    fingerprint       text COLLATE "C" NOT NULL UNIQUE CHECK (fingerprint <> ''),
    pattern           text NOT NULL,
    vendor            text NOT NULL,
    name              text NOT NULL,
    redacted          text NOT NULL,
    source            bytea NOT NULL, -- a path may be no UTF-8
    blob              text NOT NULL,
    place             text NOT NULL, -- JSON
    places            bigint NOT NULL,
    state             text NOT NULL CHECK (state IN ('open', 'resolved')),
    resolution        text NOT NULL DEFAULT '',
    first_seen_at     timestamptz NOT NULL,
    last_seen_at      timestamptz NOT NULL,
    resolved_at       timestamptz CHECK ((resolved_at IS NOT NULL) = (state = 'resolved')),
    verdict           text NOT NULL,
    verdict_reason    text NOT NULL,
    verdict_at        timestamptz,
    verdict_key       text NOT NULL, -- no reference: the key may be in another store
    verdict_family    text NOT NULL,
    verdict_owner     text NOT NULL,
    verdict_scopes    text NOT NULL,
    verdict_last_used timestamptz
);

CREATE INDEX incidents_newest ON incidents (first_seen_at, id);
CREATE INDEX incidents_by_state ON incidents (state, first_seen_at, id);

CREATE TABLE outcomes (
    place    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- their order, within an incident
    incident text COLLATE "C" NOT NULL REFERENCES incidents (id),
    action   text NOT NULL,
    target   text NOT NULL,
    key      text COLLATE "C" NOT NULL, -- the action's idempotency key
    why      text NOT NULL,
    state    text NOT NULL CHECK (state IN ('done', 'already', 'failed', 'waiting')),
    detail   text NOT NULL,
    at       timestamptz NOT NULL,
    seq      bigint NOT NULL
);

CREATE INDEX outcomes_of_incident ON outcomes (incident, place);
-- One effect counts once.
CREATE UNIQUE INDEX outcomes_settled_once ON outcomes (incident, key) WHERE state IN ('done', 'already');

-- The bytes of each event, as they were hashed.
CREATE TABLE audit_events (
    place bigint PRIMARY KEY CHECK (place >= 0),
    leaf  bytea NOT NULL
);

-- The hashes of the tree, at tlog's storage indexes.
CREATE TABLE audit_hashes (
    place bigint PRIMARY KEY CHECK (place >= 0),
    hash  bytea NOT NULL CHECK (length(hash) = 32)
);

CREATE TABLE audit_checkpoints (
    size   bigint PRIMARY KEY CHECK (size > 0),
    signed text NOT NULL
);
