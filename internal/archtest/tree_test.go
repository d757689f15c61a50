package archtest

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the module's folder, seen from this package's.
const root = "../.."

// goFile is what the borders are about: a file and what it imports of ours.
type goFile struct {
	path    string // below the module, slashes
	room    string // its folder
	test    bool
	imports []string // of ours, below the module
}

// goFiles parses the import lines of every Go file of the module, whatever its build tags are.
//
// It reads the files itself and does not ask `go list`: that would see one platform only, and a cached test result would
// not notice a change.
func goFiles(t *testing.T, base string) []goFile {
	t.Helper()
	var files []goFile
	for _, name := range treeFiles(t, base) {
		if strings.HasSuffix(name, ".go") && !strings.Contains("/"+name, "/testdata/") {
			files = append(files, readGoFile(t, base, name))
		}
	}
	return files
}

func readGoFile(t *testing.T, base, name string) goFile {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(base, name), nil, parser.ImportsOnly)
	if err != nil {
		t.Fatalf("parse %s: %v", name, err)
	}
	file := goFile{path: name, room: path.Dir(name), test: strings.HasSuffix(name, "_test.go")}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatalf("parse %s: import %s: %v", name, spec.Path.Value, err)
		}
		if ours, ok := strings.CutPrefix(imported, module+"/"); ok {
			file.imports = append(file.imports, ours)
		}
	}
	return file
}

// treeFiles are the regular files below base, sorted; not git's, not what is built or installed here.
func treeFiles(t *testing.T, base string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(base, func(full string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(base, full)
		if err != nil {
			return err
		}
		if slices.Contains([]string{".git", ".cache", "bin"}, name) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil // the .git file of a linked working copy
		}
		if entry.Type().IsRegular() {
			names = append(names, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatalf("walk the tree: %v", err)
	}
	slices.Sort(names)
	return names
}

// textOf is the file's content, or nothing for a binary file.
func textOf(t *testing.T, base, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(base, name))
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	if bytes.IndexByte(content, 0) >= 0 {
		return ""
	}
	return string(content)
}

// match says whether a path of the table, or its "dir/*", covers a room.
func match(pattern, room string) bool {
	if dir, ok := strings.CutSuffix(pattern, "/*"); ok {
		return strings.HasPrefix(room, dir+"/")
	}
	return pattern == room
}

func matchAny(patterns []string, room string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return match(pattern, room) })
}

// report fails the test with each problem on a line of its own.
func report(t *testing.T, problems []string) {
	t.Helper()
	for _, problem := range problems {
		t.Error(problem)
	}
}
