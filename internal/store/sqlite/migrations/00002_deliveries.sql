-- What the webhook door accepted, and what the scans of it did.

-- +goose Up

-- Unique by id and by body: GitHub sends a redelivery under the same id, and a replay may come under another.
CREATE TABLE deliveries (
    id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    event       TEXT NOT NULL,
    body_sha256 BLOB NOT NULL UNIQUE CHECK (length(body_sha256) = 32),
    body        BLOB NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;

CREATE TABLE scans (
    delivery    TEXT NOT NULL PRIMARY KEY REFERENCES deliveries (id),
    repository  TEXT NOT NULL,
    head        TEXT NOT NULL,
    commits     INTEGER NOT NULL,
    blobs       INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    findings    INTEGER NOT NULL,
    skips       INTEGER NOT NULL,
    complete    INTEGER NOT NULL CHECK (complete IN (0, 1)),
    incidents   TEXT NOT NULL, -- JSON list of ids
    notes       TEXT NOT NULL, -- JSON list
    finished_at INTEGER
) STRICT, WITHOUT ROWID;
