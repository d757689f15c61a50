package audit

import (
	"context"
	"time"
)

// Kind names what happened. Stable.
type Kind string

// The kinds.
const (
	StoreCreated     Kind = "store.created"
	FamilyCreated    Kind = "family.created"
	KeyIssued        Kind = "key.issued"
	KeyDisabled      Kind = "key.disabled"
	KeyEnabled       Kind = "key.enabled"
	KeyRevoked       Kind = "key.revoked"
	IncidentOpened   Kind = "incident.opened"
	IncidentVerdict  Kind = "incident.verdict"
	IncidentAction   Kind = "incident.action"
	IncidentResolved Kind = "incident.resolved"
)

// Event is one line of the log. It never holds key material.
type Event struct {
	Index   int64             `json:"index"` // from 0, no gaps
	At      time.Time         `json:"at"`    // UTC, microseconds
	Kind    Kind              `json:"kind"`
	Actor   string            `json:"actor"`
	Subject string            `json:"subject"` // key id, family, incident id
	Detail  map[string]string `json:"detail,omitempty"`
}

// Log reads what a store kept.
type Log interface {
	// Size is the number of events.
	Size(ctx context.Context) (int64, error)
	// Leaves calls f with the exact bytes of each event from index from on, in order, until f fails.
	Leaves(ctx context.Context, from int64, f func(index int64, leaf []byte) error) error
	// Hashes returns the stored tree hashes at tlog's storage indexes.
	Hashes(ctx context.Context, indexes []int64) ([][32]byte, error)
	// Checkpoints returns the signed checkpoints, oldest first.
	Checkpoints(ctx context.Context) ([]string, error)
	// AddCheckpoint keeps a signed checkpoint of a tree of that size. The same size twice: the first stays.
	AddCheckpoint(ctx context.Context, size int64, signed string) error
}
