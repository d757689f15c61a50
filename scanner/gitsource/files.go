package gitsource

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/keywright/keywright/scanner"
)

// ErrNeedsGit says that a source needs a git program and none is on PATH.
var ErrNeedsGit = errors.New("this needs a git program on PATH")

// Files is a list of files that an index holds. It is a scanner.Counter and a scanner.Locator.
type Files struct {
	repo   *Repository
	list   func(ctx context.Context) ([]indexEntry, error)
	known  func(oid) bool // content that was scanned before
	counts scanner.Counts
	names  nameSet
	placed []indexEntry
}

// Staged makes the source of what the index holds and HEAD does not: what the next commit would add. Without a
// commit yet that is the whole index. Submodules and files that are only announced (add -N) have no content here.
func (r *Repository) Staged() *Files {
	return &Files{repo: r, list: r.staged, known: func(oid) bool { return false }, names: newNameSet(r.format)}
}

// Index makes the source of all files of the index. What a History of the same Repository yielded before is not
// yielded again.
func (r *Repository) Index() *Files {
	known := func(id oid) bool { return r.scanned != nil && r.scanned.there(id) }
	return &Files{repo: r, list: r.indexed, known: known, names: newNameSet(r.format)}
}

// Counts says what was gone through.
func (f *Files) Counts() scanner.Counts { return f.counts }

// Blobs yields the files with their first path, and their names.
func (f *Files) Blobs(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		e := &emitter{yield: yield}
		if f.repo.options.NoGit {
			e.skip(&scanner.Skip{Reason: scanner.SkipUnsupported, Path: "index", Detail: ErrNeedsGit.Error()})
			return
		}
		f.scan(ctx, e)
		if !e.stopped && ctx.Err() != nil {
			e.fail(ctx.Err())
		}
	}
}

func (f *Files) scan(ctx context.Context, e *emitter) {
	list, err := f.list(ctx)
	if err != nil && ctx.Err() == nil && !e.pass(err) || !f.repo.yieldNotes(e.send) {
		return
	}
	f.placed = list
	first := map[oid]string{}
	var entries []entry
	for _, x := range list {
		if !f.yieldNames(e, x.path) {
			return
		}
		if _, ok := first[x.id]; !ok && !f.known(x.id) {
			first[x.id] = x.path
			entries = append(entries, entry{id: x.id})
		}
	}
	place := func(id oid) scanner.Location { return scanner.Location{Kind: scanner.KindFile, Path: first[id]} }
	f.repo.yieldFiles(ctx, e, entries, place, &f.counts)
	f.repo.yieldNotes(e.send) // what came up when git had to read after all
}

func (f *Files) yieldNames(e *emitter, path string) bool {
	for _, b := range f.names.parts(path) {
		if !e.blob(b) {
			return false
		}
	}
	return true
}

// files reads blobs: from where they lie, and through the reader those that this does not give.
func (r *Repository) files(ctx context.Context, entries []entry) iter.Seq2[object, error] {
	if r.options.NoGit || r.options.ThroughGit || len(entries) > maxLookups {
		return r.reader().contents(ctx, entries, r.options.MaxBlobBytes)
	}
	return func(yield func(object, error) bool) {
		l := r.newLookup(r.options.MaxBlobBytes)
		defer l.close()
		for o, err := range l.contents(ctx, entries, r.reader()) {
			if !yield(o, err) {
				return
			}
		}
	}
}

// maxLookups is up to how many blobs are looked up one by one.
const maxLookups = 2000

// yieldFiles reads blobs and yields each with its place.
func (r *Repository) yieldFiles(ctx context.Context, e *emitter, entries []entry, place func(oid) scanner.Location, counts *scanner.Counts) {
	for o, err := range r.files(ctx, entries) {
		if err != nil {
			if !e.pass(err) {
				return
			}
			continue
		}
		counts.Blobs++
		switch {
		case o.over && r.options.UserSetMax:
			counts.Excluded++
			continue
		case o.over:
			s := r.tooLarge(o.entry)
			s.Path = place(o.id).Path
			e.skip(s)
		default:
			counts.Bytes += o.size
			e.blob(scanner.Blob{ID: r.format.blobID(o.id), Kind: scanner.KindFile, Data: o.data, Location: place(o.id)})
		}
		if e.stopped {
			return
		}
	}
}

