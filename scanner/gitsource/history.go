package gitsource

import (
	"context"
	"fmt"
	"iter"

	"github.com/keywright/keywright/scanner"
)

const progressEvery = 1024 // objects

// History is every object of a repository: file contents, commits, tags, file names and ref names of all refs,
// stashes, notes and reflogs, and what nothing reaches any more.
type History struct {
	repo   *Repository
	reader objectReader
	counts scanner.Counts
	graph  *graph
	names  nameSet
	// suspect is set when a tree names an object that is not there or an object could not be read: only then the
	// walk that tells whether something reaches it is worth its time.
	suspect bool
	present map[oid]struct{}
	only    []ref // the refs that were asked for; nil: all
	// unread are the objects that a skip named already.
	unread    map[string]bool
	emptyTree string // git knows it without having it
}

// History makes the source of the whole history. It is a scanner.Counter and a scanner.Locator.
func (r *Repository) History() *History {
	return &History{repo: r, reader: r.reader(), graph: newGraph(r.format), names: newNameSet(r.format),
		unread: map[string]bool{}, emptyTree: r.format.emptyTree()}
}

// Counts says what was gone through: commits as `git rev-list --all --reflog --count` counts them, blobs as
// `git cat-file --batch-all-objects` lists them.
func (h *History) Counts() scanner.Counts { return h.counts }

// Blobs yields the objects in an order that is the same in each run over the same files.
func (h *History) Blobs(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		e := &emitter{yield: yield}
		h.scan(ctx, e)
		if !e.stopped && ctx.Err() != nil {
			e.fail(ctx.Err())
		}
	}
}

// emitter passes blobs, skips and errors on, and remembers that the receiver wants no more.
type emitter struct {
	yield   func(scanner.Blob, error) bool
	stopped bool
}

func (e *emitter) blob(b scanner.Blob) bool { return e.send(b, nil) }

func (e *emitter) skip(s *scanner.Skip) bool { return e.send(scanner.Blob{}, s) }

func (e *emitter) fail(err error) bool {
	e.send(scanner.Blob{}, err)
	e.stopped = true
	return false
}

// pass takes an error of a reader: a skip goes on, any other error ends the sequence.
func (e *emitter) pass(err error) bool {
	if s, ok := err.(*scanner.Skip); ok { //nolint:errorlint // the contract is the type itself
		return e.skip(s)
	}
	return e.fail(err)
}

func (e *emitter) send(b scanner.Blob, err error) bool {
	if !e.stopped && !e.yield(b, err) {
		e.stopped = true
	}
	return !e.stopped
}

func (h *History) scan(ctx context.Context, e *emitter) {
	if !h.readAll(ctx, e) || ctx.Err() != nil {
		return
	}
	if h.only == nil {
		h.repo.scanned = h.present
	}
	h.yieldRefs(ctx, e)
	h.checkComplete(ctx, e)
}

// readAll reads every object: by ourselves where that can be done, else through git.
func (h *History) readAll(ctx context.Context, e *emitter) bool {
	if h.only == nil && !h.repo.options.NoGit && !h.repo.options.ThroughGit {
		st, err := h.repo.shim.openStore(ctx)
		if err == nil {
			defer func() { _ = st.close() }() // mappings of files that were only read
			return h.scanStore(ctx, e, st)
		}
	}
	entries, ok := h.list(ctx, e)
	if !ok || !h.repo.yieldNotes(e.send) {
		return false
	}
	return h.read(ctx, e, entries, &Progress{Total: len(entries)})
}

// counted are the refs from which commits are counted.
func (h *History) counted(ctx context.Context) []ref {
	if h.only != nil {
		return h.only
	}
	return h.repo.allRefs(ctx).counted()
}

// tips are all ids that lead into what is scanned.
func (h *History) tips(ctx context.Context) []ref {
	if h.only != nil {
		return h.only
	}
	return h.repo.allRefs(ctx).tips()
}

// named are the refs themselves.
func (h *History) named(ctx context.Context) []ref {
	if h.only != nil {
		return h.only
	}
	return h.repo.allRefs(ctx).refs
}

// list learns of every object and leaves out the blobs over the cap.
func (h *History) list(ctx context.Context, e *emitter) ([]entry, bool) {
	h.present = map[oid]struct{}{}
	var entries []entry
	for x, err := range h.reader.list(ctx) {
		if err != nil {
			h.suspect = true
			h.remember(err)
			if !e.pass(err) {
				return nil, false
			}
			continue
		}
		h.present[x.id] = struct{}{}
		if x.kind == typeBlob && x.size > h.repo.options.MaxBlobBytes {
			if !h.tooLarge(e, x) {
				return nil, false
			}
			continue
		}
		entries = append(entries, x)
	}
	return entries, !e.stopped
}

