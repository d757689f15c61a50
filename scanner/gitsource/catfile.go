package gitsource

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"syscall"

	"github.com/keywright/keywright/scanner"
)

// objectType is git's word for what an object is.
type objectType string

const (
	typeUnknown objectType = "" // not known before it is read
	typeBlob    objectType = "blob"
	typeTree    objectType = "tree"
	typeCommit  objectType = "commit"
	typeTag     objectType = "tag"
)

// entry is an object that is there, or is thought to be.
type entry struct {
	id   oid
	kind objectType
	size int64
}

// object is an entry with its content; data is nil when the content is over the cap.
type object struct {
	entry
	data []byte
	over bool
}

// objectReader reads a repository's objects: with git, or without.
type objectReader interface {
	// list yields every object of the store, also those that nothing reaches.
	list(ctx context.Context) iter.Seq2[entry, error]
	// contents reads entries in their order. An object over limit bytes comes without content.
	contents(ctx context.Context, entries []entry, limit int64) iter.Seq2[object, error]
}

const (
	// maxDeaths is how many objects may kill git before the rest is given up.
	maxDeaths = 1000
	// carefulObjects are read one by one after a death: more than a pipe of 64 KiB holds ids, so that the object
	// that killed git is among them.
	carefulObjects = 4096
)

// list asks git for all objects, loose and packed, of alternates too.
func (s *shim) list(ctx context.Context) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		n, more, err := s.listOnce(ctx, "%(objectname) %(objecttype) %(objectsize)", 0, yield)
		if err == nil || !more {
			return
		}
		if ctx.Err() != nil {
			yield(entry{}, ctx.Err())
			return
		}
		// An object whose header cannot be read may kill git. Names alone need no look at any object.
		skip := &scanner.Skip{Reason: scanner.SkipCorruptObject, Detail: cut(err.Error(), 300)}
		if !yield(entry{}, skip) {
			return
		}
		if _, more, err = s.listOnce(ctx, "%(objectname)", n, yield); err != nil && more {
			yield(entry{}, fmt.Errorf("list objects: %w", err))
		}
	}
}

// listOnce lists from the skip-th object on. It returns how many lines it had and whether the receiver wants more.
func (s *shim) listOnce(ctx context.Context, format string, skip int, yield func(entry, error) bool) (int, bool, error) {
	p, err := s.start(ctx, "cat-file", "--batch-all-objects", "--unordered", "--buffer", "--batch-check="+format)
	if err != nil {
		return 0, true, err
	}
	defer p.stop()
	n := 0
	for {
		line, err := p.out.ReadSlice('\n')
		if err != nil {
			return n, true, p.finish()
		}
		n++
		if n <= skip {
			continue
		}
		e, err := s.parseListed(line)
		if !yield(e, err) {
			return n, false, nil
		}
	}
}

// parseListed reads a line of --batch-check. "ID missing" means that the object is there and its header cannot
// be read.
func (s *shim) parseListed(line []byte) (entry, error) {
	fields := bytes.Fields(line)
	if len(fields) == 0 {
		return entry{}, fmt.Errorf("list objects: git gave an empty line")
	}
	id, ok := s.repo.format.parse(fields[0])
	if !ok {
		return entry{}, fmt.Errorf("list objects: git gave a line of another form")
	}
	switch len(fields) {
	case 1:
		return entry{id: id}, nil
	case 2:
		return entry{}, &scanner.Skip{Reason: scanner.SkipCorruptObject, Object: s.repo.format.hex(id), Detail: "its header cannot be read"}
	}
	size, err := strconv.ParseInt(string(fields[2]), 10, 64)
	if err != nil {
		return entry{}, fmt.Errorf("list objects: size of %s: %w", fields[0], err)
	}
	return entry{id: id, kind: objectType(fields[1]), size: size}, nil
}

// contents reads with one git for all objects. When one of them kills it, the next ones are read one at a time
// until the culprit is found; it becomes a skip, and a new git reads on behind it.
func (s *shim) contents(ctx context.Context, entries []entry, limit int64) iter.Seq2[object, error] {
	return func(yield func(object, error) bool) {
		b := &batch{shim: s, limit: limit, yield: yield}
		for deaths := 0; len(entries) > 0; {
			rest, culprit, err := b.untilDeath(ctx, entries)
			switch {
			case b.stopped:
				return
			case culprit == nil && err != nil:
				yield(object{}, err)
				return
			case culprit != nil:
				deaths++
				b.pass(object{}, s.corrupt(culprit.id, err))
			}
			entries = rest
			if deaths > maxDeaths && len(rest) > 0 && !b.stopped {
				b.pass(object{}, &scanner.Skip{Reason: scanner.SkipCorruptObject,
					Detail: fmt.Sprintf("%d objects were not read after %d others could not be", len(rest), deaths)})
				return
			}
			if b.stopped {
				return
			}
		}
	}
}

