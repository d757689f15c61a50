package steps

import (
	"context"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/webhook"
)

// Deliveries reads what the door accepted and keeps what its scan did.
type Deliveries interface {
	// Delivery returns an accepted delivery with its body. Absent: issuer.ErrNotFound.
	Delivery(ctx context.Context, id webhook.DeliveryID) (webhook.Delivery, error)
	// RecordScan keeps the scan of a delivery and inserts the next jobs in one transaction.
	// Twice: the later one replaces the earlier, and the jobs are inserted again (they are unique by their
	// arguments). Absent delivery: issuer.ErrNotFound.
	RecordScan(ctx context.Context, scan webhook.Scan, next ...jobs.Args) error
	// Scan returns the recorded scan. None yet, or no such delivery: issuer.ErrNotFound.
	Scan(ctx context.Context, id webhook.DeliveryID) (webhook.Scan, error)
}
