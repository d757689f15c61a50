package gitsource

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/keywright/keywright/scanner"
)

const (
	maxDiffDeaths = 200
	maxPathBytes  = 1 << 20 // of one path in git's output
)

// change is one path whose content a commit introduced: one that none of its parents has there.
type change struct {
	commit oid
	id     oid
	path   string
	added  bool // no parent has the path at all
}

// changes goes through commits in their order and calls visit for each path that a commit introduced; a merge
// introduces what differs from every parent. It stops when visit returns false.
//
// A commit that git cannot compare (a tree is missing) is reported by skipped, and the next one follows.
func (s *shim) changes(ctx context.Context, commits []oid, visit func(change) bool, skipped func(commit oid, err error)) error {
	for deaths := 0; len(commits) > 0; deaths++ {
		done, more, err := s.changesUntilDeath(ctx, commits, visit)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil || !more {
			return err
		}
		if errors.Is(err, errStart) || deaths >= maxDiffDeaths || done >= len(commits) {
			return fmt.Errorf("compare %d commits: %w", len(commits)-done, err)
		}
		skipped(commits[done], err)
		commits = commits[done+1:]
	}
	return nil
}

// changesUntilDeath returns how many commits were compared in full, and whether visit wants more. Git prints a
// commit's line only when the comparison is done, so the one that kills it has none.
func (s *shim) changesUntilDeath(ctx context.Context, commits []oid, visit func(change) bool) (done int, more bool, err error) {
	p, err := s.start(ctx, "diff-tree", "--stdin", "--root", "--always", "-r", "-c", "--raw", "--no-abbrev", "--no-renames", "-z")
	if err != nil {
		return 0, true, err
	}
	wait := p.feed(func(w *bufio.Writer) error { return s.writeIDs(w, commits) })
	defer func() { p.stop(); wait() }()
	d := diffReader{format: s.repo.format, in: p.out}
	for {
		c, isCommit, err := d.next()
		if errors.Is(err, io.EOF) {
			err = p.finish()
			if err == nil && done != len(commits) {
				err = fmt.Errorf("git diff-tree compared %d of %d commits", done, len(commits))
			}
			return done, true, err
		}
		if err != nil {
			return done, true, err
		}
		if isCommit {
			done++
		} else if !visit(c) {
			return done, false, nil
		}
	}
}

// diffReader parses the output of `git diff-tree --stdin -r -c --raw -z`.
type diffReader struct {
	format objectFormat
	in     *bufio.Reader
	commit oid
}

// errDiffForm says that git's output is of another form than the one known.
var errDiffForm = errors.New("git diff-tree gave output of another form")

// next returns the next commit line or the next path that is a file or a link and was not deleted.
func (d *diffReader) next() (c change, isCommit bool, err error) {
	for {
		field, err := d.field()
		if err != nil {
			return change{}, false, err
		}
		if len(field) == 0 {
			continue
		}
		if field[0] != ':' {
			id, ok := d.format.parse(bytes.TrimSpace(field))
			if !ok {
				return change{}, false, errDiffForm
			}
			d.commit = id
			return change{commit: id}, true, nil
		}
		c, keep, err := d.entry(field)
		if err != nil || keep {
			return c, false, err
		}
	}
}

// field reads up to the next NUL.
func (d *diffReader) field() ([]byte, error) {
	field, err := d.in.ReadSlice(0)
	if errors.Is(err, bufio.ErrBufferFull) {
		long := bytes.Clone(field)
		for errors.Is(err, bufio.ErrBufferFull) && len(long) <= maxPathBytes {
			field, err = d.in.ReadSlice(0)
			long = append(long, field...)
		}
		field = long
	}
	if err != nil {
		if errors.Is(err, io.EOF) && len(field) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return field[:len(field)-1], nil
}

// entry parses ":modes… ids… status" and the path behind it. Of n parents there are n colons, n+1 modes and ids
// (the last is the commit's own), and n letters of status.
func (d *diffReader) entry(field []byte) (c change, keep bool, err error) {
	rest := bytes.TrimLeft(field, ":")
	n := len(field) - len(rest)
	words := bytes.Fields(rest)
	if len(words) != 2*(n+1)+1 {
		return change{}, false, errDiffForm
	}
	mode, status := string(words[n]), words[len(words)-1]
	id, ok := d.format.parse(words[2*n+1])
	if !ok {
		return change{}, false, errDiffForm
	}
	added := len(bytes.Trim(status, "A")) == 0
	path, err := d.field()
	if err != nil {
		return change{}, false, err
	}
	if id == (oid{}) || mode == gitlink || mode == "000000" {
		return change{}, false, nil
	}
	return change{commit: d.commit, id: id, path: string(path), added: added}, true, nil
}

func (r *Repository) attributionSkip(id oid, err error) *scanner.Skip {
	return &scanner.Skip{Reason: scanner.SkipAttribution, Object: r.format.hex(id), Detail: cut(err.Error(), 250)}
}
