package gitsource

import (
	"context"
	"fmt"
	"iter"
	"strings"
)

// Refs makes the source of what refs reach, and nothing else: their whole history, tags and trees included. A
// name is resolved as git does it.
//
// Errors: ErrUnknownRevision, ErrNeedsGit.
func (r *Repository) Refs(ctx context.Context, names ...string) (*History, error) {
	if r.options.NoGit {
		return nil, fmt.Errorf("refs %s: %w", strings.Join(names, " "), ErrNeedsGit)
	}
	h := r.History()
	h.only = []ref{}
	for _, name := range names {
		hex, err := r.resolveName(ctx, name, "")
		if err != nil {
			return nil, err
		}
		id, _ := r.format.parse([]byte(hex))
		h.only = append(h.only, ref{name: name, id: id})
	}
	h.reader = &reachable{shim: r.shim, history: h}
	return h, nil
}

// reachable reads only the objects that a source's refs reach.
type reachable struct {
	*shim
	history *History
}

// list asks git what is reachable. Git is told first where history has gaps: it would give nothing behind one.
func (x *reachable) list(ctx context.Context) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		all := x.repo.History()
		err := all.learnGraph(ctx)
		if err == nil {
			err = x.writeShallow(all.gaps())
		}
		if err != nil {
			yield(entry{}, err)
			return
		}
		var tips strings.Builder
		for _, t := range x.history.only {
			if all.there(t.id) {
				tips.WriteString(x.repo.format.hex(t.id) + "\n")
			}
		}
		ids, err := x.revList(ctx, tips.String(), "--objects", "--no-object-names", "--missing=print")
		for _, id := range ids {
			if !yield(entry{id: id}, nil) {
				return
			}
		}
		if err != nil {
			yield(entry{}, x.repo.incomparable(oid{}, err))
		}
	}
}
