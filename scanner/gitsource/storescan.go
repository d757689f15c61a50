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
	h.done.Total = st.count()
	if err := first.notes(); err != nil {
		return err
	}
	left, err := l.readPacks(ctx, st)
	if err != nil {
		return err
	}
	more, err := l.readLoose(ctx, st)
	if err != nil {
		return err
	}
	return first.readLeft(ctx, append(left, more...))
}

// readPacks gives what the packs hold, and returns what could not be read.
func (l *lending) readPacks(ctx context.Context, st *store) (left []entry, err error) {
	if len(st.packs) == 0 {
		return nil, nil
	}
	var mu sync.Mutex
	var over []entry
	options := walkOptions(l.history.repo.options.MaxBlobBytes)
	options.Workers, options.Keep = len(l.givers), l.keep
	format := st.repo.format
	_, err = packfile.Walk(ctx, st.packs, options, packfile.Visitor{
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

// looseShare is how many loose objects a goroutine takes at a time.
const looseShare = 32

// readLoose gives the loose objects, and returns those that git has to read.
func (l *lending) readLoose(ctx context.Context, st *store) (left []entry, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	lefts := make([][]entry, len(l.givers))
	var wait sync.WaitGroup
	for i, g := range l.givers {
		wait.Go(func() {
			reader := looseReader{keep: l.keep}
			for {
				to := int(next.Add(looseShare))
				share := st.loose[min(to-looseShare, len(st.loose)):min(to, len(st.loose))]
				if len(share) == 0 {
					return
				}
				more, err := g.looseShare(ctx, st, &reader, share)
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

// looseShare gives some loose objects.
func (g *giver) looseShare(ctx context.Context, st *store, reader *looseReader, share []looseObject) (left []entry, err error) {
	for _, x := range share {
		if err := ctx.Err(); err != nil {
			return left, err
		}
		o, err := reader.read(x.id, st.path(x), g.history.repo.options.MaxBlobBytes)
		if err != nil {
			left = append(left, entry{id: x.id})
			continue
		}
		if _, err := g.object(o, origin{}); err != nil {
			return left, err
		}
	}
	return left, nil
}

// readLeft reads through git what the store could not.
func (g *giver) readLeft(ctx context.Context, left []entry) error {
	if len(left) == 0 {
		return nil
	}
	h := g.history
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
