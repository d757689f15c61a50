package dirsource

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/keywright/keywright/scanner"
)

// DefaultMaxFileBytes is the size over which a file is not read.
const DefaultMaxFileBytes = 64 << 20

const (
	maxDepth   = 4096    // folders in folders
	maxEntries = 4 << 20 // names in one folder
)

// Options of [New]. The zero value is right for a scan of a path.
type Options struct {
	// MaxFileBytes is the cap on a file; 0: DefaultMaxFileBytes. Holes of a sparse file do not count. A file over it
	// is a Skip, or Excluded when UserSetMax says that the user asked for the cap.
	MaxFileBytes int64
	UserSetMax   bool
	// WindowBytes is the size over which a text is given in parts of this size, see scanner.Part, so that it takes
	// little memory; 0: DefaultWindowBytes, and never less than 1 MiB.
	WindowBytes int64
	// RespectGitignore leaves out what the .gitignore files of the tree and the info/exclude of its repository name,
	// as git does for files that it does not track. Whether it tracks one is not known here. The user's own ignore
	// file has no say.
	RespectGitignore bool

	wholeBytes int64 // maxWholeBytes; less in tests
}

// Source is the files below a path. It is a scanner.Counter and a scanner.Lender.
type Source struct {
	root    string
	options Options
	counts  scanner.Counts
	ignored int
}

// New makes a source of a folder or of one file. That there is nothing at the path is an error of Blobs; that a
// pipe or device is there, a Skip, since it is what was asked for.
func New(path string, options Options) *Source {
	if options.MaxFileBytes <= 0 {
		options.MaxFileBytes = DefaultMaxFileBytes
	}
	if options.WindowBytes <= 0 {
		options.WindowBytes = DefaultWindowBytes
	}
	if options.wholeBytes <= 0 {
		options.wholeBytes = maxWholeBytes
	}
	options.WindowBytes = max(options.WindowBytes, 1<<20)
	return &Source{root: path, options: options}
}

// Counts says what was gone through.
func (s *Source) Counts() scanner.Counts { return s.counts }

// Ignored is how many files and folders were left out for RespectGitignore. A folder is one, with all that is in it.
func (s *Source) Ignored() int { return s.ignored }

// errEnded says that nobody wants to know more.
var errEnded = errors.New("the sequence was ended by its reader")

// Blobs yields each regular file with its path from the root in slashes, and the names of each folder. A folder
// named .git and a file .git that points to one are not part of a tree.
func (s *Source) Blobs(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		send := func(b scanner.Blob, err error) error {
			if !yield(b, err) {
				return errEnded
			}
			return ctx.Err()
		}
		w := &worker{root: s.root, options: s.options, owned: true,
			give: func(b scanner.Blob) error { return send(b, nil) },
			skip: func(skip *scanner.Skip) error { return send(scanner.Blob{}, skip) },
		}
		err := s.open(w, func() error { return w.walk(s.top()) })
		s.counts, s.ignored = w.counts, w.ignored
		if err == nil {
			err = ctx.Err()
		}
		if err != nil && !errors.Is(err, errEnded) {
			yield(scanner.Blob{}, err)
		}
	}
}

// open opens the root for w. A folder is left to inside; whatever else is there w gives itself.
func (s *Source) open(w *worker, inside func() error) error {
	info, err := os.Stat(s.root) // the root itself may be a link: it is what the user named
	if err != nil {
		return fmt.Errorf("scan %s: %w", s.root, err)
	}
	name := filepath.Base(s.root)
	if !info.IsDir() && !info.Mode().IsRegular() {
		w.counts.NotRegular++
		return w.skip(&scanner.Skip{Reason: scanner.SkipUnreadable, Path: name,
			Detail: "neither a file nor a folder; a pipe or device is read from standard input"})
	}
	if !info.IsDir() {
		f, err := openNamed(s.root, &w.disk)
		return w.content(f, name, err)
	}
	if err := w.disk.openRoot(s.root); err != nil {
		return w.unreadable("", err)
	}
	defer w.disk.closeRoot()
	return inside()
}

// top is the task to do all.
func (s *Source) top() task {
	if !s.options.RespectGitignore {
		return task{}
	}
	rules, prefix, over := inForce(s.root)
	return task{rules: rules, prefix: prefix, over: over}
}

// walk goes through a folder in the order of the names.
func (w *worker) walk(t task) error {
	dir, entries, err := w.list(&t)
	if err != nil {
		return err
	}
	opened := dir.opened()
	defer func() { dir.close() }()
	for _, e := range slices.Clone(entries) { // the list is used again below
		path := join(t.rel, e.name)
		switch {
		case e.kind == folderEntry:
			dir.close() // as many descriptors as folders in folders may be more than there are
			opened = false
			err = w.walk(t.below(path))
		case e.kind == fileEntry && !opened:
			if dir, err = w.disk.openFolder(t.rel); err != nil {
				err = w.unreadable(path, err)
				break
			}
			opened = true
			err = w.visit(dir, e, path)
		default:
			err = w.visit(dir, e, path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}
