-- What the webhook door accepted, and what the scans of it did.

-- +goose Up

-- Unique by id and by body: GitHub sends a redelivery under the same id, and a replay may come under another.
CREATE TABLE deliveries (
    id          text COLLATE "C" PRIMARY KEY CHECK (id <> ''),
    event       text NOT NULL,
    body_sha256 bytea NOT NULL UNIQUE CHECK (length(body_sha256) = 32),
    body        bytea NOT NULL,
    received_at timestamptz NOT NULL
);

CREATE TABLE scans (
    delivery    text COLLATE "C" PRIMARY KEY REFERENCES deliveries (id),
    repository  text NOT NULL,
    head        text NOT NULL,
    commits     bigint NOT NULL,
    blobs       bigint NOT NULL,
    bytes       bigint NOT NULL,
    findings    bigint NOT NULL,
    skips       bigint NOT NULL,
    complete    bigint NOT NULL CHECK (complete IN (0, 1)), -- as on SQLite
    incidents   text NOT NULL, -- JSON list of ids
    notes       text NOT NULL, -- JSON list
    finished_at timestamptz
);
