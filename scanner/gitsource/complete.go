package gitsource

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/keywright/keywright/scanner"
)

const (
	maxMissingSkips = 10_000 // missing objects that are named one by one
	maxShallowSkips = 20     // shallow boundaries that are named one by one
)

// complete counts commits and reports what is reachable and not there. whole: nothing is missing.
func (g *giver) complete(ctx context.Context) (whole bool, err error) {
	h := g.history
	if h.past.asBefore(ctx, h) {
		h.counts.Commits = h.past.note.commits
		return true, nil
	}
	if err := h.learnRest(ctx, g.pass); err != nil {
		return false, err
	}
	told := g.told
	err = g.checkComplete(ctx)
	return g.told == told && !h.suspect.Load(), err
}

func (g *giver) checkComplete(ctx context.Context) error {
	h := g.history
	shallow := h.shallowSet()
	// FETCH_HEAD and its like count for places only: git prunes what nothing else reaches, so a gap there is none.
	all := h.graph.cover(h.counted(ctx), shallow, nil)
	h.counts.Commits = all.count
	if err := g.shallow(all, shallow); err != nil {
		return err
	}
	missing := h.missingTips(ctx)
	for _, id := range all.missing {
		missing = append(missing, scanner.Skip{Reason: scanner.SkipMissingObject, Object: h.repo.format.hex(id), Detail: "a commit that another names as parent"})
	}
	for _, x := range all.others {
		if !h.there(x.id) && !x.worktree && x.tagged {
			missing = append(missing, scanner.Skip{Reason: scanner.SkipMissingObject, Object: h.repo.format.hex(x.id), Path: x.name, Detail: "what a tag points to"})
		}
	}
	if h.suspect.Load() || len(missing) > 0 {
		missing = append(missing, h.missingBelow(ctx, all)...)
	}
	missing = append(missing, h.past.missing()...)
	return g.missing(missing)
}

func (h *History) shallowSet() map[oid]bool {
	set := map[oid]bool{}
	for _, id := range h.repo.shallow() {
		set[id] = true
	}
	return set
}

// counted are the tips of `git rev-list --all --reflog`.
func (t *refTable) counted() []ref {
	tips := append([]ref{}, t.refs...)
	tips = append(tips, t.heads...)
	return append(tips, t.reflogs...)
}

// tips are all ids that lead into the history.
func (t *refTable) tips() []ref { return append(t.counted(), t.pseudo...) }

// shallow reports where history was cut off: at reachable commits whose parents are not there.
func (g *giver) shallow(all reached, shallow map[oid]bool) error {
	h := g.history
	var cutAt []oid
	for id := range shallow {
		if n, ok := h.graph.commits.number(id); ok && all.has(n) && h.lacksParent(n) {
			cutAt = append(cutAt, id)
		}
	}
	sortIDs(cutAt)
	for i, id := range cutAt {
		s := scanner.Skip{Reason: scanner.SkipShallow, Object: h.repo.format.hex(id), Detail: "the history before this commit was not fetched"}
		if i == maxShallowSkips {
			s.Object, s.Detail = "", fmt.Sprintf("the history before %d more commits was not fetched", len(cutAt)-i)
		}
		if err := g.skip(&s); err != nil || i == maxShallowSkips {
			return err
		}
	}
	return nil
}

// lacksParent says whether a parent of the n-th commit is not there.
func (h *History) lacksParent(n int) bool {
	for _, p := range h.graph.commits.parents(n, nil) {
		if _, ok := h.graph.commits.number(p); !ok {
			return true
		}
	}
	return false
}

// missingTips reports refs to objects that are not there. A reflog may name commits that were pruned.
func (h *History) missingTips(ctx context.Context) []scanner.Skip {
	var skips []scanner.Skip
	refs := append([]ref{}, h.named(ctx)...)
	if h.only == nil {
		refs = append(refs, h.repo.allRefs(ctx).heads...)
	}
	for _, x := range refs {
		if !h.there(x.id) {
			skips = append(skips, scanner.Skip{Reason: scanner.SkipMissingObject, Object: h.repo.format.hex(x.id), Path: x.name, Detail: "what a ref points to"})
		}
	}
	return skips
}

// missingBelow asks for the trees and blobs that the history reaches and that are not there.
func (h *History) missingBelow(ctx context.Context, all reached) []scanner.Skip {
	walker, ok := h.reader.(missingWalker)
	if !ok {
		return []scanner.Skip{{Reason: scanner.SkipMissingObject, Detail: "a tree names objects that are not there, or some could not be read; what reaches them is told only with a git program"}}
	}
	var tips []oid
	for _, x := range h.counted(ctx) {
		if h.there(x.id) {
			tips = append(tips, x.id)
		}
	}
	missing, err := walker.missing(ctx, tips, h.boundaries(all))
	var skips []scanner.Skip
	for _, id := range missing {
		skips = append(skips, scanner.Skip{Reason: scanner.SkipMissingObject, Object: h.repo.format.hex(id), Detail: "named by a tree, not in the repository"})
	}
	if err != nil && ctx.Err() == nil {
		skips = append(skips, scanner.Skip{Reason: scanner.SkipMissingObject, Detail: "the walk that looks for missing objects ended early: " + cut(err.Error(), 250)})
	}
	return skips
}

// boundaries are the commits at which git must stop: shallow ones, and those with a parent that is not there.
func (h *History) boundaries(all reached) []oid {
	ids := h.repo.shallow()
	for n := range h.graph.commits.len() {
		if all.has(n) && h.lacksParent(n) {
			ids = append(ids, h.graph.commits.idOf(n))
		}
	}
	sortIDs(ids)
	return ids
}

// missing reports what is not there, unless a skip named it before.
func (g *giver) missing(missing []scanner.Skip) error {
	told, unread := 0, g.history.unread
	for i := range missing {
		if id := missing[i].Object; id != "" && unread[id] {
			continue
		} else if id != "" {
			unread[id] = true
			told++
		}
		if told > maxMissingSkips {
			return g.skip(&scanner.Skip{Reason: scanner.SkipMissingObject, Detail: fmt.Sprintf("about %d more objects are missing", len(missing)-i)})
		}
		if err := g.skip(&missing[i]); err != nil {
			return err
		}
	}
	return nil
}

// missingWalker is a reader that can tell which reachable objects are not there.
type missingWalker interface {
	missing(ctx context.Context, tips, boundaries []oid) ([]oid, error)
}

// missing walks all objects that tips reach.
func (s *shim) missing(ctx context.Context, tips, boundaries []oid) ([]oid, error) {
	if err := s.writeShallow(boundaries); err != nil {
		return nil, err
	}
	p, err := s.start(ctx, "rev-list", "--objects", "--quiet", "--missing=print", "--stdin")
	if err != nil {
		return nil, err
	}
	wait := p.feed(func(w *bufio.Writer) error { return s.writeIDs(w, tips) })
	defer func() { p.stop(); wait() }()
	var ids []oid
	for {
		line, err := p.out.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return ids, p.finish()
		}
		if err != nil {
			return ids, err
		}
		if id, ok := s.repo.format.parse([]byte(strings.TrimSpace(strings.TrimPrefix(line, "?")))); ok && line[0] == '?' {
			ids = append(ids, id)
		}
	}
}

func (s *shim) writeIDs(w *bufio.Writer, ids []oid) error {
	for _, id := range ids {
		if _, err := w.WriteString(s.repo.format.hex(id) + "\n"); err != nil {
			return err
		}
	}
	return nil
}
