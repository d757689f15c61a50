package gitsource

import (
	"bytes"
	"context"
	"errors"

	"github.com/keywright/keywright/scanner"
)

// maxListingBytes caps what git prints of one tree or index.
const maxListingBytes = 4 << 30

// Locate finds where blobs were introduced: path, commit, author and date, the oldest commit first. A file name
// stands in the folder that its Path names, a tag's blob at the ref; a blob of no commit is looked for in the
// indexes of all work trees.
func (h *History) Locate(ctx context.Context, ids []scanner.BlobID) (map[scanner.BlobID][]scanner.Location, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if err := h.learnGraph(ctx); err != nil {
		return nil, err
	}
	p := newPlaces(h.repo, ids, h.names)
	p.found = h.headerPlaces(ids)
	all := h.graph.reach(h.tips(ctx), h.shallowSet())
	problems, usable := h.locateOwn(ctx, all, p)
	if !usable && h.repo.options.NoGit {
		return p.found, &scanner.Skip{Reason: scanner.SkipAttribution, Detail: "places of files in this repository are found only with a git program"}
	}
	if !usable {
		problems = h.locateThroughGit(ctx, all, p)
	}
	if h.only == nil && len(p.unplaced()) > 0 && !h.repo.options.NoGit {
		problems = append(problems, h.repo.locateInIndexes(ctx, p)...)
	}
	return p.found, errors.Join(problems...)
}

// locateThroughGit has git compare all commits.
func (h *History) locateThroughGit(ctx context.Context, all reached, p *places) []error {
	s := h.repo.shim
	if err := s.writeShallow(h.boundaries(all)); err != nil {
		return []error{err}
	}
	problems := h.repo.locateIn(ctx, s, h.graph, h.graph.timelineOf(all.commits).ids, all.commits, p)
	return append(problems, h.repo.locateOthers(ctx, s, all, p)...)
}

func isSkip(err error) bool {
	var s *scanner.Skip
	return errors.As(err, &s)
}

// headerPlaces are the places of commits and tags: themselves.
func (h *History) headerPlaces(ids []scanner.BlobID) map[scanner.BlobID][]scanner.Location {
	found := map[scanner.BlobID][]scanner.Location{}
	for _, id := range ids {
		key, ok := h.repo.format.parse([]byte(id))
		if !ok {
			continue
		}
		if c, ok := h.graph.commit(key); ok {
			found[id] = []scanner.Location{commitPlace(string(id), c)}
		}
		if t, ok := h.graph.tags[key]; ok {
			found[id] = []scanner.Location{tagPlace(string(id), t)}
		}
	}
	return found
}

// locateIn goes through commits, the oldest first; refs says through which ref each is reached, when known.
func (r *Repository) locateIn(ctx context.Context, s *shim, g *graph, commits []oid, refs map[oid]string, p *places) []error {
	var problems []error
	visit := func(c change) bool {
		p.change(c, g, refs[c.commit])
		return true
	}
	skipped := func(id oid, err error) { problems = append(problems, r.attributionSkip(id, err)) }
	if err := s.changes(ctx, commits, visit, skipped); err != nil {
		problems = append(problems, r.attributionSkip(oid{}, err))
	}
	return problems
}

// locateOthers looks at what refs and tags point to other than commits: a blob, or a tree's files.
func (r *Repository) locateOthers(ctx context.Context, s *shim, all reached, p *places) []error {
	var problems []error
	for _, x := range all.others {
		if id := r.format.blobID(x.id); p.ids[id] {
			p.add(id, scanner.Location{Kind: scanner.KindFile, Ref: x.name})
			continue
		}
		kind, err := s.typeOf(ctx, x.id)
		if err != nil || kind != typeTree {
			continue // what is missing was reported by Blobs
		}
		if err := r.locateInTree(ctx, s, x, p); err != nil {
			problems = append(problems, r.attributionSkip(x.id, err))
		}
	}
	return problems
}

// typeOf asks what an object is; an error when it is not there.
func (s *shim) typeOf(ctx context.Context, id oid) (objectType, error) {
	out, err := s.run(ctx, maxRefBytes, "", "cat-file", "-t", s.repo.format.hex(id))
	return objectType(bytes.TrimSpace(out)), err
}

func (r *Repository) locateInTree(ctx context.Context, s *shim, x ref, p *places) error {
	out, err := s.run(ctx, maxListingBytes, "", "ls-tree", "-r", "-z", "--full-tree", r.format.hex(x.id))
	if err != nil {
		return err
	}
	for line := range bytes.SplitSeq(out, []byte{0}) {
		meta, name, _ := bytes.Cut(line, []byte("\t"))
		words := bytes.Fields(meta)
		if len(words) < 3 {
			continue
		}
		if id, ok := r.format.parse(words[2]); ok {
			p.file(id, true, scanner.Location{Kind: scanner.KindFile, Path: string(name), Ref: x.name})
		}
	}
	return nil
}

// locateInIndexes looks for blobs that no commit has in the indexes of all work trees.
func (r *Repository) locateInIndexes(ctx context.Context, p *places) []error {
	var problems []error
	for _, file := range r.indexFiles() {
		entries, err := r.shim.indexEntries(ctx, file)
		if err != nil {
			problems = append(problems, &scanner.Skip{Reason: scanner.SkipAttribution, Path: r.display(file), Detail: cut(err.Error(), 250)})
		}
		for _, e := range entries {
			p.file(e.id, true, scanner.Location{Kind: scanner.KindFile, Path: e.path})
		}
	}
	return problems
}
