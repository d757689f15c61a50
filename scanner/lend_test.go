package scanner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/keywright/keywright/patterns"
)

func madeUpFamily(t testing.TB, s *Scanner, seed uint64, histories, versions int) *family {
	t.Helper()
	w := &writer{rand.New(rand.NewPCG(seed, 7)), snippetsOf(t, s.set, 5)}
	f := &family{}
	for range histories {
		f.histories = append(f.histories, w.history(versions))
	}
	return f
}

func TestWhatIsLentIsFoundTheSameByAnyNumberOfWorkers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		limits Limits
	}{
		{"within the limits", Limits{}},
		{"with more secrets than the limit", Limits{MaxFindings: 9}},
		{"with more places than are kept", Limits{MaxLocations: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := builtinScanner(t).with(func(o *Options) { o.Limits = test.limits; *o = o.filled() })
			f := madeUpFamily(t, s, 1, 20, 15)
			for i := range 5 {
				f.skips = append(f.skips, Skip{Reason: SkipCorruptObject, Object: fmt.Sprint(5 - i)})
			}
			var first *memory
			for _, workers := range []int{1, 2, 7} {
				got := remember(t, s.with(func(o *Options) { o.Workers = workers }), &family{histories: f.histories, skips: f.skips})
				if first == nil {
					first = got
				}
				sameMemory(t, fmt.Sprint(workers, " workers"), got, first)
			}
			if len(first.findings) < 9 || len(first.skips) < 5 || first.done.Complete {
				t.Errorf("%d findings, %d skips, complete: %v", len(first.findings), len(first.skips), first.done.Complete)
			}
		})
	}
}

// fed is a Source that is none of the other things.
type fed []Blob

func (f fed) Blobs(context.Context) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) {
		for _, b := range f {
			if !yield(b, nil) {
				return
			}
		}
	}
}

func TestEachPartOfAJoinedSourceGoesItsOwnWay(t *testing.T) {
	t.Parallel()
	s := builtinScanner(t)
	own, _ := s.set.ByID(patterns.OwnID)
	key, err := patterns.Mint(own, "joined")
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("k = " + key + "\n")
	lender := &family{histories: [][]version{{{parent: -1, data: text}}, {{parent: -1, data: []byte("nothing")}}}}
	again := &family{histories: [][]version{{{parent: -1, data: text}}}}
	id := idOf(0, 0)
	first := fed{{ID: "ff", Data: text, Location: Location{Path: "a"}}}
	last := fed{{ID: id, Data: text, Location: Location{Path: "index"}}, {Data: text, Location: Location{Path: "tree"}}}
	m := remember(t, s, Join(first, Join(lender, again), last))
	if len(m.findings) != 1 || m.findings[0].Total != 3 {
		t.Fatalf("%d findings", len(m.findings))
	}
	f := m.findings[0]
	var paths []string
	for _, l := range append([]Location{f.Location}, f.Locations...) {
		paths = append(paths, l.Path)
	}
	// The blob that was lent stands where the source that came last says.
	if slices.Sort(paths); !slices.Equal(paths, []string{"a", "index", "tree"}) {
		t.Errorf("places %q", paths)
	}
	if lender.lent.Load() != 2 || again.lent.Load() != 1 {
		t.Errorf("%d and %d blobs were lent", lender.lent.Load(), again.lent.Load())
	}
	if m.done.Blobs != 4 || m.done.Bytes != int64(3*len(text)+len("nothing")) {
		t.Errorf("%d blobs of %d bytes were scanned: one of the same id is scanned once", m.done.Blobs, m.done.Bytes)
	}
}

func TestALenderThatFailsMakesTheScanIncomplete(t *testing.T) {
	t.Parallel()
	s := builtinScanner(t)
	broken := errors.New("the pack is gone")
	f := madeUpFamily(t, s, 2, 3, 3)
	f.err = broken
	m := &memory{}
	summary, err := s.Scan(context.Background(), f, m)
	if !errors.Is(err, broken) || summary.Complete || len(m.skips) != 1 || m.skips[0].Reason != SkipSourceFailed || len(m.findings) == 0 {
		t.Errorf("error %v, skips %v, %d findings", err, m.skips, len(m.findings))
	}
}

func TestTheEndOfTheContextEndsTheLending(t *testing.T) {
	t.Parallel()
	for _, before := range []int{0, 1, 40} {
		s := builtinScanner(t)
		f := madeUpFamily(t, s, 3, 10, 10)
		ctx, cancel := context.WithCancel(context.Background())
		b := &stopAfter{Lender: f, blobs: before, stop: cancel}
		m := &memory{}
		summary, err := s.with(func(o *Options) { o.Workers = 1 }).Scan(ctx, b, m)
		cancel()
		if !errors.Is(err, context.Canceled) || summary.Complete || len(m.skips) == 0 || m.skips[len(m.skips)-1].Reason != SkipDeadline {
			t.Errorf("error %v, skips %v", err, m.skips)
		}
		if got := f.lent.Load(); got > int64(before)+1 {
			t.Errorf("%d blobs were lent, the scan was stopped after %d", got, before)
		}
	}
}

