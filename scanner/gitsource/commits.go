package gitsource

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/keywright/keywright/scanner"
)

// ErrUnknownRevision says that a name leads to no commit of this repository.
var ErrUnknownRevision = errors.New("unknown revision")

const maxRevisionBytes = 4 << 10

// Commits is what the commits of a range bring: the files that they introduce, merges included, their messages,
// and the names that are new. It is a scanner.Counter and a scanner.Locator.
type Commits struct {
	repo   *Repository
	spec   []string // for git rev-list --stdin, of full ids
	counts scanner.Counts
	graph  *graph
	names  nameSet
	order  []oid // the oldest first
}

// Range makes the source of "A..B", what B has and A does not, or "A...B", what one has and the other does not.
// A side left out is HEAD. A base of zeros, as a push of a new branch has it, excludes nothing.
//
// Errors: ErrUnknownRevision, ErrNeedsGit.
func (r *Repository) Range(ctx context.Context, expression string) (*Commits, error) {
	if r.options.NoGit {
		return nil, fmt.Errorf("range %s: %w", expression, ErrNeedsGit)
	}
	separator := "..."
	from, to, ok := strings.Cut(expression, separator)
	if !ok {
		separator = ".."
		from, to, ok = strings.Cut(expression, separator)
	}
	if !ok {
		return nil, fmt.Errorf("range %q has no two dots: %w", expression, ErrUnknownRevision)
	}
	c := &Commits{repo: r, graph: newGraph(r.format), names: newNameSet(r.format)}
	tip, err := r.resolveCommit(ctx, to)
	if err != nil {
		return nil, err
	}
	if strings.Trim(from, "0") == "" && len(from) == 2*r.format.size() {
		c.spec = []string{tip}
		return c, nil
	}
	base, err := r.resolveCommit(ctx, from)
	if err != nil {
		return nil, err
	}
	c.spec = []string{tip, "^" + base}
	if separator == "..." {
		c.spec = []string{base + "..." + tip}
	}
	return c, nil
}

// resolveCommit takes a name, as git does, to a commit's id; an empty one is HEAD.
func (r *Repository) resolveCommit(ctx context.Context, name string) (string, error) {
	if name == "" {
		name = "HEAD"
	}
	return r.resolveName(ctx, name, "^{commit}")
}

func (r *Repository) resolveName(ctx context.Context, name, suffix string) (string, error) {
	if len(name) > maxRevisionBytes || strings.ContainsAny(name, "\n\x00") || strings.HasPrefix(name, "-") {
		return "", fmt.Errorf("%q: %w", cut(name, 100), ErrUnknownRevision)
	}
	out, err := r.shim.run(ctx, maxRefBytes, "", "rev-parse", "--verify", "--quiet", "--end-of-options", name+suffix)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if errors.Is(err, errStart) {
		return "", err
	}
	id, ok := r.format.parse(bytes.TrimSpace(out))
	if err != nil || !ok {
		return "", fmt.Errorf("%q: %w", cut(name, 100), ErrUnknownRevision)
	}
	return r.format.hex(id), nil
}

// Counts says what was gone through.
func (c *Commits) Counts() scanner.Counts { return c.counts }

// Blobs yields the commits, then what they introduced, each with its first place.
func (c *Commits) Blobs(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		e := &emitter{yield: yield}
		c.scan(ctx, e)
		if !e.stopped && ctx.Err() != nil {
			e.fail(ctx.Err())
		}
	}
}

func (c *Commits) scan(ctx context.Context, e *emitter) {
	var skips []scanner.Skip
	var err error
	c.order, skips, err = c.list(ctx)
	for i := range skips {
		e.skip(&skips[i])
	}
	if e.stopped || ctx.Err() != nil || !c.repo.yieldNotes(e.send) {
		return
	}
	if err != nil {
		e.fail(err)
		return
	}
	c.counts.Commits = len(c.order)
	if c.yieldCommits(ctx, e) && c.yieldShallow(e) {
		c.yieldIntroduced(ctx, e)
	}
}

// list asks git for the commits. When one of them names a parent that is not there, git gives none at all: then
// it is told where to stop and asked again, and the gap is a skip.
func (c *Commits) list(ctx context.Context) ([]oid, []scanner.Skip, error) {
	ids, err := c.revList(ctx)
	if err == nil || ctx.Err() != nil || errors.Is(err, errStart) {
		return ids, nil, err
	}
	skips := []scanner.Skip{{Reason: scanner.SkipMissingObject, Detail: "the history of the range is not whole: " + cut(err.Error(), 250)}}
	h := c.repo.History()
	if err := h.learnGraph(ctx); err != nil {
		return nil, skips, err
	}
	if err := c.repo.shim.writeShallow(h.gaps()); err != nil {
		return nil, skips, err
	}
	ids, err = c.revList(ctx)
	return ids, skips, err
}