// untilDeath reads entries until an object kills git or the end. It returns what is left, the culprit, and what
// git said of it; an error without a culprit is no object's fault.
func (b *batch) untilDeath(ctx context.Context, entries []entry) (rest []entry, culprit *entry, err error) {
	n, err := b.buffered(ctx, entries)
	rest = entries[n:]
	if err != nil && ctx.Err() == nil && !errors.Is(err, errStart) {
		n, err = b.oneByOne(ctx, rest[:min(len(rest), carefulObjects)])
		rest = rest[n:]
	}
	if ctx.Err() != nil {
		return rest, nil, ctx.Err()
	}
	if err == nil || errors.Is(err, errStart) {
		return rest, nil, err
	}
	return rest[1:], &rest[0], err
}

func (s *shim) corrupt(id oid, err error) *scanner.Skip {
	return &scanner.Skip{Reason: scanner.SkipCorruptObject, Object: s.repo.format.hex(id), Detail: cut(err.Error(), 300)}
}

// batch reads through `git cat-file --batch`.
type batch struct {
	shim    *shim
	limit   int64
	yield   func(object, error) bool
	stopped bool // the receiver wants no more
}

// buffered asks for all entries at once and returns how many were answered; an error when git died before the end.
func (b *batch) buffered(ctx context.Context, entries []entry) (int, error) {
	p, err := b.shim.start(ctx, "cat-file", "--batch", "--buffer")
	if err != nil {
		return 0, err
	}
	defer p.stop()
	wait := p.feed(func(w *bufio.Writer) error {
		for _, e := range entries {
			if _, err := w.WriteString(b.shim.repo.format.hex(e.id) + "\n"); err != nil {
				return err
			}
		}
		return nil
	})
	defer func() { p.stop(); wait() }()
	for i, e := range entries {
		if err := b.answer(p, e); err != nil {
			return i, err
		}
		if b.stopped {
			return i + 1, nil
		}
	}
	return len(entries), nil
}

// oneByOne waits for each answer before it asks for the next, so that the number of answers names the object
// that killed git.
func (b *batch) oneByOne(ctx context.Context, entries []entry) (int, error) {
	p, err := b.shim.start(ctx, "cat-file", "--batch")
	if err != nil {
		return 0, err
	}
	defer p.stop()
	for i, e := range entries {
		_, err := io.WriteString(p.in, b.shim.repo.format.hex(e.id)+"\n")
		if err == nil {
			err = b.answer(p, e)
		}
		if err != nil {
			return i, p.whyDead(err)
		}
		if b.stopped {
			return i + 1, nil
		}
	}
	return len(entries), nil
}

// whyDead says why git gave no answer: what it said when it died, else err.
func (p *process) whyDead(err error) error {
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, syscall.EPIPE) {
		return err // it may still be writing, so there is nothing to wait for
	}
	if died := p.finish(); died != nil {
		return died
	}
	return err
}

// answer reads one answer and passes it on. An error means that git can answer no more.
func (b *batch) answer(p *process, want entry) error {
	line, err := p.out.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("read the answer for an object: %w", err)
	}
	hex := b.shim.repo.format.hex(want.id)
	fields := bytes.Fields(line)
	if len(fields) == 2 && string(fields[0]) == hex {
		b.pass(object{}, &scanner.Skip{Reason: scanner.SkipMissingObject, Object: hex, Detail: "the object is " + cut(string(fields[1]), 20)})
		return nil
	}
	if len(fields) != 3 || string(fields[0]) != hex {
		return fmt.Errorf("read object %s: git gave an answer of another form", hex)
	}
	size, err := strconv.ParseInt(string(fields[2]), 10, 64)
	if err != nil || size < 0 {
		return fmt.Errorf("read object %s: git gave a size of another form", hex)
	}
	o := object{entry: entry{id: want.id, kind: objectType(fields[1]), size: size}, over: size > b.limit}
	if o.over {
		_, err = io.CopyN(io.Discard, p.out, size+1)
	} else {
		o.data, err = readExactly(p.out, size)
	}
	if err != nil {
		return fmt.Errorf("read object %s: %w", hex, err)
	}
	b.pass(o, nil)
	return nil
}

func (b *batch) pass(o object, err error) {
	if !b.yield(o, err) {
		b.stopped = true
	}
}

// readExactly reads size bytes and the line end behind them.
func readExactly(r *bufio.Reader, size int64) ([]byte, error) {
	data := make([]byte, size)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	_, err := r.Discard(1)
	return data, err
}
