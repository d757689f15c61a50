package store

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"sync"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/webhook"
)

var _ webhook.Inbox = (*Engine)(nil)

// deliveryID is the grammar of webhook.DeliveryID.
var deliveryID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`) })

// Accept keeps a delivery and inserts the next jobs in one transaction. Twice, by id or by body: not fresh, and
// nothing is written.
func (e *Engine) Accept(ctx context.Context, d webhook.Delivery, next ...jobs.Args) (fresh bool, err error) {
	if !deliveryID().MatchString(string(d.ID)) {
		return false, fmt.Errorf("accept delivery: its id breaks the grammar: %w", ErrText)
	}
	if err := checkTexts(field{"event", string(d.Event)}); err != nil {
		return false, fmt.Errorf("accept delivery %s: %w", d.ID, err)
	}
	received := micros(d.ReceivedAt)
	if received.IsZero() {
		received = micros(e.now())
	}
	err = e.db.Write(ctx, func(tx Tx) error {
		n, err := tx.Exec(ctx, DeliveryPut, d.ID, d.Event, d.BodySHA256[:], body(d.Body), e.db.Time(received))
		if fresh = err == nil && n == 1; !fresh {
			return err
		}
		return tx.Insert(ctx, next)
	})
	if err != nil {
		return false, fmt.Errorf("accept delivery %s: %w", d.ID, err)
	}
	return fresh, nil
}

// body is never NULL.
func body(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Delivery returns an accepted delivery with its body. issuer.ErrNotFound when there is none.
func (e *Engine) Delivery(ctx context.Context, id webhook.DeliveryID) (webhook.Delivery, error) {
	if !deliveryID().MatchString(string(id)) {
		return webhook.Delivery{}, fmt.Errorf("read delivery: %w", issuer.ErrNotFound) // no delivery can have it
	}
	var d webhook.Delivery
	var sum []byte
	var received stamp
	err := e.db.Reader().QueryRow(ctx, DeliveryGet, id).Scan(&d.ID, &d.Event, &sum, &d.Body, &received)
	if absent(err) {
		err = issuer.ErrNotFound
	}
	if err == nil && len(sum) != len(d.BodySHA256) {
		err = fmt.Errorf("its digest has %d bytes", len(sum))
	}
	if err != nil {
		return webhook.Delivery{}, fmt.Errorf("read delivery %s: %w", id, err)
	}
	d.BodySHA256, d.ReceivedAt = [32]byte(sum), received.time()
	return d, nil
}

// RecordScan keeps the scan of a delivery and inserts the next jobs in one transaction. Twice: the later one
// stands, and the jobs are inserted again. issuer.ErrNotFound: no such delivery.
func (e *Engine) RecordScan(ctx context.Context, scan webhook.Scan, next ...jobs.Args) error {
	if _, err := e.Delivery(ctx, scan.Delivery); err != nil { // deliveries are never deleted under a scan
		return fmt.Errorf("record a scan: %w", err)
	}
	args, err := e.scanArgs(scan)
	if err == nil {
		err = e.db.Write(ctx, func(tx Tx) error {
			if _, err := tx.Exec(ctx, ScanPut, args...); err != nil {
				return err
			}
			return tx.Insert(ctx, next)
		})
	}
	if err != nil {
		return fmt.Errorf("record the scan of delivery %s: %w", scan.Delivery, err)
	}
	return nil
}

func (e *Engine) scanArgs(scan webhook.Scan) ([]any, error) {
	incidents, err := list(scan.Incidents)
	if err != nil {
		return nil, err
	}
	notes, err := list(scan.Notes)
	if err != nil {
		return nil, err
	}
	err = checkTexts(field{"repository", scan.Repository}, field{"head", scan.Head})
	complete := 0 // SQLite has no booleans
	if scan.Complete {
		complete = 1
	}
	return []any{
		scan.Delivery, scan.Repository, scan.Head, scan.Commits, scan.Blobs, scan.Bytes, scan.Findings, scan.Skips,
		complete, incidents, notes, e.db.Time(micros(scan.FinishedAt)),
	}, err
}

// list is the stored form of a list of texts: JSON, "[]" for none. encoding/json replaces what is no UTF-8.
func list(texts []string) (string, error) {
	if texts == nil {
		texts = []string{}
	}
	encoded, err := json.Marshal(texts)
	return string(encoded), err
}

// Scan returns the recorded scan of a delivery. issuer.ErrNotFound when there is none.
func (e *Engine) Scan(ctx context.Context, id webhook.DeliveryID) (webhook.Scan, error) {
	if !deliveryID().MatchString(string(id)) {
		return webhook.Scan{}, fmt.Errorf("read a scan: %w", issuer.ErrNotFound) // no delivery can have it
	}
	scan, err := scanScan(e.db.Reader().QueryRow(ctx, ScanGet, id))
	if absent(err) {
		err = issuer.ErrNotFound
	}
	if err != nil {
		return webhook.Scan{}, fmt.Errorf("read the scan of delivery %s: %w", id, err)
	}
	return scan, nil
}

func scanScan(row Row) (webhook.Scan, error) {
	var s webhook.Scan
	var complete int
	var incidents, notes string
	var finished stamp
	err := row.Scan(&s.Delivery, &s.Repository, &s.Head, &s.Commits, &s.Blobs, &s.Bytes, &s.Findings, &s.Skips,
		&complete, &incidents, &notes, &finished)
	if err != nil {
		return webhook.Scan{}, err
	}
	s.Complete, s.FinishedAt = complete == 1, finished.time()
	if s.Incidents, err = unlist(incidents); err != nil {
		return webhook.Scan{}, err
	}
	s.Notes, err = unlist(notes)
	return s, err
}

func unlist(encoded string) ([]string, error) {
	var texts []string
	if err := json.Unmarshal([]byte(encoded), &texts); err != nil {
		return nil, fmt.Errorf("decode a stored list: %w", err)
	}
	if len(texts) == 0 {
		return nil, nil
	}
	return texts, nil
}
