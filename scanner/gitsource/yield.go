package gitsource

import (
	"context"
	"errors"
	"iter"

	"github.com/keywright/keywright/scanner"
)

// Blobs yields the objects in an order that is the same in each run over the same files.
func (h *History) Blobs(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		e := &emitter{yield: yield}
		err := h.yieldAll(ctx, e)
		switch {
		case e.stopped:
		case ctx.Err() != nil:
			e.fail(ctx.Err())
		case err != nil:
			e.fail(err)
		}
	}
}

// yieldAll passes on what one goroutine lends: with more than one the order would not be told.
func (h *History) yieldAll(ctx context.Context, e *emitter) error {
	ctx, cancel := context.WithCancel(ctx)
	parcels, ended := make(chan parcel), make(chan error, 1)
	go func() {
		s := &sender{ctx: ctx, out: parcels}
		err := h.lend(ctx, 1, true, s)
		ended <- errors.Join(err, s.flush())
		close(parcels)
	}()
	defer func() {
		cancel()
		for range parcels { // it may be sending still
		}
	}()
	for p := range parcels {
		for _, x := range p.items {
			if x.skip != nil && !e.skip(x.skip) || x.skip == nil && !e.blob(x.blob) {
				return nil
			}
		}
	}
	return <-ended
}

const (
	parcelItems = 64
	parcelBytes = 1 << 20
)

// parcel is what is on its way to the receiver: sent one by one, the waiting costs more than the reading.
type parcel struct {
	items []item
	bytes int
}

// item is a blob or a skip.
type item struct {
	blob scanner.Blob
	skip *scanner.Skip
}

// sender is a Borrower that keeps what it is lent and sends it on. For one worker.
type sender struct {
	ctx  context.Context //nolint:containedctx // a Borrower is given none
	out  chan<- parcel
	next parcel
}

func (s *sender) Blob(_ int, b scanner.Lent) (scanner.Taken, error) {
	s.next.bytes += len(b.Data)
	return scanner.Taken{}, s.send(item{blob: b.Blob})
}

func (s *sender) Skip(_ int, skip *scanner.Skip) error { return s.send(item{skip: skip}) }

func (s *sender) send(x item) error {
	s.next.items = append(s.next.items, x)
	if len(s.next.items) < parcelItems && s.next.bytes < parcelBytes {
		return nil
	}
	return s.flush()
}

func (s *sender) flush() error {
	select {
	case s.out <- s.next:
		s.next = parcel{}
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}
