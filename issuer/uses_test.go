package issuer_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/keywright/keywright/issuer"
)

func TestTheLatestUseOfEachKeyIsFlushedInOrder(t *testing.T) {
	t.Parallel()
	var uses issuer.Uses
	start, store := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), newMapStore()
	for _, minute := range []time.Duration{2, 3, 1} {
		uses.Note(issuer.Use{Key: "b", At: start.Add(minute * time.Minute)})
	}
	uses.Note(issuer.Use{Key: "a", At: start})
	if err := uses.Flush(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	want := []issuer.Use{{Key: "a", At: start}, {Key: "b", At: start.Add(3 * time.Minute)}}
	if !slices.Equal(store.touched, want) {
		t.Errorf("flushed %v", store.touched)
	}
	if err := uses.Flush(t.Context(), store); err != nil || store.batches != 1 {
		t.Errorf("an empty flush wrote: %v, %d", err, store.batches)
	}
}

func TestAFailedFlushKeepsTheUsesAndTheLaterOne(t *testing.T) {
	t.Parallel()
	var uses issuer.Uses
	start, store := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), newMapStore()
	store.fail = errors.New("locked")
	uses.Note(issuer.Use{Key: "a", At: start})
	if err := uses.Flush(t.Context(), store); !errors.Is(err, store.fail) {
		t.Fatalf("Flush = %v", err)
	}
	uses.Note(issuer.Use{Key: "a", At: start.Add(-time.Hour)})
	store.fail = nil
	if err := uses.Flush(t.Context(), store); err != nil || len(store.touched) != 1 || store.touched[0].At != start {
		t.Errorf("after the failure: %v, %v", err, store.touched)
	}
}

func TestUsesAreBoundedAndWrittenInBatches(t *testing.T) {
	t.Parallel()
	var uses issuer.Uses
	store := newMapStore()
	for i := range issuer.MaxUses + 5 {
		uses.Note(issuer.Use{Key: issuer.KeyID(fmt.Sprintf("%012d", i)), At: time.Unix(1, 0)})
	}
	if err := uses.Flush(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	if len(store.touched) != issuer.MaxUses || uses.Dropped() != 5 || store.batches != issuer.MaxUses/1000 {
		t.Errorf("%d flushed in %d batches, %d dropped", len(store.touched), store.batches, uses.Dropped())
	}
}

func TestUsesMayBeNotedWhileFlushing(t *testing.T) {
	t.Parallel()
	var uses issuer.Uses
	var noting sync.WaitGroup
	store := newMapStore()
	for worker := range 4 {
		noting.Go(func() {
			for i := range 500 {
				uses.Note(issuer.Use{Key: issuer.KeyID(fmt.Sprintf("%06d%06d", worker, i)), At: time.Unix(1, 0)})
			}
		})
	}
	for range 10 {
		if err := uses.Flush(t.Context(), store); err != nil {
			t.Error(err)
		}
	}
	noting.Wait()
	if err := uses.Flush(t.Context(), store); err != nil || len(store.touched) != 2000 {
		t.Errorf("%d uses arrived, %v", len(store.touched), err)
	}
}
