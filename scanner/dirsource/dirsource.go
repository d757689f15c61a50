package dirsource

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/keywright/keywright/scanner"
)

// DefaultMaxFileBytes is the size over which a file is not read.
const DefaultMaxFileBytes = 64 << 20

const (
	maxDepth   = 4096    // folders in folders
	maxEntries = 4 << 20 // names in one folder

	// maxWait is how long one file may keep its reader waiting. Only the system's own files do: /proc/kmsg, trace_pipe.
	maxWait = 2 * time.Second
)

// Options of [New]. The zero value is right for a scan of a path.
type Options struct {
	// MaxFileBytes is the cap on a file; 0: DefaultMaxFileBytes. A file over it is a Skip, or Excluded when
	// UserSetMax says that the user asked for the cap.
	MaxFileBytes int64
	UserSetMax   bool
}

// Source is the files below a path. It is a scanner.Counter.
type Source struct {
	root    string
	options Options
	counts  scanner.Counts
}

// New makes a source of a folder or of one file. That there is nothing at the path is an error of Blobs; that a
// pipe or device is there, a Skip, since it is what was asked for.
func New(path string, options Options) *Source {
	if options.MaxFileBytes <= 0 {
		options.MaxFileBytes = DefaultMaxFileBytes
	}
	return &Source{root: path, options: options}
}

// Counts says what was gone through.
func (s *Source) Counts() scanner.Counts { return s.counts }

// Blobs yields each regular file with its path from the root in slashes, and the names of each folder. A folder
// named .git and a file .git that points to one are not part of a tree.
func (s *Source) Blobs(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		w := &walk{Source: s, ctx: ctx, yield: yield}
		info, err := os.Stat(s.root) // the root itself may be a link: it is what the user named
		switch {
		case err != nil:
			w.send(scanner.Blob{}, fmt.Errorf("scan %s: %w", s.root, err))
		case info.IsDir():
			w.folder("", 0)
		case !info.Mode().IsRegular():
			s.counts.NotRegular++
			w.send(scanner.Blob{}, &scanner.Skip{Reason: scanner.SkipUnreadable, Path: filepath.Base(s.root),
				Detail: "neither a file nor a folder; a pipe or device is read from standard input"})
		default:
			w.visit(s.root, filepath.Base(s.root), 0)
		}
		if !w.stopped && ctx.Err() != nil {
			yield(scanner.Blob{}, ctx.Err())
		}
	}
}

// walk is one pass over the tree.
type walk struct {
	*Source
	ctx     context.Context
	yield   func(scanner.Blob, error) bool
	stopped bool
}

func (w *walk) ended() bool { return w.stopped || w.ctx.Err() != nil }

func (w *walk) send(b scanner.Blob, err error) {
	if !w.stopped && !w.yield(b, err) {
		w.stopped = true
	}
}

// skip reports what could not be read.
func (w *walk) skip(path string, err error) {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next // the path stands in the skip already
	}
	w.send(scanner.Blob{}, &scanner.Skip{Reason: scanner.SkipUnreadable, Path: path, Detail: err.Error()})
}

func (w *walk) folder(rel string, depth int) {
	entries, err := os.ReadDir(filepath.Join(w.root, filepath.FromSlash(rel)))
	if err != nil {
		w.skip(rel, err)
	}
	if depth > maxDepth || len(entries) > maxEntries {
		w.send(scanner.Blob{}, &scanner.Skip{Reason: scanner.SkipTooLarge, Path: rel, Detail: "too deep, or too many names in one folder"})
		return
	}
	w.names(rel, entries)
	for _, e := range entries {
		if w.ended() {
			return
		}
		path := join(rel, e.Name())
		switch {
		case e.Name() == ".git":
		case e.IsDir():
			w.folder(path, depth+1)
		default:
			w.visit(filepath.Join(w.root, filepath.FromSlash(path)), path, e.Type())
		}
	}
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

// names yields the names in a folder, one a line.
func (w *walk) names(rel string, entries []fs.DirEntry) {
	var b strings.Builder
	for _, e := range entries {
		if e.Name() != ".git" {
			b.WriteString(e.Name() + "\n")
		}
	}
	if b.Len() > 0 && !w.ended() {
		w.send(scanner.Blob{Kind: scanner.KindName, Data: []byte(b.String()),
			Location: scanner.Location{Kind: scanner.KindName, Path: rel}}, nil)
	}
}

// visit reads one file. What is not a regular file is counted and not opened.
func (w *walk) visit(path, rel string, mode fs.FileMode) {
	if !mode.IsRegular() {
		w.counts.NotRegular++
		return
	}
	data, size, err := read(path, w.options.MaxFileBytes)
	switch {
	case errors.Is(err, errNotRegular):
		w.counts.NotRegular++
	case errors.Is(err, errTooLarge) && w.options.UserSetMax:
		w.counts.Excluded++
	case errors.Is(err, errTooLarge):
		w.send(scanner.Blob{}, &scanner.Skip{Reason: scanner.SkipTooLarge, Path: rel,
			Detail: fmt.Sprintf("%d bytes, the cap is %d", size, w.options.MaxFileBytes)})
	case err != nil:
		w.skip(rel, err)
	default:
		w.counts.Blobs++
		w.counts.Bytes += int64(len(data))
		w.send(scanner.Blob{Kind: scanner.KindFile, Data: data, Location: scanner.Location{Kind: scanner.KindFile, Path: rel}}, nil)
	}
}

var (
	errNotRegular = errors.New("not a regular file")
	errTooLarge   = errors.New("over the cap")
)

// read reads a file of at most limit bytes. Whatever took the file's place since its folder was read is neither
// followed nor waited for.
func read(path string, limit int64) (data []byte, size int64, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errNotRegular
	}
	if info.Size() > limit {
		return nil, info.Size(), errTooLarge
	}
	_ = f.SetReadDeadline(time.Now().Add(maxWait)) // files of a disk have none and need none
	data = make([]byte, 0, info.Size()+1)          // one more, so that the end is seen without growing
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			return data, int64(len(data)), nil
		}
		if err != nil {
			return nil, 0, err
		}
		if int64(len(data)) > limit {
			return nil, int64(len(data)), errTooLarge
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)] // the file grew
		}
	}
}
