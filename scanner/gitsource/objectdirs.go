package gitsource

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/keywright/keywright/scanner"
)

const (
	maxAlternatesBytes = 1 << 20
	maxAlternateDepth  = 5 // git's own limit; alternates.c, read 2026-11-23
	maxObjectDirs      = 64
)

// objectDirs lists the repository's object folders, its own first, each once. They are looked for once.
func (r *Repository) objectDirs() []string {
	r.dirsOnce.Do(func() { r.dirs = r.findObjectDirs() })
	return r.dirs
}

func (r *Repository) findObjectDirs() []string {
	var dirs []string
	seen := map[string]bool{}
	var add func(dir string, depth int)
	add = func(dir string, depth int) {
		root, err := filepath.EvalSymlinks(dir)
		if err == nil {
			root, err = filepath.Abs(root)
		}
		if err != nil {
			r.note(r.skipFor(dir, err))
			return
		}
		if seen[root] {
			return
		}
		if len(dirs) >= maxObjectDirs || depth > maxAlternateDepth {
			r.note(scanner.Skip{Reason: scanner.SkipNotARepository, Path: r.display(dir), Detail: "too many alternates"})
			return
		}
		seen[root] = true
		dirs = append(dirs, root)
		list := r.readOptional(filepath.Join(root, "info", "alternates"), maxAlternatesBytes)
		for _, next := range alternatesIn(list, root) {
			add(next, depth+1)
		}
	}
	add(r.objectDir, 0)
	for _, dir := range r.alternates {
		add(dir, 1)
	}
	return dirs
}

// alternatesIn reads an alternates file: one path a line, from the object folder it stands for.
func alternatesIn(data []byte, objects string) []string {
	var dirs []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		dirs = append(dirs, resolve(objects, unquote(line)))
	}
	return dirs
}

// unquote undoes git's C-style quoting, which it uses for odd paths.
func unquote(path string) string {
	if !strings.HasPrefix(path, `"`) {
		return path
	}
	plain, err := strconv.Unquote(path)
	if err != nil {
		return path
	}
	return plain
}

// splitPathList splits the value of GIT_ALTERNATE_OBJECT_DIRECTORIES, in which a path may be quoted.
func splitPathList(list string) []string {
	var paths []string
	for list != "" {
		item := ""
		if quoted, err := strconv.QuotedPrefix(list); err == nil && list[0] == '"' {
			item, list = unquote(quoted), strings.TrimPrefix(list[len(quoted):], string(os.PathListSeparator))
		} else {
			item, list, _ = strings.Cut(list, string(os.PathListSeparator))
		}
		if item != "" {
			paths = append(paths, item)
		}
	}
	return paths
}

// guessFormat tells the hash by the length of a loose object's name, for a repository whose configuration
// cannot be read.
func guessFormat(objects string) objectFormat {
	pattern := filepath.Join(globQuote(objects), "[0-9a-f][0-9a-f]", strings.Repeat("[0-9a-f]", 2*formatSHA256.size()-2))
	if names, err := filepath.Glob(pattern); err == nil && len(names) > 0 {
		return formatSHA256
	}
	return formatSHA1
}
