package scanner

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"
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

// scanRun is one Scan. Its fields belong to the goroutine that called Scan, but for those of the feeder.
type scanRun struct {
	scanner    *Scanner
	sink       Sink
	collection *collection
	masker     *masker

	progress  Progress
	counts    Counts // for a source that does not count
	unread    int
	skips     int
	findings  int
	ignored   int
	sourceErr error
	sinkErr   error
}

// job is a blob on its way to a worker.
type job struct {
	sequence int
	blob     Blob
}

// read runs the feeder and the workers, and collects their results in the order of the source, so that the
// outcome does not depend on the workers' timing.
func (r *scanRun) read(ctx context.Context, source Source) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	f := &feeder{
		jobs:     make(chan job),
		results:  make(chan blobResult, r.scanner.options.Workers),
		inFlight: semaphore.NewWeighted(r.scanner.options.Limits.MaxBytesInFlight),
		capacity: r.scanner.options.Limits.MaxBytesInFlight,
	}
	var group sync.WaitGroup
	group.Go(func() { f.feed(ctx, source) })
	for range r.scanner.options.Workers {
		group.Go(func() { f.work(ctx, r.scanner) })
	}
	go func() {
		group.Wait()
		close(f.results)
	}()
	next, waiting := 0, map[int]blobResult{}
	for result := range f.results {
		waiting[result.sequence] = result
		for {
			ready, ok := waiting[next]
			if !ok {
				break
			}
			delete(waiting, next)
			next++
			r.take(ready)
		}
		if r.sinkErr != nil {
			stop()
		}
	}
	r.sourceErr = f.err
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
	r.progress.Secrets = len(r.collection.groups)
	if result.kind == "" || result.kind == KindFile {
		r.counts.Blobs++
		r.counts.Bytes += result.size
	}
	if r.scanner.options.Progress != nil {
		r.scanner.options.Progress(r.progress)
	}
}

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
		Counts: r.counts, Findings: r.findings, Ignored: r.ignored, Skips: r.skips,
		Patterns: r.scanner.set.Len(), Catalogue: r.scanner.set.Version(),
		Complete: r.skips == 0 && r.sourceErr == nil && r.sinkErr == nil,
	}
	if counter, can := source.(Counter); can {
		s.Counts = counter.Counts()
	}
	if r.progress.Blobs == 0 {
		s.Notes = append(s.Notes, "nothing to scan: there was no content")
	}
	if r.unread > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("archives that are broken, encrypted or of an unknown compression: %d, scanned as far as they can be read", r.unread))
	}
	return s
}

// feeder moves blobs from the source to the workers. err is read after results is closed.
type feeder struct {
	jobs     chan job
	results  chan blobResult
	inFlight *semaphore.Weighted
	capacity int64
	err      error
}

// feed numbers what the source yields. It alone runs the source.
func (f *feeder) feed(ctx context.Context, source Source) {
	defer close(f.jobs)
	seen := map[BlobID]bool{}
	sequence := 0
	for blob, err := range source.Blobs(ctx) {
		var skip *Skip
		switch {
		case errors.As(err, &skip):
			f.results <- blobResult{sequence: sequence, skips: []Skip{*skip}}
		case err != nil:
			f.err = err
			return
		case blob.ID != "" && seen[blob.ID]:
			f.results <- blobResult{sequence: sequence, repeated: true, id: blob.ID, location: blob.Location}
		default:
			if f.err = f.send(ctx, job{sequence, blob}); f.err != nil {
				return
			}
			if blob.ID != "" {
				seen[blob.ID] = true
			}
		}
		sequence++
	}
	f.err = ctx.Err()
}

func (f *feeder) send(ctx context.Context, j job) error {
	if err := f.inFlight.Acquire(ctx, f.weight(j)); err != nil {
		return err
	}
	select {
	case f.jobs <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *feeder) weight(j job) int64 { return min(int64(len(j.blob.Data)), f.capacity) }

func (f *feeder) work(ctx context.Context, s *Scanner) {
	for j := range f.jobs {
		result := blobResult{sequence: j.sequence}
		if ctx.Err() == nil {
			result = s.scanGuarded(j.blob)
			result.sequence, result.scanned = j.sequence, true
		}
		f.inFlight.Release(f.weight(j))
		f.results <- result
	}
}

// scanGuarded turns a bug that some content sets off into a skip of that content: the other blobs are
// still scanned, and the scan is not complete. The panic's text is a runtime error's, never content.
func (s *Scanner) scanGuarded(blob Blob) (result blobResult) {
	defer func() {
		if p := recover(); p != nil {
			detail := "the scanner failed on it"
			if err, ok := p.(runtime.Error); ok {
				detail += ": " + err.Error()
			}
			result = blobResult{id: blob.ID, kind: blob.Kind, location: blob.Location}
			result.skips = []Skip{result.skip(SkipUnsupported, detail)}
		}
	}()
	return s.scanBlob(blob)
}