// gaps are the commits at which git must stop: shallow ones and those with a parent that is not there.
func (h *History) gaps() []oid {
	all := reached{numbers: make([]bool, h.graph.commits.len())}
	for n := range all.numbers {
		all.numbers[n] = true
	}
	return h.boundaries(all)
}

func (c *Commits) revList(ctx context.Context) ([]oid, error) {
	ids, err := c.repo.shim.revList(ctx, strings.Join(c.spec, "\n")+"\n", "--topo-order")
	slices.Reverse(ids)
	return ids, err
}

// revList runs git rev-list and returns the ids that it prints.
func (s *shim) revList(ctx context.Context, input string, options ...string) ([]oid, error) {
	p, err := s.start(ctx, append(append([]string{"rev-list"}, options...), "--stdin")...)
	if err != nil {
		return nil, err
	}
	wait := p.feed(func(w *bufio.Writer) error {
		_, err := w.WriteString(input)
		return err
	})
	defer func() { p.stop(); wait() }()
	var ids []oid
	for {
		line, err := p.out.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return ids, p.finish()
		}
		if err != nil {
			return ids, fmt.Errorf("read the ids of git rev-list: %w", err)
		}
		if id, ok := s.repo.format.parse(bytes.TrimSpace(line)); ok {
			ids = append(ids, id)
		}
	}
}

func (c *Commits) yieldCommits(ctx context.Context, e *emitter) bool {
	entries := make([]entry, len(c.order))
	for i, id := range c.order {
		entries[i].id = id
	}
	for o, err := range c.repo.reader().contents(ctx, entries, c.repo.options.MaxBlobBytes) {
		switch {
		case err != nil:
			e.pass(err)
		case o.over:
			e.skip(c.repo.tooLarge(o.entry))
		default:
			of, _ := c.graph.addCommit(o.id, o.data)
			id := c.repo.format.blobID(o.id)
			e.blob(scanner.Blob{ID: id, Kind: scanner.KindCommit, Data: o.data, Location: commitPlace(string(id), of)})
		}
		if e.stopped {
			return false
		}
	}
	return true
}

// yieldShallow reports the commits of the range behind which history was not fetched: the range may go on there.
func (c *Commits) yieldShallow(e *emitter) bool {
	cutAt := map[oid]bool{}
	for _, id := range c.repo.shallow() {
		cutAt[id] = true
	}
	for _, id := range c.order {
		if cutAt[id] && !e.skip(&scanner.Skip{Reason: scanner.SkipShallow, Object: c.repo.format.hex(id),
			Detail: "the history before this commit was not fetched, the range may not be whole"}) {
			return false
		}
	}
	return true
}

// yieldIntroduced yields the names and then the files that the commits introduced.
func (c *Commits) yieldIntroduced(ctx context.Context, e *emitter) {
	first := map[oid]change{}
	var entries []entry
	visit := func(x change) bool {
		if _, ok := first[x.id]; !ok {
			first[x.id] = x
			entries = append(entries, entry{id: x.id})
		}
		if x.added {
			for _, b := range c.names.parts(x.path) {
				e.blob(b)
			}
		}
		return !e.stopped
	}
	skipped := func(id oid, err error) { e.skip(c.repo.incomparable(id, err)) }
	err := c.repo.shim.changes(ctx, c.order, visit, skipped)
	if e.stopped || ctx.Err() != nil {
		return
	}
	if err != nil && !e.skip(c.repo.incomparable(oid{}, err)) {
		return
	}
	place := func(id oid) scanner.Location { return c.place(first[id]) }
	c.repo.yieldFiles(ctx, e, entries, place, &c.counts)
}

// incomparable says that what a commit introduced is not known.
func (r *Repository) incomparable(id oid, err error) *scanner.Skip {
	return &scanner.Skip{Reason: scanner.SkipMissingObject, Object: r.format.hex(id),
		Detail: "what this commit introduced cannot be told: " + cut(err.Error(), 200)}
}

func (c *Commits) place(x change) scanner.Location {
	of, _ := c.graph.commit(x.commit)
	return scanner.Location{Kind: scanner.KindFile, Path: x.path, Commit: c.repo.format.hex(x.commit), Author: of.author, Date: of.date}
}

// Locate tells where in the range blobs and names were introduced, the oldest commit first.
func (c *Commits) Locate(ctx context.Context, ids []scanner.BlobID) (map[scanner.BlobID][]scanner.Location, error) {
	p := newPlaces(c.repo, ids, c.names)
	for _, id := range ids {
		if key, ok := c.repo.format.parse([]byte(id)); ok {
			if of, ok := c.graph.commit(key); ok {
				p.add(id, commitPlace(string(id), of))
			}
		}
	}
	problems := c.repo.locateIn(ctx, c.repo.shim, c.graph, c.order, nil, p)
	return p.found, errors.Join(problems...)
}
