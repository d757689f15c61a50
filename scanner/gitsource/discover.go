package gitsource

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrNotRepository says that a path is no git repository.
var ErrNotRepository = errors.New("not a git repository")

const (
	maxPointerBytes = 64 << 10 // a .git file, a commondir file: one path
	maxPointerHops  = 5        // a .git file that names a folder with a .git file …
	maxParents      = 256      // folders above the start that are looked at
)

// place is where the parts of a repository lie.
type place struct {
	workTree  string // empty for a bare repository
	gitDir    string
	commonDir string // where refs and objects lie; gitDir unless this is a linked worktree
}

// Claimed says whether a .git stands at path, be it a repository or the ruin of one, or one that this user may
// not look into.
func Claimed(path string) bool { return present(filepath.Join(path, ".git")) }

// find locates the repository at path, or above it when climb is set.
func find(path string, climb bool) (place, error) {
	start, err := filepath.Abs(path)
	if err != nil {
		return place{}, fmt.Errorf("find repository at %s: %w", path, err)
	}
	dir := start
	for range maxParents {
		if p, ok := at(dir); ok {
			return p, nil
		}
		parent := filepath.Dir(dir)
		if !climb || parent == dir {
			break
		}
		dir = parent
	}
	return place{}, fmt.Errorf("%s: %w", path, ErrNotRepository)
}

// at looks at one folder: a git directory, or a work tree with one.
func at(dir string) (place, bool) {
	git := filepath.Join(dir, ".git")
	for range maxPointerHops {
		if isGitDir(git) {
			return newPlace(dir, git), true
		}
		next, ok := pointer(git)
		if !ok {
			break
		}
		git = next
	}
	if isGitDir(dir) {
		return newPlace("", dir), true
	}
	return place{}, false
}

func newPlace(workTree, gitDir string) place {
	return place{workTree: workTree, gitDir: gitDir, commonDir: commonDir(gitDir)}
}

// pointer follows a .git file. Where it leads is read as data only.
func pointer(file string) (string, bool) {
	data, err := readFile(file, maxPointerBytes)
	if err != nil {
		return "", false
	}
	target, ok := strings.CutPrefix(string(data), "gitdir:")
	if !ok {
		return "", false
	}
	return resolve(filepath.Dir(file), target), true
}

// resolve makes the path that a file in dir names absolute.
func resolve(dir, target string) string {
	target = strings.TrimRight(strings.TrimLeft(target, " "), "\r\n")
	if filepath.IsAbs(target) {
		return filepath.Clean(target)
	}
	return filepath.Join(dir, target)
}

// isGitDir asks for what git asks for, by name only: a FIFO as HEAD makes a hostile repository, not none.
func isGitDir(dir string) bool {
	if !present(filepath.Join(dir, "HEAD")) {
		return false
	}
	common := commonDir(dir)
	return present(filepath.Join(common, "objects")) && present(filepath.Join(common, "refs"))
}

func present(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// commonDir follows the commondir file of a linked worktree.
func commonDir(gitDir string) string {
	data, err := readFile(filepath.Join(gitDir, "commondir"), maxPointerBytes)
	if err != nil {
		return gitDir
	}
	return resolve(gitDir, string(data))
}