// stopAfter cancels before it lends one blob more than blobs.
type stopAfter struct {
	Lender
	blobs int
	stop  func()
}

func (s *stopAfter) Lend(ctx context.Context, workers int, b Borrower) error {
	return s.Lender.Lend(ctx, workers, &stopping{Borrower: b, s: s})
}

type stopping struct {
	Borrower
	s *stopAfter
}

func (s *stopping) Blob(worker int, blob Lent) (Taken, error) {
	if s.s.blobs == 0 {
		s.s.stop()
	}
	s.s.blobs--
	return s.Borrower.Blob(worker, blob)
}

func TestAScanStopsWithinABlob(t *testing.T) {
	t.Parallel()
	s := builtinScanner(t)
	w := newWorker(s)
	done := make(chan struct{})
	close(done)
	w.pass.done = done
	result, traces := w.guarded(Lent{Blob: Blob{Data: bytes.Repeat([]byte("AKIA secret_key= "), 1<<16)}, IsBase: true})
	if !result.stopped || traces != nil || w.pass.hits > hitsBetweenLooks {
		t.Errorf("stopped: %v, after %d literals", result.stopped, w.pass.hits)
	}
}

func TestAPanicInOneBlobIsASkipOfIt(t *testing.T) {
	t.Parallel()
	s := builtinScanner(t)
	program := *s.program
	program.prefilter = fragile{s.program.prefilter}
	s.program = &program
	w := newWorker(s)
	result, traces := w.guarded(Lent{Blob: Blob{ID: "aa", Data: []byte("break")}, IsBase: true})
	if traces != nil || len(result.skips) != 1 || result.skips[0].Reason != SkipUnsupported || result.skips[0].Object != "aa" {
		t.Errorf("skips %v", result.skips)
	}
	own, _ := s.set.ByID(patterns.OwnID)
	key, err := patterns.Mint(own, "after")
	if err != nil {
		t.Fatal(err)
	}
	if result, _ = w.guarded(Lent{Blob: Blob{Data: []byte(key)}}); len(result.claims) != 1 {
		t.Errorf("%d claims in the blob after it", len(result.claims))
	}
}

// fragile panics when a text says so.
type fragile struct{ prefilter }

func (f fragile) within(data []byte, from, to int, q *hitQueue) {
	if string(data) == "break" {
		panic(errors.New("broken"))
	}
	f.prefilter.within(data, from, to, q)
}

func TestTheLastProgressIsTheWhole(t *testing.T) {
	t.Parallel()
	s := builtinScanner(t)
	f := madeUpFamily(t, s, 4, 30, 10)
	var told []Progress // without a lock: the race detector sees two calls at once
	m := remember(t, s.with(func(o *Options) {
		o.Workers = 4
		o.Progress = func(p Progress) { told = append(told, p) }
	}), f)
	last := told[len(told)-1]
	if last.Blobs != 300 || last.Secrets != len(m.findings) || last.Bytes != m.done.Bytes {
		t.Errorf("last %+v, done %+v with %d findings", last, m.done, len(m.findings))
	}
	if !slices.IsSortedFunc(told, func(a, b Progress) int { return a.Blobs - b.Blobs }) {
		t.Error("the progress goes back")
	}
}

func TestTracesOfABlobAtALimitAreDropped(t *testing.T) {
	t.Parallel()
	s := builtinScanner(t)
	dense := bytes.Repeat([]byte("AKIA"), 1000)
	own, _ := s.set.ByID(patterns.OwnID)
	key, err := patterns.Mint(own, "limit")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		s    *Scanner
		lent Lent
		want bool
	}{
		{"of an ordinary text", s, Lent{Blob: Blob{Data: []byte("nothing")}, IsBase: true}, true},
		{"of one that no other is made from", s, Lent{Blob: Blob{Data: []byte("nothing")}}, false},
		{"of one with too many literals", s, Lent{Blob: Blob{Data: dense}, IsBase: true}, false},
		{"of one with too many matches", s.with(func(o *Options) { o.Limits.MaxMatchesPerBlob = 1 }), Lent{Blob: Blob{Data: []byte(key + " " + key)}, IsBase: true}, false},
		{"in a full scan", s.with(func(o *Options) { o.FullScan = true }), Lent{Blob: Blob{Data: []byte("nothing")}, IsBase: true}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, traces := newWorker(test.s).guarded(test.lent); (traces != nil) != test.want {
				t.Errorf("traces: %v, want %v", traces != nil, test.want)
			}
		})
	}
}
