package scanner

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/semaphore"
)

// feed runs the feeder and the workers, and collects their results in the order of the source.
func (r *scanRun) feed(ctx context.Context, source Source, known *knownBlobs) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	f := &feeder{
		jobs:     make(chan job),
		results:  make(chan blobResult, r.scanner.options.Workers),
		inFlight: semaphore.NewWeighted(r.scanner.options.Limits.MaxBytesInFlight),
		capacity: r.scanner.options.Limits.MaxBytesInFlight,
	}
	var group sync.WaitGroup
	group.Go(func() { f.feed(ctx, source, known) })
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

// job is a blob on its way to a worker.
type job struct {
	sequence int
	blob     Blob
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
func (f *feeder) feed(ctx context.Context, source Source, known *knownBlobs) {
	defer close(f.jobs)
	sequence := 0
	for blob, err := range source.Blobs(ctx) {
		var skip *Skip
		switch {
		case errors.As(err, &skip):
			f.results <- blobResult{sequence: sequence, skips: []Skip{*skip}}
		case err != nil:
			f.err = err
			return
		case known.has(blob.ID):
			f.results <- blobResult{sequence: sequence, repeated: true, id: blob.ID, location: blob.Location}
		default:
			if f.err = f.send(ctx, job{sequence, blob}); f.err != nil {
				return
			}
			if blob.ID != "" {
				known.fed[blob.ID] = true
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
	w := newWorker(s)
	w.pass.done = ctx.Done()
	for j := range f.jobs {
		result := blobResult{}
		if ctx.Err() == nil {
			result, _ = w.guarded(Lent{Blob: j.blob})
			result.scanned = !result.stopped
		}
		result.sequence = j.sequence
		f.inFlight.Release(f.weight(j))
		f.results <- result
	}
}
