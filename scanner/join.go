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

// partsOf are the sources that source is joined of, those of joined ones among them too.
func partsOf(source Source) []Source {
	j, is := source.(*joined)
	if !is {
		return []Source{source}
	}
	var out []Source
	for _, part := range j.sources {
		out = append(out, partsOf(part)...)
	}
	return out
}

// Counts adds up the counts of the sources.
func (j *joined) Counts() Counts {
	sum := j.own
	for _, source := range j.sources {
		sum = sum.plus(countsOf(source))
	}
	return sum
}

// countsOf is what a source counted, nothing when it does not.
func countsOf(source Source) Counts {
	if counter, can := source.(Counter); can {
		return counter.Counts()
	}
	return Counts{}
}

func (c Counts) plus(o Counts) Counts {
	c.Commits += o.Commits
	c.Refs += o.Refs
	c.Blobs += o.Blobs
	c.Bytes += o.Bytes
	c.NotRegular += o.NotRegular
	c.Excluded += o.Excluded
	c.Remembered += o.Remembered
	return c
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
