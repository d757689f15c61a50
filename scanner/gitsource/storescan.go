package gitsource

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/keywright/keywright/internal/packfile"
	"github.com/keywright/keywright/scanner"
)

// readStore reads every object of the store, and through git what the store leaves.
func (l *lending) readStore(ctx context.Context, st *store) error {
	h, first := l.history, l.givers[0]
	h.present = newPresence(st)
	plan := storePlan{packs: st.packs, loose: st.loose, total: st.count()}
	if h.past != nil && !h.past.look(st, &plan) {
		h.past = nil
	}
	h.done.Total, h.learned = plan.total, !h.past.readsFew()
	if err := first.notes(); err != nil {
		return err
	}
	left, err := l.readPacks(ctx, st, plan.packs)
	if err != nil {
		return err
	}
	more, err := l.readSingly(ctx, st, plan.single)
	if err != nil {
		return err
	}
	left = append(left, more...)
	if more, err = l.readLoose(ctx, st, plan.loose); err != nil {
		return err
	}
	left = append(left, more...)
	if h.past.readsFew() {
		h.counts.Blobs += h.past.note.blobs
		h.counts.Bytes += h.past.note.bytes
	}
	return first.readLeft(ctx, left)
}

// storePlan says what is read of a store.
type storePlan struct {
	packs  []*packfile.Pack // as a whole
	single []oid            // one by one out of the other packs
	loose  []looseObject
	total  int // objects
}

// readPacks gives what packs of the store hold, and returns what could not be read.
func (l *lending) readPacks(ctx context.Context, st *store, packs []*packfile.Pack) (left []entry, err error) {
	if len(packs) == 0 {
		return nil, nil
	}
	var mu sync.Mutex
	var over []entry
	options := walkOptions(l.history.repo.options.MaxBlobBytes)
	options.Workers, options.Keep = len(l.givers), l.keep
	format := st.repo.format
	_, err = packfile.Walk(ctx, packs, options, packfile.Visitor{
		Object: func(o packfile.Object) (any, error) {
			x := entry{id: format.raw(o.ID), kind: kindOf(o.Type), size: int64(len(o.Data))}
			return l.givers[o.Worker].object(object{entry: x, data: o.Data}, origin{o.Base, o.Segments, o.IsBase})
		},
		Unread: func(u packfile.Unread) error {
			x := entry{id: format.raw(u.ID), kind: kindOf(u.Type), size: u.Size}
			mu.Lock()
			defer mu.Unlock()
			if u.Reason == packfile.ReasonTooLarge && x.kind != typeUnknown {
				over = append(over, x)
			} else {
				left = append(left, entry{id: x.id})
			}
			return nil
		},
	})
	for _, x := range over {
		if err == nil {
			_, err = l.givers[0].object(object{entry: x, over: true}, origin{})
		}
	}
	return left, err
}

// share is how many objects a goroutine takes at a time where they are read one by one.
const share = 32

// readLoose gives loose objects, and returns those that git has to read.
func (l *lending) readLoose(ctx context.Context, st *store, loose []looseObject) (left []entry, err error) {
	limit := l.history.repo.options.MaxBlobBytes
	return inShares(ctx, l, loose, func() func(looseObject) (object, error) {
		reader := looseReader{keep: l.keep}
		return func(x looseObject) (object, error) {
			o, err := reader.read(x.id, st.path(x), limit)
			o.id = x.id
			return o, err
		}
	})
}

// readSingly gives objects of packs, and returns those that git has to read.
func (l *lending) readSingly(ctx context.Context, st *store, ids []oid) (left []entry, err error) {
	limit := l.history.repo.options.MaxBlobBytes
	return inShares(ctx, l, ids, func() func(oid) (object, error) {
		reader := packfile.NewReader(st.packs, packfile.ReaderOptions{MaxObjectBytes: limit})
		return func(id oid) (object, error) {
			kind, data, err := reader.Read(id[:st.repo.format.size()])
			return object{entry: entry{id: id, kind: kindOf(kind), size: int64(len(data))}, data: data}, err
		}
	})
}

// inShares has all givers read things and give them, each with a reader of its own. A reader returns the id of what it
// cannot read too; that is left.
func inShares[T any](ctx context.Context, l *lending, things []T, newReader func() func(T) (object, error)) (left []entry, err error) {
	if len(things) == 0 {
		return nil, nil
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	lefts := make([][]entry, len(l.givers))
	var wait sync.WaitGroup
	for i, g := range l.givers {
		wait.Go(func() {
			read := newReader()
			for {
				to := int(next.Add(share))
				part := things[min(to-share, len(things)):min(to, len(things))]
				if len(part) == 0 {
					return
				}
				more, err := giveShare(ctx, g, part, read)
				lefts[i] = append(lefts[i], more...)
				if err != nil {
					stop(err)
					return
				}
			}
		})
	}
	wait.Wait()
	for _, more := range lefts {
		left = append(left, more...)
	}
	return left, context.Cause(ctx)
}

// giveShare gives what can be read of a share.
func giveShare[T any](ctx context.Context, g *giver, part []T, read func(T) (object, error)) (left []entry, err error) {
	for _, x := range part {
		if err := ctx.Err(); err != nil {
			return left, err
		}
		o, err := read(x)
		if err != nil {
			left = append(left, entry{id: o.id})
			continue
		}
		if _, err := g.object(o, origin{}); err != nil {
			return left, err
		}
	}
	return left, nil
}

// readLeft reads through git, or without it through go-git, what the store could not: that may know more, and else
// says what is wrong.
func (g *giver) readLeft(ctx context.Context, left []entry) error {
	if len(left) == 0 {
		return nil
	}
	h := g.history
	if h.past != nil {
		h.past.left, g.seen.unsure = left, true
	}
	if h.repo.options.NoGit {
		return g.read(ctx, left)
	}
	var entries []entry
	for x, err := range h.repo.shim.check(ctx, left) {
		switch {
		case err != nil:
			h.forget(err)
			err = g.pass(err)
		case x.kind == typeBlob && x.size > h.repo.options.MaxBlobBytes:
			err = g.tooLarge(x)
		default:
			entries = append(entries, x)
		}
		if err != nil {
			return err
		}
	}
	return g.read(ctx, entries)
}

// forget takes back that an object is there: its index or its file is, but nothing can be read of it.
func (h *History) forget(err error) {
	if s, ok := err.(*scanner.Skip); ok && s.Object != "" { //nolint:errorlint // the contract is the type itself
		if id, ok := h.repo.format.parse([]byte(s.Object)); ok {
			h.present.lose(id)
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