// tooLarge counts a blob over the cap: what the user asked for, or a skip.
func (h *History) tooLarge(e *emitter, x entry) bool {
	if x.kind == typeBlob {
		h.counts.Blobs++
	}
	if h.repo.options.UserSetMax && x.kind == typeBlob {
		h.counts.Excluded++
		return true
	}
	return e.skip(h.repo.tooLarge(x))
}

func (r *Repository) tooLarge(x entry) *scanner.Skip {
	return &scanner.Skip{Reason: scanner.SkipTooLarge, Object: r.format.hex(x.id),
		Detail: fmt.Sprintf("%s of %d bytes, the cap is %d", x.kind, x.size, r.options.MaxBlobBytes)}
}

// read reads entries through git.
func (h *History) read(ctx context.Context, e *emitter, entries []entry, done *Progress) bool {
	for o, err := range h.reader.contents(ctx, entries, h.repo.options.MaxBlobBytes) {
		if err != nil {
			h.suspect = true
			h.remember(err)
			if !e.pass(err) {
				return false
			}
			continue
		}
		if !h.readOne(e, o, done) {
			return false
		}
	}
	h.tell(*done)
	return !e.stopped
}

// readOne counts an object that was read and yields it.
func (h *History) readOne(e *emitter, o object, done *Progress) bool {
	done.Objects++
	done.Bytes += o.size
	if done.Objects%progressEvery == 0 {
		h.tell(*done)
	}
	return h.emit(e, o)
}

func (h *History) tell(done Progress) {
	if h.repo.options.Progress != nil {
		h.repo.options.Progress(done)
	}
}

// remember keeps the object that a skip names, so that it is not reported as missing too.
func (h *History) remember(err error) {
	if s, ok := err.(*scanner.Skip); ok && s.Object != "" { //nolint:errorlint // the contract is the type itself
		h.unread[s.Object] = true
	}
}

// emit turns an object into blobs.
func (h *History) emit(e *emitter, o object) bool {
	if o.over {
		return h.tooLarge(e, o.entry)
	}
	id := h.repo.format.blobID(o.id)
	switch o.kind {
	case typeBlob:
		h.counts.Blobs++
		h.counts.Bytes += o.size
		return e.blob(scanner.Blob{ID: id, Kind: scanner.KindFile, Data: o.data, Location: scanner.Location{Kind: scanner.KindUnknown}})
	case typeCommit:
		c, ok := h.graph.addCommit(o.id, o.data)
		if _, there := h.present[c.tree]; !there && h.repo.format.hex(c.tree) != h.emptyTree {
			h.suspect = true
		}
		return h.parsed(e, o, ok) && e.blob(scanner.Blob{ID: id, Kind: scanner.KindCommit, Data: o.data, Location: commitPlace(string(id), c)})
	case typeTag:
		t, ok := h.graph.addTag(o.id, o.data)
		return h.parsed(e, o, ok) && e.blob(scanner.Blob{ID: id, Kind: scanner.KindTag, Data: o.data, Location: tagPlace(string(id), t)})
	case typeTree:
		return h.emitTree(e, o)
	case typeUnknown:
	}
	return e.skip(&scanner.Skip{Reason: scanner.SkipUnsupported, Object: string(id), Detail: "an object of a type that git does not have"})
}

// parsed reports an object whose header is not what git writes. Its content is scanned all the same.
func (h *History) parsed(e *emitter, o object, ok bool) bool {
	if ok {
		return true
	}
	h.suspect = true
	return e.skip(&scanner.Skip{Reason: scanner.SkipCorruptObject, Object: h.repo.format.hex(o.id), Detail: fmt.Sprintf("not the form of a %s", o.kind)})
}

func commitPlace(id string, c commit) scanner.Location {
	return scanner.Location{Kind: scanner.KindCommit, Commit: id, Author: c.author, Date: c.date}
}

func tagPlace(id string, t tag) scanner.Location {
	return scanner.Location{Kind: scanner.KindTag, Commit: id, Author: t.author, Date: t.date}
}

// emitTree yields the file names that were not seen before, and looks whether what the tree names is there.
func (h *History) emitTree(e *emitter, o object) bool {
	more := true
	whole := treeEntries(h.repo.format, o.data, func(x treeEntry) {
		if _, ok := h.present[x.id]; !ok && x.mode != gitlink {
			h.suspect = true
		}
		if b, fresh := h.names.add(x.name); fresh && more {
			more = e.blob(b)
		}
	})
	return more && h.parsed(e, o, whole)
}

// yieldRefs yields the names of refs, each with what it points to.
func (h *History) yieldRefs(ctx context.Context, e *emitter) {
	refs := h.named(ctx)
	h.counts.Refs = len(refs)
	for _, x := range refs {
		b := scanner.Blob{Kind: scanner.KindRef, Data: []byte(x.name + "\n"),
			Location: scanner.Location{Kind: scanner.KindRef, Commit: h.repo.format.hex(x.id)}}
		if !e.blob(b) {
			return
		}
	}
}
