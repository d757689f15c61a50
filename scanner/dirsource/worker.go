package dirsource

import (
	"errors"
	"fmt"

	"github.com/keywright/keywright/scanner"
)

// worker reads folders and files and gives what they hold, one after the other. Its buffers are used again.
type worker struct {
	options Options
	give    func(scanner.Blob) error
	skip    func(*scanner.Skip) error
	owned   bool // what is given belongs to the receiver

	disk   disk
	counts scanner.Counts
	listed listing
	names  []byte
	buffer []byte
}

// task is a folder, or some files of one.
type task struct {
	rel   string // from the root, in slashes; empty for the root
	depth int
	files []entry // nil: all that is in the folder
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
func (w *worker) list(t task) (folder, []entry, error) {
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
	return dir, entries, w.giveNames(t.rel, entries)
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
