package scanner

import "context"

// Lender is a Source that reads with several goroutines at once and lends what it reads, so that content is scanned
// where it was just made and its buffer is used again. It gives the same blobs and skips as Blobs does, in no order.
//
// A scan that is complete by Blobs is complete by Lend, with the same findings.
type Lender interface {
	Source
	// Lend gives everything to b, from up to workers goroutines at once, and returns when all of them have ended.
	// Errors: what b returned, ctx's, or what ended the source; what could not be read is a Skip instead.
	Lend(ctx context.Context, workers int, b Borrower) error
	// Gave says whether Lend gave a blob of this id. Called after Lend.
	Gave(id BlobID) bool
}

// Borrower receives what a Lender lends.
type Borrower interface {
	// Blob takes a blob from one of the workers, numbered from 0; no two calls of the same number run at once. An
	// error ends the lending.
	Blob(worker int, blob Lent) (Taken, error)
	// Skip takes what could not be read.
	Skip(worker int, skip *Skip) error
}

// Taken is what a Borrower says of a blob. The zero value knows nothing of it.
type Taken struct {
	// Traces are the Base of the blobs that are made from this one.
	Traces *Traces
	// Clean says that all of the blob was looked at and there is nothing to tell of it: no finding, not one that an
	// Ignorer or a comment would accept, no skip, nothing that could not be decoded.
	Clean bool
}

// Lent is a blob whose Data, and Segments, are valid inside the call only.
type Lent struct {
	Blob
	// Base and Segments say how Data was made from a blob that was lent before: Base is what the Borrower returned for
	// it, and Segments covers Data, ascending and without gaps. Nil: it was made from none.
	Base     *Traces
	Segments []Segment
	// IsBase says that blobs will be made from this one, so that its Traces are of use.
	IsBase bool
}

// Segment is a stretch of a blob: it begins where the one before it ends.
type Segment struct {
	Len  int
	From int // where the same bytes begin in the base; Inserted when they are new
}

// Inserted marks a [Segment] that stands in no base.
const Inserted = -1
