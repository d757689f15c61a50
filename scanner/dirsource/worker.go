package dirsource

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/keywright/keywright/scanner"
)

// worker reads folders and files and gives what they hold, one after the other. Its buffers are used again.
type worker struct {
	root    string // as the user named it
	options Options
	give    func(scanner.Blob) error
	skip    func(*scanner.Skip) error
	owned   bool // what is given belongs to the receiver

	disk    disk
	counts  scanner.Counts
	ignored int
	listed  listing
	names   []byte
	buffer  []byte
}

// task is a folder, or some files of one.
type task struct {
	rel   string // from the root, in slashes; empty for the root
	depth int
	files []entry // nil: all that is in the folder

	rules  *scope   // what is left out of it; nil: nothing
	prefix string   // of the root, from the top of its repository: with a slash at its end, or empty
	over   []string // ignore files above the root of which a cap left rules out
}

// below is the task of a folder in this one.
func (t *task) below(path string) task {
	return task{rel: path, depth: t.depth + 1, rules: t.rules, prefix: t.prefix}
}

// entryKind says what a name in a folder stands for.
type entryKind uint8

const (
	otherEntry  entryKind = iota // looked at, nothing to scan: links, pipes, devices, sockets
	fileEntry                    // a regular file when its folder was read
	folderEntry                  //
)

type entry struct {
	name string
	kind entryKind
}

// unreadable reports what could not be read.
func (w *worker) unreadable(path string, err error) error {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next // the path stands in the skip already
	}
	return w.skip(&scanner.Skip{Reason: scanner.SkipUnreadable, Path: path, Detail: err.Error()})
}

// list opens a folder, gives the names in it and returns them sorted, valid until the next call. What cannot be read
// of it is reported; an error is the receiver's.
func (w *worker) list(t *task) (folder, []entry, error) {
	dir, err := w.disk.openFolder(t.rel)
	if err == nil {
		err = w.disk.list(dir, &w.listed)
	} else {
		w.listed.reset()
	}
	if err != nil {
		if err := w.unreadable(t.rel, err); err != nil {
			return dir, nil, err
		}
	}
	if t.depth > maxDepth || len(w.listed.entries) > maxEntries {
		return dir, nil, w.skip(&scanner.Skip{Reason: scanner.SkipTooLarge, Path: t.rel, Detail: "too deep, or too many names in one folder"})
	}
	entries := w.listed.sorted()
	if w.options.RespectGitignore {
		if entries, err = w.chosen(dir, t, entries); err != nil {
			return dir, nil, err
		}
	}
	return dir, entries, w.giveNames(t.rel, entries)
}

// chosen are the entries that no rule leaves out, with the rules of the folder itself, which are put into t.
func (w *worker) chosen(dir folder, t *task, entries []entry) ([]entry, error) {
	base := t.prefix
	if t.rel != "" {
		base += t.rel + "/"
	}
	for _, path := range t.over {
		if err := w.ignoreCapped(path); err != nil {
			return nil, err
		}
	}
	t.over = nil
	if w.listed.git && t.rel != "" { // a repository of its own: no rule from above reaches into it
		exclude := excludeFile(filepath.Join(w.root, filepath.FromSlash(t.rel)))
		rules, over := parseIgnore(readSmall(exclude))
		if over {
			if err := w.ignoreCapped(exclude); err != nil {
				return nil, err
			}
		}
		t.rules = &scope{base: base, rules: rules}
	}
	rules, err := w.rulesOf(dir, t, entries)
	if err != nil {
		return nil, err
	}
	if len(rules) > 0 {
		t.rules = &scope{above: t.rules, base: base, rules: rules}
	}
	kept := entries[:0]
	for _, e := range entries {
		if t.rules.ignored(base+e.name, e.name, e.kind) {
			w.ignored++
			continue
		}
		kept = append(kept, e)
	}
	return kept, nil
}

// rulesOf reads the ignore file of a folder. One that is a link is none, as for git.
func (w *worker) rulesOf(dir folder, t *task, entries []entry) (ignoreRules, error) {
	i, ok := slices.BinarySearchFunc(entries, ignoreFile, func(e entry, name string) int { return strings.Compare(e.name, name) })
	if !ok || entries[i].kind != fileEntry {
		return nil, nil
	}
	f, err := w.disk.openFile(dir, ignoreFile)
	if err != nil {
		return nil, nil // it is a file of the tree too, and reported as such
	}
	defer f.close()
	if f.size > maxIgnoreBytes {
		return nil, w.skip(&scanner.Skip{Reason: scanner.SkipTooLarge, Path: join(t.rel, ignoreFile),
			Detail: fmt.Sprintf("its rules are not applied: %d bytes, the cap is %d", f.size, maxIgnoreBytes)})
	}
	data, err := w.whole(&f)
	if err != nil {
		return nil, nil
	}
	rules, over := parseIgnore(data)
	if over {
		err = w.ignoreCapped(join(t.rel, ignoreFile))
	}
	return rules, err
}

func (w *worker) ignoreCapped(path string) error {
	return w.skip(&scanner.Skip{Reason: scanner.SkipTooLarge, Path: path, Detail: ignoreCaps})
}

// giveNames gives the names in a folder, one a line.
func (w *worker) giveNames(rel string, entries []entry) error {
	if len(entries) == 0 {
		return nil
	}
	if w.owned {
		w.names = nil
	}
	w.names = w.names[:0]
	for _, e := range entries {
		w.names = append(append(w.names, e.name...), '\n')
	}
	return w.give(scanner.Blob{Kind: scanner.KindName, Data: w.names, Location: scanner.Location{Kind: scanner.KindName, Path: rel}})
}

// visit gives what is no folder. What is not a regular file is counted and not opened.
func (w *worker) visit(dir folder, e entry, path string) error {
	if e.kind != fileEntry {
		w.counts.NotRegular++
		return nil
	}
	f, err := w.disk.openFile(dir, e.name)
	return w.content(f, path, err)
}

// content gives one opened file and closes it. err is that of opening it.
func (w *worker) content(f file, path string, err error) error {
	if err == nil {
		defer f.close()
		err = w.read(&f, path)
	}
	var tooLarge *tooLargeError
	switch {
	case errors.Is(err, errNotRegular):
		w.counts.NotRegular++
		return nil
	case errors.As(err, &tooLarge) && w.options.UserSetMax:
		w.counts.Excluded++
		return nil
	case errors.As(err, &tooLarge):
		return w.skip(&scanner.Skip{Reason: scanner.SkipTooLarge, Path: path, Detail: tooLarge.Error()})
	}
	var failed *readError
	if errors.As(err, &failed) {
		return w.unreadable(path, failed.cause)
	}
	return err
}

var errNotRegular = errors.New("not a regular file")

// tooLargeError says how large a file over the cap is.
type tooLargeError struct{ size, limit int64 }

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("%d bytes, the cap is %d", e.size, e.limit)
}

// readError is a failure to read, as opposed to one of the receiver.
type readError struct{ cause error }

func (e *readError) Error() string { return e.cause.Error() }
func (e *readError) Unwrap() error { return e.cause }

func failedRead(err error) error {
	if err == nil {
		return nil
	}
	return &readError{err}
}
