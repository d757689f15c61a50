package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/webhook"
)

// Deliveries is the part of a store that the webhook door and its steps use.
type Deliveries interface {
	webhook.Inbox
	Delivery(ctx context.Context, id webhook.DeliveryID) (webhook.Delivery, error)
	RecordScan(ctx context.Context, scan webhook.Scan, next ...jobs.Args) error
	Scan(ctx context.Context, id webhook.DeliveryID) (webhook.Scan, error)
}

func deliveryCases() cases {
	return cases{
		"ADeliveryComesBackAsAccepted": func(t *testing.T, b Backend) {
			d := delivery("a-1", "{\"\x00\xff\"}")
			if fresh := get(b.Deliveries.Accept(t.Context(), d))(t); !fresh {
				t.Error("not fresh")
			}
			d.ReceivedAt = kept(noon)
			if got := get(b.Deliveries.Delivery(t.Context(), d.ID))(t); !reflect.DeepEqual(got, d) {
				t.Errorf("got %+v, want %+v", got, d)
			}
		},
		"SameDeliveryTwice": func(t *testing.T, b Backend) {
			accept := func(d webhook.Delivery) bool {
				return get(b.Deliveries.Accept(t.Context(), d, jobs.ScanPush{DeliveryID: string(d.ID)}))(t)
			}
			if !accept(delivery("a", "one")) || accept(delivery("a", "one")) {
				t.Error("the same delivery was fresh twice, or never")
			}
			if accept(delivery("a", "two")) {
				t.Error("another body under the same id was fresh")
			}
			if accept(delivery("b", "one")) {
				t.Error("the same body under another id was fresh")
			}
			if !accept(delivery("A", "three")) {
				t.Error("an id in another case is another id")
			}
			if got := get(b.Jobs(t.Context()))(t); !slices.Equal(got, []string{`scan_push {"delivery_id":"a"}`, `scan_push {"delivery_id":"A"}`}) {
				t.Errorf("jobs = %v", got)
			}
			if got := get(b.Deliveries.Delivery(t.Context(), "a"))(t); string(got.Body) != "one" {
				t.Errorf("the body was replaced by %q", got.Body)
			}
		},
		"TheSameDeliveryAtOnceIsFreshOnce": func(t *testing.T, b Backend) {
			const senders = 8
			fresh := make([]bool, senders)
			errs := make([]error, senders)
			var all sync.WaitGroup
			for i := range senders {
				id := "same"
				if i%2 == 1 {
					id = "replay-" + strconv.Itoa(i)
				}
				all.Go(func() {
					fresh[i], errs[i] = b.Deliveries.Accept(t.Context(), delivery(id, "body"), jobs.ScanPush{DeliveryID: id})
				})
			}
			all.Wait()
			must(t, errors.Join(errs...))
			firsts := len(slices.DeleteFunc(fresh, func(f bool) bool { return !f }))
			if got := get(b.Jobs(t.Context()))(t); firsts != 1 || len(got) != 1 {
				t.Errorf("fresh %d times, jobs %v", firsts, got)
			}
		},
		"ADeliveryWhoseJobFailsIsNotKept": func(t *testing.T, b Backend) {
			d, job := delivery("a", "one"), jobs.ScanPush{DeliveryID: "a"}
			b.Failing.on.Store(true)
			if fresh, err := b.Deliveries.Accept(t.Context(), d, job); fresh || !errors.Is(err, errQueueDown) {
				t.Errorf("fresh %v, %v", fresh, err)
			}
			b.Failing.on.Store(false)
			if fresh := get(b.Deliveries.Accept(t.Context(), d, job))(t); !fresh {
				t.Error("the retry is not fresh")
			}
		},
		"TheLaterScanOfADeliveryStands": func(t *testing.T, b Backend) {
			get(b.Deliveries.Accept(t.Context(), delivery("a", "one")))(t)
			first := webhook.Scan{Delivery: "a", Repository: "acme/shop", Notes: []string{"branch deleted"}}
			must(t, b.Deliveries.RecordScan(t.Context(), first, jobs.ConcludeCheck{DeliveryID: "a"}))
			if got := get(b.Deliveries.Scan(t.Context(), "a"))(t); !reflect.DeepEqual(got, first) {
				t.Errorf("got %+v, want %+v", got, first)
			}
			second := webhook.Scan{
				Delivery: "a", Repository: "acme/shop", Head: "c0ffee", Commits: 1, Blobs: 2, Bytes: 1 << 40, Findings: 3,
				Skips: 4, Complete: true, Incidents: []string{"inc_2", "inc_1"}, FinishedAt: kept(noon),
			}
			must(t, b.Deliveries.RecordScan(t.Context(), second, jobs.ConcludeCheck{DeliveryID: "a"}))
			if got := get(b.Deliveries.Scan(t.Context(), "a"))(t); !reflect.DeepEqual(got, second) {
				t.Errorf("got %+v, want %+v", got, second)
			}
			if got := get(b.Jobs(t.Context()))(t); len(got) != 2 {
				t.Errorf("jobs = %v", got)
			}
		},
		"AnUnknownDeliveryIsNotFound": func(t *testing.T, b Backend) {
			get(b.Deliveries.Accept(t.Context(), delivery("a", "one")))(t)
			if _, err := b.Deliveries.Scan(t.Context(), "a"); !errors.Is(err, issuer.ErrNotFound) {
				t.Errorf("a scan before there is one: %v", err)
			}
			for _, id := range []webhook.DeliveryID{"b", "", "a\x00", "\xff"} {
				_, read := b.Deliveries.Delivery(t.Context(), id)
				_, scan := b.Deliveries.Scan(t.Context(), id)
				record := b.Deliveries.RecordScan(t.Context(), webhook.Scan{Delivery: id}, jobs.ConcludeCheck{})
				for _, err := range []error{read, scan, record} {
					if !errors.Is(err, issuer.ErrNotFound) {
						t.Errorf("%q: %v", id, err)
					}
				}
			}
			if got := get(b.Jobs(t.Context()))(t); len(got) != 0 {
				t.Errorf("jobs = %v", got)
			}
		},
	}
}

func delivery(id, body string) webhook.Delivery {
	return webhook.Delivery{
		ID: webhook.DeliveryID(id), Event: webhook.EventPush, BodySHA256: sha256.Sum256([]byte(body)), Body: []byte(body),
		ReceivedAt: noon,
	}
}
