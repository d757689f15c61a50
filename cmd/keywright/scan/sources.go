package scan

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/dirsource"
	"github.com/keywright/keywright/scanner/gitsource"
	"github.com/keywright/keywright/scanner/stdinsource"
)

// sources is what a scan goes through.
type sources struct {
	name string // of what is scanned, for incidents
	all  []scanner.Source
	repo *gitsource.Repository // nil without one
	tree *dirsource.Source     // nil without one
	// history: commits were asked for, so that none of them is worth a word.
	history bool
	past    *gitsource.History // what may rely on past scans; nil: nothing
	note    string             // what there is to say about the choice; empty: nothing
	root    string             // where ignore files and the salt are looked for; empty for stdin
}

func (s *sources) source() scanner.Source { return scanner.Join(s.all...) }

// leftOut says what of the tree nobody looked at because a .gitignore names it; empty for nothing.
func (s *sources) leftOut() string {
	if s.tree == nil || s.tree.Ignored() == 0 {
		return ""
	}
	return fmt.Sprintf("left out because a .gitignore names them: %d (a folder counts once)", s.tree.Ignored())
}

func (s *sources) close() {
	if s.repo != nil {
		_ = s.repo.Close() // a temporary folder: the system removes what we cannot
	}
}

func newSources(ctx context.Context, io *cmdio.IO, o *Options, bar *progress) (*sources, error) {
	if o.Path == "-" {
		return &sources{name: "standard input", all: []scanner.Source{stdinsource.New(io.In, stdinsource.Options{MaxBytes: o.MaxFileSize})}}, nil
	}
	if _, err := os.Lstat(o.Path); err != nil {
		if o.Verify != "" && slices.Contains(verifiers, o.Path) {
			return nil, cmdio.Usagef("there is no %s to scan; write --verify=%[1]s, with the equals sign", o.Path)
		}
		return nil, fmt.Errorf("scan: %w", err)
	}
	name, err := absolute(o.Path)
	if err != nil {
		return nil, err
	}
	s := &sources{name: name, root: o.Path}
	if o.Tree && !o.History {
		s.addTree(o, o.Path)
		return s, nil
	}
	if err := s.openRepository(ctx, io, o, bar); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func absolute(path string) (string, error) {
	name, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("scan %s: %w", path, err)
	}
	return name, nil
}

// openRepository adds what the flags ask of the repository at the path. Without a flag a path that is none is a
// tree.
func (s *sources) openRepository(ctx context.Context, io *cmdio.IO, o *Options, bar *progress) error {
	options := gitsource.Options{MaxBlobBytes: o.MaxFileSize, UserSetMax: o.MaxFileSize > 0, Climb: o.needsRepository(), Progress: bar.history}
	if o.Path == "." {
		options.Getenv = io.Getenv // as in a hook
	}
	repo, err := gitsource.Open(o.Path, options)
	switch {
	case errors.Is(err, gitsource.ErrNotRepository) && inHook(io, o):
		return cmdio.WithHint(err, "unset GIT_DIR, or name the folder: keywright scan PATH")
	case errors.Is(err, gitsource.ErrNotRepository) && !o.needsRepository():
		if gitsource.Claimed(o.Path) {
			s.all = append(s.all, noHistory{})
		}
		s.addTree(o, o.Path)
		s.inside(o)
		return nil
	case errors.Is(err, gitsource.ErrNotRepository):
		return cmdio.WithHint(err, "--history, --staged, --range and --ref need a git repository; for a folder of files leave them out")
	case err != nil:
		return err
	}
	s.repo = repo
	if top := repo.WorkTree(); top != "" {
		s.root = top
	}
	return s.ask(ctx, o)
}

// noHistory is the source of what cannot be scanned of a .git that is no repository.
type noHistory struct{}

func (noHistory) Blobs(context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		yield(scanner.Blob{}, &scanner.Skip{Reason: scanner.SkipNotARepository, Path: ".git",
			Detail: "it is damaged, leads elsewhere, or may not be read, so there is no history to scan; --tree asks for the files only"})
	}
}

// inside says so when the folder here, scanned as a tree, lies in a repository: git's own commands would take that.
func (s *sources) inside(o *Options) {
	if o.Path != "." {
		return
	}
	repo, err := gitsource.Open(o.Path, gitsource.Options{Climb: true})
	if err != nil {
		return // it is only for the note
	}
	if top := repo.WorkTree(); top != "" {
		s.note = fmt.Sprintf("only the files below this folder were scanned; for the whole repository: keywright scan %s", top)
	}
	_ = repo.Close()
}

func (o *Options) needsRepository() bool {
	return o.History || o.Staged || o.Range != "" || len(o.Refs) > 0
}

func (s *sources) ask(ctx context.Context, o *Options) error {
	switch {
	case o.Staged:
		s.all = append(s.all, s.repo.Staged())
	case o.Range != "":
		source, err := s.repo.Range(ctx, o.Range)
		if err != nil {
			return err
		}
		s.all = append(s.all, source)
	case len(o.Refs) > 0:
		source, err := s.repo.Refs(ctx, o.Refs...)
		if err != nil {
			return err
		}
		s.all, s.history = append(s.all, source), true
	default:
		s.past = s.repo.History()
		s.all, s.history = append(s.all, s.past), true
		if !o.History {
			s.all = append(s.all, s.repo.Index())
		}
		if tree := s.repo.WorkTree(); tree != "" && (!o.History || o.Tree) {
			s.addTree(o, tree)
		}
	}
	return nil
}

func (s *sources) addTree(o *Options, path string) {
	s.tree = dirsource.New(path, dirsource.Options{
		MaxFileBytes: o.MaxFileSize, UserSetMax: o.MaxFileSize > 0, RespectGitignore: o.RespectGitignore,
	})
	s.all = append(s.all, s.tree)
}
