package scanner

import (
	"context"
	"errors"
	"iter"
	"maps"
)

// Join is a source that yields what each of the sources yields, one after the other. It is a Counter and a
// Locator for those of them that are; what the others yield it counts itself.
func Join(sources ...Source) Source { return &joined{sources: sources} }

type joined struct {
	sources []Source
	own     Counts // of the sources that do not count
}

func (j *joined) Blobs(ctx context.Context) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) {
		for _, source := range j.sources {
			_, counts := source.(Counter)
			for blob, err := range source.Blobs(ctx) {
				if err == nil && !counts && (blob.Kind == "" || blob.Kind == KindFile) {
					j.own.Blobs++
					j.own.Bytes += int64(len(blob.Data))
				}
				if !yield(blob, err) {
					return
				}
			}
		}
	}
}

// Counts adds up the counts of the sources.
func (j *joined) Counts() Counts {
	sum := j.own
	for _, source := range j.sources {
		counter, can := source.(Counter)
		if !can {
			continue
		}
		c := counter.Counts()
		sum.Commits += c.Commits
		sum.Refs += c.Refs
		sum.Blobs += c.Blobs
		sum.Bytes += c.Bytes
		sum.NotRegular += c.NotRegular
		sum.Excluded += c.Excluded
	}
	return sum
}

// Locate asks each source that can and puts the places together. The error joins theirs.
func (j *joined) Locate(ctx context.Context, ids []BlobID) (map[BlobID][]Location, error) {
	all := map[BlobID][]Location{}
	var failed []error
	for _, source := range j.sources {
		locator, can := source.(Locator)
		if !can {
			continue
		}
		places, err := locator.Locate(ctx, ids)
		if err != nil {
			failed = append(failed, err)
		}
		for id := range maps.Keys(places) {
			all[id] = append(all[id], places[id]...)
		}
	}
	return all, errors.Join(failed...)
}