// Locate tells every path of the blobs and names that this source yielded.
func (f *Files) Locate(_ context.Context, ids []scanner.BlobID) (map[scanner.BlobID][]scanner.Location, error) {
	p := newPlaces(f.repo, ids, f.names)
	for _, x := range f.placed {
		if !f.known(x.id) {
			p.file(x.id, true, scanner.Location{Kind: scanner.KindFile, Path: x.path})
		}
	}
	return p.found, nil
}

// indexed lists the chosen index.
func (r *Repository) indexed(ctx context.Context) ([]indexEntry, error) {
	if !r.options.ThroughGit {
		if list, err := r.ownEntries(r.indexFile); err == nil {
			return r.withContent(list), nil
		}
	}
	list, err := r.shim.indexEntries(ctx, r.indexFile)
	return r.withContent(list), r.indexError(err)
}

// staged lists what of the index differs from HEAD, as git does, and through git when there is anything out of the
// ordinary.
func (r *Repository) staged(ctx context.Context) ([]indexEntry, error) {
	if r.options.ThroughGit {
		return r.stagedThroughGit(ctx)
	}
	objects := r.newLookup(r.options.MaxBlobBytes)
	defer objects.close()
	list, err := r.ownStaged(objects)
	if err != nil {
		return r.stagedThroughGit(ctx)
	}
	return r.withContent(list), nil
}

// stagedThroughGit lists the same. When HEAD cannot be compared, that is all of the index.
func (r *Repository) stagedThroughGit(ctx context.Context) ([]indexEntry, error) {
	list, err := r.shim.indexEntries(ctx, r.indexFile)
	if err != nil || len(list) == 0 {
		return nil, r.indexError(err)
	}
	base := r.format.emptyTree()
	if t := r.allRefs(ctx); t.hasHead {
		base = r.format.hex(t.head)
	}
	changed, err := r.shim.indexChanges(ctx, base)
	if err != nil {
		return r.withContent(list), &scanner.Skip{Reason: scanner.SkipMissingObject, Path: "HEAD",
			Detail: "the whole index was scanned, since HEAD cannot be compared: " + cut(err.Error(), 200)}
	}
	for _, x := range list {
		if x.stage != "0" { // in a conflict: every side
			changed = append(changed, x)
		}
	}
	return r.withContent(changed), nil
}

// withContent leaves out empty files, which git does not store for those that are only announced.
func (r *Repository) withContent(list []indexEntry) []indexEntry {
	empty, _ := r.format.parse([]byte(r.format.contentID(nil)))
	kept := list[:0]
	for _, x := range list {
		if x.id != empty {
			kept = append(kept, x)
		}
	}
	return kept
}

// indexError turns the failure to read an index into a skip.
func (r *Repository) indexError(err error) error {
	if err == nil || errors.Is(err, errStart) {
		return err
	}
	s := r.skipFor(r.indexFile, err)
	s.Detail = cut(err.Error(), 250)
	return &s
}

// indexChanges compares the copied index with a commit or tree.
func (s *shim) indexChanges(ctx context.Context, base string) ([]indexEntry, error) {
	out, err := s.run(ctx, maxListingBytes, "", "diff-index", "--cached", "--raw", "--no-renames", "--no-abbrev", "-z", base)
	if err != nil {
		return nil, err
	}
	d := diffReader{format: s.repo.format, in: bufio.NewReader(bytes.NewReader(out))}
	var list []indexEntry
	for {
		c, _, err := d.next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, fmt.Errorf("compare the index: %w", err)
		}
		list = append(list, indexEntry{id: c.id, path: c.path, stage: "0"})
	}
}
