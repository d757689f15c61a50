package gitsource

import (
	"context"
	"sync"

	"github.com/keywright/keywright/internal/packfile"
)

// learnGraph reads the commits and tags that were not read before, so that places and branches can be told. What cannot
// be read is left out: who scans the history reports it.
func (h *History) learnGraph(ctx context.Context) error {
	return h.learnRest(ctx, func(err error) error {
		if isSkip(err) {
			return nil
		}
		return err
	})
}

// learnRest is learnGraph, but tells what cannot be read.
func (h *History) learnRest(ctx context.Context, report func(error) error) error {
	if h.learned {
		return nil
	}
	h.learned = true
	if !h.repo.options.ThroughGit {
		if st, err := h.repo.shim.openStore(ctx); err == nil {
			return h.learnStore(ctx, st, report)
		}
	}
	h.present = newPresence(nil)
	var entries []entry
	for x, err := range h.reader.list(ctx) {
		if err != nil {
			if err := report(err); err != nil {
				return err
			}
			continue
		}
		h.present.add(x.id)
		if hasHeader(x.kind) {
			entries = append(entries, x)
		}
	}
	return h.learnFrom(ctx, entries, report)
}

// learnFrom reads commits and tags through the reader.
func (h *History) learnFrom(ctx context.Context, entries []entry, report func(error) error) error {
	for o, err := range h.reader.contents(ctx, entries, h.repo.options.MaxBlobBytes) {
		if err == nil {
			h.learn(o)
		} else if err = report(err); err != nil {
			return err
		}
	}
	return nil
}

func (h *History) learn(o object) {
	switch {
	case o.over:
	case o.kind == typeCommit:
		h.graph.addCommit(o.id, o.data)
	case o.kind == typeTag:
		h.graph.addTag(o.id, o.data)
	}
}

// learnStore reads the commits and tags of a store, and through git what the store leaves.
func (h *History) learnStore(ctx context.Context, st *store, report func(error) error) error {
	if h.present == nil {
		h.present = newPresence(st)
	}
	left := map[oid]bool{}
	for _, only := range []packfile.Type{packfile.TypeCommit, packfile.TypeTag} {
		if err := h.learnPacks(ctx, st, only, left); err != nil {
			return err
		}
	}
	var reader looseReader
	for _, x := range st.loose {
		if err := ctx.Err(); err != nil {
			return err
		}
		o, err := reader.readOnly(x.id, st.path(x), h.repo.options.MaxBlobBytes, typeCommit, typeTag)
		if err != nil {
			left[x.id] = true
		}
		h.learn(o)
	}
	var entries []entry
	for id := range left {
		if h.past == nil || h.past.clean(id) { // the others were read, and reported, by the scan
			entries = append(entries, entry{id: id})
		}
	}
	return h.learnLeft(ctx, entries, report)
}

// learnPacks reads the packs' objects of one type, and adds to left what cannot be read and may be of that type.
func (h *History) learnPacks(ctx context.Context, st *store, only packfile.Type, left map[oid]bool) error {
	if len(st.packs) == 0 {
		return nil
	}
	options := walkOptions(h.repo.options.MaxBlobBytes)
	options.Only = only
	var mu sync.Mutex
	_, err := packfile.Walk(ctx, st.packs, options, packfile.Visitor{
		Object: func(o packfile.Object) (any, error) {
			h.learn(object{entry: entry{id: st.repo.format.raw(o.ID), kind: kindOf(o.Type)}, data: o.Data})
			return nil, nil
		},
		Unread: func(u packfile.Unread) error {
			mu.Lock()
			defer mu.Unlock()
			if u.Type == only || u.Type == packfile.TypeUnknown {
				left[st.repo.format.raw(u.ID)] = true
			}
			return nil
		},
	})
	return err
}

// learnLeft reads through git, or without it through go-git, what the store could not.
func (h *History) learnLeft(ctx context.Context, left []entry, report func(error) error) error {
	if len(left) == 0 || h.repo.options.NoGit {
		return h.learnFrom(ctx, left, report)
	}
	var entries []entry
	for x, err := range h.repo.shim.check(ctx, left) {
		if err != nil {
			if err := report(err); err != nil {
				return err
			}
		} else if hasHeader(x.kind) {
			entries = append(entries, x)
		}
	}
	return h.learnFrom(ctx, entries, report)
}

// hasHeader says whether an object is one of those that the graph is made of.
func hasHeader(kind objectType) bool { return kind == typeCommit || kind == typeTag }
