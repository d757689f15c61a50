package webhook

import (
	"context"
	"time"

	"github.com/keywright/keywright/internal/jobs"
)

// DeliveryID is the value of X-GitHub-Delivery: 1 to 64 characters of [0-9A-Za-z-].
type DeliveryID string

// Event is the value of X-GitHub-Event, confirmed from the body's shape.
type Event string

// The events that the door can confirm.
const (
	EventPush Event = "push"
	EventPing Event = "ping" // answered, never kept
)

// Delivery is one accepted webhook delivery.
type Delivery struct {
	ID         DeliveryID
	Event      Event
	BodySHA256 [32]byte
	// Body is what [ParsePush] reads of the body that was signed, and nothing more: the commit messages and file
	// names in a payload may hold the very secret that was leaked. BodySHA256 is of the body as signed.
	Body       []byte
	ReceivedAt time.Time
}

// Inbox keeps deliveries.
type Inbox interface {
	// Accept keeps the delivery and inserts the next jobs in one transaction, or does neither.
	//
	// Twice, by id or by body digest: fresh is false, nothing is written, no job is inserted, no error.
	// Concurrent: exactly one of several equal calls is fresh. Cancelled: nothing is kept, unless the commit
	// was under way; then the error says that the outcome is unknown.
	Accept(ctx context.Context, delivery Delivery, next ...jobs.Args) (fresh bool, err error)
}

// Scan is what one delivery's scan did, kept beside the delivery: counts and ids, never content.
type Scan struct {
	Delivery   DeliveryID
	Repository string // "owner/name"
	Head       string // the commit that the check run stands on; empty: none
	Commits    int
	Blobs      int
	Bytes      int64
	Findings   int
	Skips      int
	Complete   bool     // all that the push brought was scanned
	Incidents  []string // ids, in the order they were found
	Notes      []string // for people: "branch deleted: nothing to scan"
	FinishedAt time.Time
}
