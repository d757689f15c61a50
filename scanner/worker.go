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

	data   []byte // of the blob at work
	claims []placedClaim
	budget int // claims that may still come
	cut    bool
	spent  bool
	used   decode.Used // by decoding the blob, at most

	queue hitQueue            // gives the hits in the blob itself
	piece func(*decode.Piece) // visitPiece, bound once
}

func newWorker(s *Scanner) *worker {
	w := &worker{}
	w.renew(s)
	return w
}

func (w *worker) renew(s *Scanner) {
	*w = worker{scanner: s, pass: newPass(s.program), carrier: newCarrier()}
	w.queue.visit, w.piece = w.visitHit, w.visitPiece
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
	w.cut, w.spent, w.used = false, false, decode.Used{}
	w.tracer.reset(blob.IsBase, len(blob.Data))
	w.pass.reset(blob.Data, nil, nil, w.budget)
	w.literals(&blob)
	w.keep(nil)
	cuts := w.decode(&blob)
	if w.cut || w.spent || w.pass.stopped {
		w.tracer.on = false
	}
	w.tracer.used = w.used
	result := w.result(&blob.Blob, cuts)
	w.pass.reset(nil, nil, nil, 0) // forgets the claims
	w.data = nil
	return result, w.tracer.traces()
}

// literals walks the ladder over the bytes themselves.
func (w *worker) literals(blob *Lent) {
	program := w.scanner.program
	if blob.Base != nil && w.carrier.hits(program, w.data, blob.Segments, blob.Base) {
		w.carrier.each(w.visitCarried)
		return
	}
	w.pass.work += int64(len(w.data))
	w.carrier.looked += int64(len(w.data))
	program.prefilter.within(w.data, 0, len(w.data), &w.queue)
}

func (w *worker) visitHit(literal, start, end int) bool {
	return w.visitCarried(carriedHit{hit: hit{literal, start, end}})
}

func (w *worker) visitCarried(c carriedHit) bool {
	known, more := w.pass.visit(c.hit, c.barren, c.within)
	w.tracer.hit(c.literal, c.start, known)
	return more
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
	} else if blob.Base != nil && blob.Base.unitsKnown {
		if cuts, ok := w.decodeNew(blob, limits); ok {
			return cuts
		}
	}
	cuts := w.walker.Walk(w.data, limits, w.piece)
	w.used = w.walker.Used()
	w.noteBroken(cuts)
	return cuts
}

// noteBroken notes what the last walk could not decode.
func (w *worker) noteBroken(cuts []decode.Cut) {
	broken, all := w.walker.Broken()
	w.tracer.addBroken(broken)
	if !all || slices.ContainsFunc(cuts, func(c decode.Cut) bool { return c.Limit }) {
		w.tracer.unitsKnown = false
	}
}

// decodeNew decodes what is not settled, and says whether that tells all: not where the blob as a whole may come to
// a limit, for then the limit decides what is decoded.
func (w *worker) decodeNew(blob *Lent, limits decode.Limits) ([]decode.Cut, bool) {
	claims, budget, cut, spent := len(w.claims), w.budget, w.cut, w.spent
	ranges := w.carrier.unsettled(w.data, blob.Segments, blob.Base)
	cuts := w.walker.WalkRanges(w.data, ranges, limits, w.piece)
	w.used = w.walker.Used().Plus(blob.Base.used, mostCopies(blob.Segments))
	w.noteBroken(cuts)
	if w.tracer.unitsKnown && w.used.Within(limits, len(w.data)) {
		w.tracer.addBroken(w.carrier.broken)
		for _, b := range w.carrier.broken {
			if !slices.Contains(cuts, b.Cut) {
				cuts = append(cuts, b.Cut)
			}
		}
		return cuts, true
	}
	clear(w.claims[claims:])
	w.claims, w.budget, w.cut, w.spent = w.claims[:claims], budget, cut, spent
	w.tracer.units, w.tracer.broken, w.tracer.unitsKnown = w.tracer.units[:0], w.tracer.broken[:0], true
	return nil, false
}

func (w *worker) visitPiece(piece *decode.Piece) {
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
	r.claims = blob.Part.claims(r.claims)
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
