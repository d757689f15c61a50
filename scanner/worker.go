package scanner

import (
	"runtime"
	"slices"

	"github.com/keywright/keywright/scanner/decode"
)

// worker scans one blob after another and uses its buffers again: a blob without a claim costs no allocation but
// that of its Traces. Not for several goroutines at once.
type worker struct {
	scanner *Scanner
	pass    *pass
	walker  decode.Walker
	carrier *carrier
	tracer  tracer

	data    []byte // of the blob at work
	claims  []placedClaim
	budget  int // claims that may still come
	cut     bool
	spent   bool
	decoded int64 // bytes that were decoded

	hit   func(literal, start, end int) bool // the methods, bound once
	piece func(*decode.Piece)
}

func newWorker(s *Scanner) *worker {
	w := &worker{}
	w.renew(s)
	return w
}

func (w *worker) renew(s *Scanner) {
	*w = worker{scanner: s, pass: newPass(s.program), carrier: newCarrier()}
	w.hit, w.piece = w.visitHit, w.visitPiece
}

// scanBlob walks the ladder over the blob's bytes and over whatever decodes out of them.
func (s *Scanner) scanBlob(blob Blob) blobResult { return s.scanUntil(blob, nil) }

// scanUntil is scanBlob, but stops when done is closed.
func (s *Scanner) scanUntil(blob Blob, done <-chan struct{}) blobResult {
	w := s.takeWorker()
	w.pass.done, w.pass.stopped = done, false
	result, _ := w.scan(Lent{Blob: blob})
	s.workers.Put(w)
	return result
}

func (s *Scanner) takeWorker() *worker {
	w, _ := s.workers.Get().(*worker)
	if w == nil || w.scanner != s {
		w = newWorker(s)
	}
	return w
}

// scan scans a blob. The Traces are nil when nobody wants them, or when they would not hold all.
func (w *worker) scan(blob Lent) (blobResult, *Traces) {
	if w.scanner.options.FullScan {
		blob.Base, blob.IsBase = nil, false
	}
	w.data, w.budget = blob.Data, w.scanner.options.Limits.MaxMatchesPerBlob
	w.cut, w.spent, w.decoded = false, false, 0
	w.tracer.reset(blob.IsBase, len(blob.Data))
	w.pass.reset(blob.Data, nil, nil, w.budget)
	w.literals(&blob)
	w.keep(nil)
	cuts := w.decode(&blob)
	if w.cut || w.spent || w.pass.stopped {
		w.tracer.on = false
	}
	w.tracer.decoded = w.decoded
	result := w.result(&blob.Blob, cuts)
	w.pass.reset(nil, nil, nil, 0) // forgets the claims
	w.data = nil
	return result, w.tracer.traces()
}

// literals walks the ladder over the bytes themselves.
func (w *worker) literals(blob *Lent) {
	program := w.scanner.program
	if blob.Base != nil && w.carrier.hits(program, w.data, blob.Segments, blob.Base) {
		w.carrier.each(w.hit)
		return
	}
	w.pass.work += int64(len(w.data))
	w.carrier.looked += int64(len(w.data))
	program.prefilter.within(w.data, 0, len(w.data), w.hit)
}

func (w *worker) visitHit(literal, start, end int) bool {
	w.tracer.hit(literal, start)
	return w.pass.hit(literal, start, end)
}

// decode walks the ladder over what decodes out of the blob: of one that was made from another, what is not known
// to hold no literal.
func (w *worker) decode(blob *Lent) []decode.Cut {
	limits := w.scanner.options.Limits.Decode
	if limits.MaxDepth < 0 {
		return nil
	}
	if decode.Whole(w.data) {
		w.tracer.unitsKnown = false
	} else if blob.Base != nil && blob.Base.unitsKnown && w.decodeNew(blob, limits) {
		return nil
	}
	cuts := w.walker.Walk(w.data, limits, w.piece)
	if len(cuts) > 0 {
		w.tracer.unitsKnown = false
	}
	return cuts
}

// decodeNew decodes what is not settled, and says whether that tells all: not where the blob as a whole may come to
// a limit, for then the limit decides what is decoded.
func (w *worker) decodeNew(blob *Lent, limits decode.Limits) bool {
	claims, budget, cut, spent := len(w.claims), w.budget, w.cut, w.spent
	ranges := w.carrier.unsettled(w.data, blob.Segments, blob.Base)
	cuts := w.walker.WalkRanges(w.data, ranges, limits, w.piece)
	w.decoded += blob.Base.decoded * mostCopies(blob.Segments)
	most := limits.MaxBytes
	if most == 0 {
		most = decode.DefaultBytes + 4*int64(len(w.data))
	}
	if len(cuts) == 0 && w.tracer.unitsKnown && w.decoded <= most/2 {
		return true
	}
	clear(w.claims[claims:])
	w.claims, w.budget, w.cut, w.spent = w.claims[:claims], budget, cut, spent
	w.decoded, w.tracer.units, w.tracer.unitsKnown = 0, w.tracer.units[:0], true
	return false
}

func (w *worker) visitPiece(piece *decode.Piece) {
	w.decoded += int64(len(piece.Data))
	if piece.Member != "" {
		w.tracer.unitsKnown = false // a limit of their number is for the blob as a whole
	}
	if w.pass.stopped || w.pass.isStopped() {
		return
	}
	w.pass.reset(piece.Data, w.data, piece, w.budget)
	w.pass.run()
	if w.pass.hits > 0 {
		w.tracer.unit(piece.Unit())
		w.keep(piece)
	}
}

// keep takes over what the pass claims of the blob's own bytes, or of a piece.
func (w *worker) keep(piece *decode.Piece) {
	p := w.pass
	w.cut, w.spent = w.cut || p.cut, w.spent || p.spent
	w.budget -= len(p.claims)
	for _, c := range w.scanner.program.resolve(p.claims) {
		w.claims = append(w.claims, place(c, piece))
	}
}

// result settles the claims and forgets them.
func (w *worker) result(blob *Blob, cuts []decode.Cut) blobResult {
	r := blobResult{id: blob.ID, kind: blob.Kind, location: blob.Location, size: int64(len(blob.Data))}
	r.stopped = w.pass.stopped
	r.note(cuts, w.cut, w.spent)
	if len(w.claims) == 0 {
		return r
	}
	r.claims = slices.Clone(w.scanner.program.settle(w.claims))
	clear(w.claims)
	w.claims = w.claims[:0]
	r.separateCanary(w.scanner.program)
	locate(blob.Data, r.claims)
	return r
}

// guarded is scan, but turns a bug that some content sets off into a skip of that content: the other blobs are
// still scanned, and the scan is not complete. The panic's text is a runtime error's, never content.
func (w *worker) guarded(blob Lent) (result blobResult, traces *Traces) {
	defer func() {
		if p := recover(); p != nil {
			detail := "the scanner failed on it"
			if err, ok := p.(runtime.Error); ok {
				detail += ": " + err.Error()
			}
			result, traces = blobResult{id: blob.ID, kind: blob.Kind, location: blob.Location}, nil
			result.skips = []Skip{result.skip(SkipUnsupported, detail)}
			done := w.pass.done
			w.renew(w.scanner) // whatever state it is in
			w.pass.done = done
		}
	}()
	return w.scan(blob)
}
