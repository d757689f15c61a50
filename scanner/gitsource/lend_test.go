package gitsource_test

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
)

// borrower keeps copies of what it is lent, and sees that no worker is two at once.
type borrower struct {
	t       *testing.T
	workers int
	hook    func() // called once, inside the first call
	once    sync.Once

	mu   sync.Mutex
	busy map[int]bool
	got  result
	kept map[*scanner.Traces][]byte // contents by the traces that were returned for them
	made int                        // blobs with a base
}

func newBorrower(t *testing.T, workers int) *borrower {
	return &borrower{t: t, workers: workers, busy: map[int]bool{}, kept: map[*scanner.Traces][]byte{}}
}

func (b *borrower) enter(worker int) (leave func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if worker < 0 || worker >= b.workers || b.busy[worker] {
		b.t.Errorf("worker %d of %d, busy: %v", worker, b.workers, b.busy[worker])
	}
	b.busy[worker] = true
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.busy[worker] = false
	}
}

func (b *borrower) Blob(worker int, lent scanner.Lent) (scanner.Taken, error) {
	leave := b.enter(worker)
	defer leave()
	if b.hook != nil {
		b.once.Do(b.hook)
	}
	copied := bytes.Clone(lent.Data)
	b.mu.Lock()
	defer b.mu.Unlock()
	if lent.Base != nil {
		b.made++
		if !bytes.Equal(rebuilt(b.kept[lent.Base], lent), lent.Data) {
			b.t.Errorf("blob %s is not what its segments say", lent.ID)
		}
	}
	blob := lent.Blob
	blob.Data = copied
	b.got.blobs = append(b.got.blobs, blob)
	if !lent.IsBase {
		return scanner.Taken{}, nil
	}
	// Traces have no size yet, and pointers to such things need not differ.
	traces := &struct {
		traces scanner.Traces
		_      byte
	}{}
	b.kept[&traces.traces] = copied
	return scanner.Taken{Traces: &traces.traces}, nil
}

// rebuilt is what the segments make of the base.
func rebuilt(base []byte, lent scanner.Lent) []byte {
	var out []byte
	for _, s := range lent.Segments {
		if s.From == scanner.Inserted {
			out = append(out, lent.Data[len(out):len(out)+s.Len]...)
		} else {
			out = append(out, base[s.From:s.From+s.Len]...)
		}
	}
	return out
}

func (b *borrower) Skip(worker int, skip *scanner.Skip) error {
	leave := b.enter(worker)
	defer leave()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got.skips = append(b.got.skips, *skip)
	return nil
}

// lend runs Lend to its end.
func lend(t *testing.T, h *gitsource.History, workers int) *borrower {
	t.Helper()
	b := newBorrower(t, workers)
	b.got.err = h.Lend(context.Background(), workers, b)
	return b
}

// sameLent compares what Lend gives to what Blobs yields, with the counts and skips.
func sameLent(t *testing.T, r *repo, options gitsource.Options) {
	t.Helper()
	one := r.open(options).History()
	want := collect(t, one)
	for _, workers := range []int{1, 3} {
		h := r.open(options).History()
		got := lend(t, h, workers).got
		if !reflect.DeepEqual(got.contents(), want.contents()) {
			t.Errorf("%d workers lent %d blobs, %d are yielded", workers, len(got.blobs), len(want.blobs))
		}
		if h.Counts() != one.Counts() {
			t.Errorf("%d workers count %+v, %+v are yielded", workers, h.Counts(), one.Counts())
		}
		if fmt.Sprint(got.err) != fmt.Sprint(want.err) || !reflect.DeepEqual(got.said(), want.said()) {
			t.Errorf("%d workers: error %v, skips %q; yielded %v, %q", workers, got.err, got.said(), want.err, want.said())
		}
		lent := map[string]bool{}
		for _, b := range got.blobs {
			lent[string(b.ID)] = true
			if b.ID != "" && !h.Gave(b.ID) {
				t.Errorf("blob %s was lent and is said not to be", b.ID)
			}
		}
		for _, id := range got.objects() {
			if !lent[id] && h.Gave(scanner.BlobID(id)) {
				t.Errorf("object %s was skipped and is said to be lent", id)
			}
		}
	}
}

func TestLendingEndsWithTheErrorOfTheBorrower(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for i := range 5 {
		r.commit("a", strconv.Itoa(i))
	}
	for _, packed := range []bool{false, true} {
		if packed {
			r.git("repack", "-q", "-a", "-d")
		}
		err := r.open().History().Lend(t.Context(), 2, refusing{})
		if err == nil || !strings.Contains(err.Error(), "no more") {
			t.Errorf("packed %v: error %v", packed, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		b := newBorrower(t, 2)
		b.hook = cancel
		if err := r.open().History().Lend(ctx, 2, b); err == nil {
			t.Errorf("packed %v: a cancelled lending ended without an error", packed)
		}
	}
}

type refusing struct{}

func (refusing) Blob(int, scanner.Lent) (scanner.Taken, error) {
	return scanner.Taken{}, fmt.Errorf("no more")
}
func (refusing) Skip(int, *scanner.Skip) error { return fmt.Errorf("no more") }
