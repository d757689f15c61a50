package scanner

import (
	"context"
	"errors"
	"fmt"
)

// Scan scans all that the source yields and gives the findings, in the order of their first places, to the
// sink; then Done with the summary.
//
// A Skip of the source is passed on and makes the scan incomplete. Any other error of it, and the end of
// ctx, are passed on as a Skip too: what was found up to there is reported, the summary is incomplete, and
// the error is returned. An error of the sink ends the scan at once.
func (s *Scanner) Scan(ctx context.Context, source Source, sink Sink) (Summary, error) {
	started := s.options.Now()
	if err := s.prove(); err != nil {
		return Summary{}, err
	}
	if err := sink.Started(Start{Patterns: s.set.Len(), Catalogue: s.set.Version()}); err != nil {
		return Summary{}, fmt.Errorf("start the report: %w", err)
	}
	r := &scanRun{scanner: s, sink: sink, collection: newCollection(s), masker: newMasker(s)}
	r.read(ctx, source)
	r.report(ctx, source)
	summary := r.summary(source)
	summary.Elapsed = s.options.Now().Sub(started)
	if r.sinkErr != nil {
		return summary, fmt.Errorf("report: %w", r.sinkErr)
	}
	if err := sink.Done(summary); err != nil {
		return summary, fmt.Errorf("end the report: %w", err)
	}
	return summary, r.sourceErr
}

// scanRun is one Scan. Its fields belong to the goroutine that called Scan.
type scanRun struct {
	scanner    *Scanner
	sink       Sink
	collection *collection
	masker     *masker

	progress  Progress
	counts    Counts // of the parts of the source that do not count
	uncounted bool   // the part at work is one of these
	unread    int
	skips     int
	findings  int
	ignored   int
	sourceErr error
	sinkErr   error
}

// read goes through the parts of the source one after the other.
func (r *scanRun) read(ctx context.Context, source Source) {
	known := &knownBlobs{fed: map[BlobID]bool{}}
	for _, part := range partsOf(source) {
		_, r.uncounted = part.(Counter)
		r.uncounted = !r.uncounted
		if lender, can := part.(Lender); can {
			r.lend(ctx, lender, known)
			known.lenders = append(known.lenders, lender)
		} else {
			r.feed(ctx, part, known)
		}
		if r.sourceErr != nil || r.sinkErr != nil {
			return
		}
	}
}

// knownBlobs are the blobs that were scanned. A blob that comes again is a further place of it.
type knownBlobs struct {
	fed     map[BlobID]bool
	lenders []Lender // that have ended
}

func (k *knownBlobs) has(id BlobID) bool {
	if id == "" {
		return false
	}
	if k.fed[id] {
		return true
	}
	for _, l := range k.lenders {
		if l.Gave(id) {
			return true
		}
	}
	return false
}

// take puts one result where it belongs.
func (r *scanRun) take(result blobResult) {
	for _, skip := range result.skips {
		r.skip(skip)
	}
	if result.repeated {
		r.collection.repeat(result.id, result.location)
		return
	}
	if !result.scanned {
		return
	}
	r.unread += result.unread
	r.collection.add(result)
	r.progress.Blobs++
	r.progress.Bytes += result.size
	r.progress.Secrets = r.collection.secrets()
	if r.uncounted && result.isFile() {
		r.counts.Blobs++
		r.counts.Bytes += result.size
	}
	if r.scanner.options.Progress != nil {
		r.scanner.options.Progress(r.progress)
	}
}

func (r *blobResult) isFile() bool { return r.kind == "" || r.kind == KindFile }

func (r *scanRun) skip(skip Skip) {
	r.skips++
	r.masker.skip(&skip)
	if r.sinkErr == nil {
		r.sinkErr = r.sink.Skipped(skip)
	}
}

// report finds the places, makes the fingerprints and gives the findings to the sink.
func (r *scanRun) report(ctx context.Context, source Source) {
	if r.sinkErr != nil {
		return
	}
	r.reportEnd()
	findings, skips := r.collection.findings(r.locate(ctx, source))
	r.addRefs(ctx, source, findings)
	if !r.scanner.options.NoFingerprints {
		// Not cut short by ctx: what was found is reported in full even when the time is over.
		skips = append(skips, r.scanner.fingerprintAll(context.WithoutCancel(ctx), findings)...)
	}
	for _, skip := range skips {
		r.skip(skip)
	}
	for _, f := range findings {
		if r.sinkErr != nil {
			return
		}
		f.Ignored = r.ignoredBy(f)
		if f.Ignored != "" {
			r.ignored++
		} else {
			r.findings++
		}
		r.masker.finding(&f)
		r.sinkErr = r.sink.Finding(f)
	}
}

// reportEnd turns the error that ended the source into a skip.
func (r *scanRun) reportEnd() {
	switch {
	case r.sourceErr == nil:
	case errors.Is(r.sourceErr, context.Canceled), errors.Is(r.sourceErr, context.DeadlineExceeded):
		r.skip(Skip{Reason: SkipDeadline, Detail: "the scan was stopped before its end: " + r.sourceErr.Error()})
	default:
		r.skip(Skip{Reason: SkipSourceFailed, Detail: r.sourceErr.Error()})
		r.sourceErr = fmt.Errorf("read what is to be scanned: %w", r.sourceErr)
	}
}

func (r *scanRun) ignoredBy(f Finding) string {
	if f.Ignored != "" || r.scanner.options.Ignore == nil {
		return f.Ignored
	}
	if rule, ignored := r.scanner.options.Ignore.Ignored(f); ignored {
		return rule
	}
	return ""
}

// locate asks the source for the places of blobs with findings. Nil when it knows none afterwards.
func (r *scanRun) locate(ctx context.Context, source Source) map[BlobID][]Location {
	locator, can := source.(Locator)
	ids := r.collection.blobs()
	if !can || len(ids) == 0 {
		return nil
	}
	located, err := locator.Locate(ctx, ids)
	for _, skip := range attributionSkips(err) {
		r.skip(skip)
	}
	if located == nil {
		located = map[BlobID][]Location{}
	}
	return located
}

// attributionSkips are the skips in an error of a Locator, joined ones taken apart.
func attributionSkips(err error) []Skip {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []Skip
		for _, part := range joined.Unwrap() {
			out = append(out, attributionSkips(part)...)
		}
		return out
	}
	var skip *Skip
	if errors.As(err, &skip) {
		return []Skip{*skip}
	}
	return []Skip{{Reason: SkipAttribution, Detail: err.Error()}}
}

func (r *scanRun) summary(source Source) Summary {
	s := Summary{
		Counts: r.counts.plus(countsOf(source)), Findings: r.findings, Ignored: r.ignored, Skips: r.skips,
		Patterns: r.scanner.set.Len(), Catalogue: r.scanner.set.Version(),
		Complete: r.skips == 0 && r.sourceErr == nil && r.sinkErr == nil,
	}
	if r.progress.Blobs == 0 {
		s.Notes = append(s.Notes, "nothing to scan: there was no content")
	}
	if r.unread > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("archives that are broken, encrypted, of an unknown compression or too deep in others: %d, scanned as far as they can be read", r.unread))
	}
	return s
}
