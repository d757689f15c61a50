package scanner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// lend scans what a lender lends, on the goroutines on which it was read. What they find comes in no order: it is put
// into one before it is taken.
func (r *scanRun) lend(ctx context.Context, lender Lender, known *knownBlobs) {
	b := &borrower{run: r, ctx: ctx, known: known, before: r.progress, repeats: map[BlobID][]Location{}}
	b.hands = make([]hand, r.scanner.options.Workers)
	for i := range b.hands {
		b.hands[i].worker = newWorker(r.scanner)
		b.hands[i].worker.pass.done = ctx.Done()
	}
	r.sourceErr = lender.Lend(ctx, len(b.hands), b)
	if r.sourceErr == nil {
		r.sourceErr = ctx.Err()
	}
	b.end()
}

// borrower scans what is lent.
type borrower struct {
	run    *scanRun
	ctx    context.Context //nolint:containedctx // it is that of Lend, which calls the borrower
	known  *knownBlobs
	before Progress // of the parts of the source that came first
	hands  []hand

	mu      sync.Mutex // for what follows, and the collection of the run
	skips   []Skip
	repeats map[BlobID][]Location
	secrets atomic.Int64 // distinct ones so far
	telling sync.Mutex   // one call of Progress at a time
}

// hand is what one of the lender's goroutines has.
type hand struct {
	worker *worker
	// What it went through. The others read them to tell the progress.
	blobs, bytes atomic.Int64
	files, size  int64 // of files: the counts
	unread       int
	untold       int64 // bytes since the progress was told, and bytesPerBlob for each blob
	_            [64]byte
}

// A hand tells the progress after about tellEvery bytes; a blob costs as much as bytesPerBlob more.
const (
	tellEvery    = 4 << 20
	bytesPerBlob = 4 << 10
)

// Blob scans a blob.
func (b *borrower) Blob(worker int, blob Lent) (Taken, error) {
	if err := b.ctx.Err(); err != nil {
		return Taken{}, err
	}
	if worker < 0 || worker >= len(b.hands) {
		return Taken{}, fmt.Errorf("scan %s: there is no worker %d", blob.ID, worker)
	}
	if b.known.has(blob.ID) {
		b.repeat(&blob.Blob)
		return Taken{}, nil
	}
	h := &b.hands[worker]
	result, traces := h.worker.guarded(blob)
	if result.stopped {
		return Taken{}, b.ctx.Err()
	}
	b.take(h, &result)
	return Taken{Traces: traces, Clean: result.clean()}, nil
}

// Skip takes what could not be read.
func (b *borrower) Skip(_ int, skip *Skip) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.skips = append(b.skips, *skip)
	return b.ctx.Err()
}

func (b *borrower) repeat(blob *Blob) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if blob.Location.Path != "" {
		b.repeats[blob.ID] = append(b.repeats[blob.ID], blob.Location)
	}
}

func (b *borrower) take(h *hand, result *blobResult) {
	h.blobs.Add(1)
	h.bytes.Add(result.size)
	if result.isFile() {
		h.files++
		h.size += result.size
	}
	h.unread += result.unread
	if len(result.claims)+len(result.skips) > 0 {
		b.mu.Lock()
		b.skips = append(b.skips, result.skips...)
		b.run.collection.add(*result)
		b.secrets.Store(int64(b.run.collection.secrets()))
		b.mu.Unlock()
	}
	if h.untold += result.size + bytesPerBlob; h.untold >= tellEvery {
		h.untold = 0
		b.tell()
	}
}

// tell tells the progress unless another one does.
func (b *borrower) tell() {
	if b.run.scanner.options.Progress == nil || !b.telling.TryLock() {
		return
	}
	defer b.telling.Unlock()
	b.run.scanner.options.Progress(b.progress())
}

func (b *borrower) progress() Progress {
	p := b.before
	for i := range b.hands {
		p.Blobs += int(b.hands[i].blobs.Load())
		p.Bytes += b.hands[i].bytes.Load()
	}
	p.Secrets = int(b.secrets.Load())
	return p
}

// end hands over what all hands have. No other goroutine is at work.
func (b *borrower) end() {
	r := b.run
	b.secrets.Store(int64(r.collection.secrets()))
	r.progress = b.progress()
	for i := range b.hands {
		h := &b.hands[i]
		r.unread += h.unread
		if r.uncounted {
			r.counts.Blobs += int(h.files)
			r.counts.Bytes += h.size
		}
	}
	for id, places := range b.repeats {
		slices.SortFunc(places, func(a, b Location) int { return a.compare(&b) })
		for _, at := range places {
			r.collection.repeat(id, at)
		}
	}
	slices.SortFunc(b.skips, compareSkips)
	for _, skip := range b.skips {
		r.skip(skip)
	}
	b.tell()
}

func compareSkips(a, b Skip) int {
	return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Object, b.Object),
		strings.Compare(string(a.Reason), string(b.Reason)), strings.Compare(a.Detail, b.Detail))
}
