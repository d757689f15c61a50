package gitsource

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/keywright/keywright/scanner"
)

// DefaultMaxBlobBytes is the size over which a blob is not read.
const DefaultMaxBlobBytes = 64 << 20

const maxConfigBytes = 4 << 20

// Options of [Open]. The zero value is right for a scan of a path.
type Options struct {
	// Git is the git program; empty: the one on PATH, and without one go-git, which can do History only.
	Git string
	// NoGit reads with go-git although a git program may be there.
	NoGit bool
	// ThroughGit reads every object through the git program, also those that could be read without, which is slower.
	ThroughGit bool
	// Climb looks for the repository in the folders above the path too, as git does.
	Climb bool
	// Getenv, when not nil, gives the variables that git sets for a hook: GIT_DIR, GIT_COMMON_DIR, GIT_WORK_TREE,
	// GIT_INDEX_FILE, GIT_OBJECT_DIRECTORY, GIT_ALTERNATE_OBJECT_DIRECTORIES. Give it only when the path is the
	// working folder: GIT_DIR wins over the path.
	Getenv func(string) string
	// TempDir is where the scan's own empty repository is made; empty: the system's.
	TempDir string
	// MaxBlobBytes is the cap on a blob; 0: DefaultMaxBlobBytes. A blob over it is a Skip, or Excluded when
	// UserSetMax says that the user asked for the cap.
	MaxBlobBytes int64
	UserSetMax   bool
	// Progress, when not nil, is told now and then how far a source is, by one goroutine at a time.
	Progress func(Progress)
}

// Progress is how far a source is.
type Progress struct {
	Objects int // read so far
	Total   int // to read; 0 when not known
	Bytes   int64
}

// Repository is a git repository, opened for reading. Its sources must not be used at the same time.
type Repository struct {
	place
	options    Options
	format     objectFormat
	refStorage string
	objectDir  string
	alternates []string // of the environment, before those of the repository
	indexFile  string

	mu    sync.Mutex
	skips []scanner.Skip

	shim     *shim
	scanned  *History // the one that was read to its end
	dirsOnce sync.Once
	dirs     []string // of objects
	refsOnce sync.Once
	refs     *refTable
}

// Open finds the repository at path. Close must be called.
//
// Errors: ErrNotRepository. A repository of which parts are not what git makes opens: its sources report those
// parts as skips.
func Open(path string, options Options) (*Repository, error) {
	if options.MaxBlobBytes <= 0 {
		options.MaxBlobBytes = DefaultMaxBlobBytes
	}
	r := &Repository{options: options}
	var err error
	if r.place, err = locatePlace(path, options); err != nil {
		return nil, err
	}
	r.readLayout()
	if err := r.chooseReader(); err != nil {
		return nil, err
	}
	r.shim = newShim(r)
	return r, nil
}

// Close closes the packs and removes the temporary folder.
func (r *Repository) Close() error { return errors.Join(r.shim.store.close(), r.shim.remove()) }

// WorkTree is the folder of the checked-out files, empty for a bare repository.
func (r *Repository) WorkTree() string { return r.workTree }

// CommonDir is the git directory that all work trees share: there hooks, refs and objects lie.
func (r *Repository) CommonDir() string { return r.commonDir }

// ObjectFormat names the hash that makes ids: sha1 or sha256.
func (r *Repository) ObjectFormat() string { return string(r.format) }

func locatePlace(path string, o Options) (place, error) {
	dir := o.getenv("GIT_DIR")
	if dir == "" {
		return find(path, o.Climb)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return place{}, fmt.Errorf("find repository at GIT_DIR: %w", err)
	}
	if !isGitDir(dir) && o.getenv("GIT_COMMON_DIR") == "" {
		return place{}, fmt.Errorf("GIT_DIR %s: %w", dir, ErrNotRepository)
	}
	p := newPlace(o.getenv("GIT_WORK_TREE"), dir)
	if p.workTree == "" {
		p.workTree = ownerOf(path, dir)
	}
	if common := o.getenv("GIT_COMMON_DIR"); common != "" {
		p.commonDir = common
	}
	return p, nil
}

// ownerOf is the work tree at or above path whose git directory is dir; empty when there is none, as in a hook
// on a server.
func ownerOf(path, dir string) string {
	p, err := find(path, true)
	if err != nil {
		return ""
	}
	a, errA := os.Stat(p.gitDir)
	b, errB := os.Stat(dir)
	if errA != nil || errB != nil || !os.SameFile(a, b) {
		return ""
	}
	return p.workTree
}

func (o Options) getenv(name string) string {
	if o.Getenv == nil {
		return ""
	}
	return o.Getenv(name)
}

// readLayout learns the object format, how refs are stored, and where objects and index lie.
func (r *Repository) readLayout() {
	config := r.readOptional(filepath.Join(r.commonDir, "config"), maxConfigBytes)
	c := parseConfig(config)
	r.refStorage = c.refs
	r.format = c.format
	r.objectDir = filepath.Join(r.commonDir, "objects")
	if dir := r.options.getenv("GIT_OBJECT_DIRECTORY"); dir != "" {
		r.objectDir = dir
	}
	if r.format == "" {
		r.format = formatSHA1
	}
	if config == nil {
		r.format = guessFormat(r.objectDir)
	}
	if c.unknown != "" {
		r.note(scanner.Skip{Reason: scanner.SkipUnsupported, Path: "config", Detail: "unknown object format"})
	}
	r.alternates = splitPathList(r.options.getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES"))
	r.indexFile = filepath.Join(r.gitDir, "index")
	if file := r.options.getenv("GIT_INDEX_FILE"); file != "" {
		r.indexFile = r.fromTop(file)
	}
}

// fromTop makes a path of the environment absolute: git takes it from the top of the work tree.
func (r *Repository) fromTop(path string) string {
	if filepath.IsAbs(path) || r.workTree == "" {
		return path
	}
	return filepath.Join(r.workTree, path)
}

func (r *Repository) chooseReader() error {
	if r.options.NoGit || r.options.Git != "" {
		return nil
	}
	git, err := exec.LookPath("git")
	if errors.Is(err, exec.ErrNotFound) {
		r.options.NoGit = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("find the git program: %w", err)
	}
	r.options.Git = git
	return nil
}

// note keeps a skip of the repository as a whole; the first source that runs reports it.
func (r *Repository) note(s scanner.Skip) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skips = append(r.skips, s)
}

// takeNotes returns what was noted since the last call.
func (r *Repository) takeNotes() []scanner.Skip {
	r.mu.Lock()
	defer r.mu.Unlock()
	notes := r.skips
	r.skips = nil
	return notes
}

// yieldNotes reports what was noted since the last call; false when the receiver wants no more.
func (r *Repository) yieldNotes(yield func(scanner.Blob, error) bool) bool {
	notes := r.takeNotes()
	for i := range notes {
		if !yield(scanner.Blob{}, &notes[i]) {
			return false
		}
	}
	return true
}

// allRefs reads the refs once.
func (r *Repository) allRefs(_ context.Context) *refTable {
	r.refsOnce.Do(func() { r.refs = r.readRefs() })
	return r.refs
}
