package gitsource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/keywright/keywright/internal/packfile"
)

// lookup reads single objects from where they lie, without a git program and without a look at the others: for the
// few that a commit brings, where starting git would cost more than reading them. Not for use by two goroutines at
// once. Close must be called.
type lookup struct {
	repo   *Repository
	dirs   []string
	limit  int64 // over which an object comes without content
	loose  looseReader
	packs  []*packfile.Pack
	reader []*packfile.Reader // of packs, one each
	more   []string           // indexes of packs that were not opened yet
	listed bool
}

func (r *Repository) newLookup(limit int64) *lookup {
	return &lookup{repo: r, dirs: r.objectDirs(), limit: limit}
}

func (l *lookup) close() {
	for _, p := range l.packs {
		_ = p.Close() // it was only read
	}
}

// errLookup says that an object was not found, or was and cannot be read; git may know more.
var errLookup = errors.New("object is left to git")

// read returns an object: what `git cat-file` would.
//
// Errors: errLookup.
func (l *lookup) read(id oid) (object, error) {
	hex := l.repo.format.hex(id)
	for _, dir := range l.dirs {
		o, err := l.loose.read(id, filepath.Join(dir, hex[:2], hex[2:]), l.limit)
		if err == nil {
			o.data = bytes.Clone(o.data) // the reader uses its room again
			return o, nil
		}
		if !isAbsent(err) {
			return object{}, fmt.Errorf("%w: %w", errLookup, err)
		}
	}
	return l.readPacked(id)
}

// readPacked opens one pack after the other until one has the object.
func (l *lookup) readPacked(id oid) (object, error) {
	for i := 0; ; i++ {
		if i == len(l.reader) && !l.openNext() {
			return object{}, errLookup
		}
		kind, data, err := l.reader[i].Read(id[:l.repo.format.size()])
		switch {
		case err == nil:
			return object{entry: entry{id: id, kind: kindOf(kind), size: int64(len(data))}, data: data}, nil
		case !errors.Is(err, packfile.ErrNotFound):
			return object{}, fmt.Errorf("%w: %w", errLookup, err) // over the cap, too: git tells how large it is
		}
	}
}

// openNext opens a pack; false when there is none left that can be.
func (l *lookup) openNext() bool {
	if !l.listed {
		l.listed = true
		for _, dir := range l.dirs {
			l.list(filepath.Join(dir, "pack"))
		}
	}
	for len(l.more) > 0 && len(l.packs) < maxOpenPacks {
		index := l.more[0]
		l.more = l.more[1:]
		p, err := packfile.Open(strings.TrimSuffix(index, ".idx")+".pack", index, l.repo.format.size())
		if err != nil {
			continue // what it has is found elsewhere or left to git, which says what is wrong
		}
		l.packs = append(l.packs, p)
		l.reader = append(l.reader, packfile.NewReader([]*packfile.Pack{p}, packfile.ReaderOptions{MaxObjectBytes: l.limit}))
		return true
	}
	return false
}

func (l *lookup) list(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "pack-") && strings.HasSuffix(e.Name(), ".idx") {
			l.more = append(l.more, filepath.Join(dir, e.Name()))
		}
	}
}

// contents reads entries in their order, and through next those that it cannot read, at the end. It is the contents
// of an [objectReader].
func (l *lookup) contents(ctx context.Context, entries []entry, next objectReader) iter.Seq2[object, error] {
	return func(yield func(object, error) bool) {
		var left []entry
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				yield(object{}, err)
				return
			}
			o, err := l.read(e.id)
			if err != nil {
				left = append(left, e)
			} else if !yield(o, nil) {
				return
			}
		}
		if len(left) == 0 {
			return
		}
		for o, err := range next.contents(ctx, left, l.limit) {
			if !yield(o, err) {
				return
			}
		}
	}
}
