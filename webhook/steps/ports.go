package steps

import (
	"context"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/webhook"
	"github.com/keywright/keywright/webhook/githubapp"
)

// Deliveries reads what the door accepted and keeps what its scan did.
type Deliveries interface {
	// Delivery returns an accepted delivery with its body. Absent: issuer.ErrNotFound.
	Delivery(ctx context.Context, id webhook.DeliveryID) (webhook.Delivery, error)
	// RecordScan keeps the scan of a delivery and inserts the next jobs in one transaction.
	// Twice: the later one replaces the earlier, and the jobs are inserted again (they are unique by their
	// arguments while unfinished). Absent delivery: issuer.ErrNotFound.
	RecordScan(ctx context.Context, scan webhook.Scan, next ...jobs.Args) error
	// Scan returns the recorded scan. None yet, or no such delivery: issuer.ErrNotFound.
	Scan(ctx context.Context, id webhook.DeliveryID) (webhook.Scan, error)
}

// GitHub is what the steps ask of GitHub. *githubapp.App is one.
type GitHub interface {
	Fetch(ctx context.Context, r githubapp.Repository, moved githubapp.Range) (githubapp.Fetched, func(), error)
	Find(ctx context.Context, owner, name string) (githubapp.Repository, error)
	Object(ctx context.Context, r githubapp.Repository, id string) ([]byte, error)
	PutCheck(ctx context.Context, r githubapp.Repository, c githubapp.Check) (int64, error)
}

// Notifier tells the owner of a leaked key. id is the same for every try of the same notice, so that a receiver
// can drop the second. Absent owner: the notifier's default receiver. Cancelled: may or may not have been sent.
type Notifier interface {
	Notify(ctx context.Context, id string, about incident.Incident) error
}
