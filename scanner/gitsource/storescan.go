package gitsource

import (
	"bufio"
	"context"
	"fmt"
	"iter"

	"github.com/keywright/keywright/internal/packfile"
	"github.com/keywright/keywright/scanner"
)

// scanStore reads every object of the store, and through git what the store leaves.
func (h *History) scanStore(ctx context.Context, e *emitter, st *store) bool {
	h.present = st.ids()
	if !h.repo.yieldNotes(e.send) {
		return false
	}
	done := &Progress{Total: len(h.present)}
	left, ok := h.readPacks(ctx, e, st, done)
	if !ok {
		return false
	}
	more, ok := h.readLoose(ctx, e, st, done)
	if !ok {
		return false
	}
	return h.readLeft(ctx, e, append(left, more...), done)
}

// readPacks yields what the walk sends, and returns what it could not read.
func (h *History) readPacks(ctx context.Context, e *emitter, st *store, done *Progress) (left []entry, ok bool) {
	if len(st.packs) == 0 {
		return nil, true
	}
	ctx, cancel := context.WithCancel(ctx)
	parcels, ended := make(chan parcel), make(chan error, 1)
	go func() {
		ended <- st.walk(ctx, h.repo.options.MaxBlobBytes, parcels)
		close(parcels)
	}()
	defer func() {
		cancel()
		for range parcels { // the walk may be sending still
		}
	}()
	for p := range parcels {
		for _, o := range p.objects {
			if !h.readOne(e, o, done) {
				return nil, false
			}
		}
		for _, u := range p.unread {
			x := entry{id: h.repo.format.raw(u.ID), kind: kindOf(u.Type), size: u.Size}
			if u.Reason != packfile.ReasonTooLarge || x.kind == typeUnknown {
				left = append(left, entry{id: x.id})
			} else if !h.readOne(e, object{entry: x, over: true}, done) {
				return nil, false
			}
		}
	}
	if err := <-ended; err != nil {
		return nil, e.fail(err)
	}
	return left, true
}

// readLoose yields the loose objects, and returns those that git has to read.
func (h *History) readLoose(ctx context.Context, e *emitter, st *store, done *Progress) (left []entry, ok bool) {
	var reader looseReader
	for _, x := range st.loose {
		if err := ctx.Err(); err != nil {
			return nil, e.fail(err)
		}
		o, err := reader.read(x, h.repo.options.MaxBlobBytes)
		if err != nil {
			left = append(left, entry{id: x.id})
			continue
		}
		if !h.readOne(e, o, done) {
			return nil, false
		}
	}
	return left, true
}

// readLeft reads through git what the store could not.
func (h *History) readLeft(ctx context.Context, e *emitter, left []entry, done *Progress) bool {
	if len(left) == 0 {
		h.tell(*done)
		return !e.stopped
	}
	var entries []entry
	for x, err := range h.repo.shim.check(ctx, left) {
		ok := true
		switch {
		case err != nil:
			h.suspect = true
			h.remember(err)
			h.forget(err)
			ok = e.pass(err)
		case x.kind == typeBlob && x.size > h.repo.options.MaxBlobBytes:
			ok = h.tooLarge(e, x)
		default:
			entries = append(entries, x)
		}
		if !ok {
			return false
		}
	}
	return h.read(ctx, e, entries, done)
}

// forget takes back that an object is there: its index or its file is, but nothing can be read of it.
func (h *History) forget(err error) {
	if s, ok := err.(*scanner.Skip); ok && s.Object != "" { //nolint:errorlint // the contract is the type itself
		if id, ok := h.repo.format.parse([]byte(s.Object)); ok {
			delete(h.present, id)
		}
	}
}

// check asks git for type and size of objects as list does for all. What git does not come to because an object
// kills it is yielded without them.
func (s *shim) check(ctx context.Context, ids []entry) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		n, more, err := s.checkOnce(ctx, ids, yield)
		switch {
		case err == nil || !more:
			return
		case ctx.Err() != nil:
			yield(entry{}, ctx.Err())
			return
		}
		if !yield(entry{}, &scanner.Skip{Reason: scanner.SkipCorruptObject, Detail: cut(err.Error(), 300)}) {
			return
		}
		for _, x := range ids[n:] {
			if !yield(entry{id: x.id}, nil) {
				return
			}
		}
	}
}

// checkOnce returns how many objects git answered for and whether the receiver wants more.
func (s *shim) checkOnce(ctx context.Context, ids []entry, yield func(entry, error) bool) (int, bool, error) {
	p, err := s.start(ctx, "cat-file", "--buffer", "--batch-check=%(objectname) %(objecttype) %(objectsize)")
	if err != nil {
		return 0, true, err
	}
	wait := p.feed(func(w *bufio.Writer) error { return s.writeEntries(w, ids) })
	defer func() { p.stop(); wait() }()
	for n := range ids {
		line, err := p.out.ReadSlice('\n')
		if err != nil {
			return n, true, fmt.Errorf("check objects: %w", p.whyDead(err))
		}
		x, err := s.parseListed(line)
		if !yield(x, err) {
			return n, false, nil
		}
	}
	return len(ids), true, p.finish()
}

func (s *shim) writeEntries(w *bufio.Writer, entries []entry) error {
	for _, x := range entries {
		if _, err := w.WriteString(s.repo.format.hex(x.id) + "\n"); err != nil {
			return err
		}
	}
	return nil
}
