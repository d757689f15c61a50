package gitsource

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/keywright/keywright/scanner"
)

const (
	maxRefs           = 2 << 20
	maxRefBytes       = 64 << 10 // one loose ref or HEAD
	maxPseudoRefBytes = 64 << 20 // FETCH_HEAD has a line per ref
	maxPackedRefBytes = 512 << 20
	maxReflogBytes    = 256 << 20
	maxShallowBytes   = 64 << 20
	maxSymrefHops     = 5 // refs.c, read 2026-11-23
	maxWorktrees      = 4096
)

// ref is a name and what it points to.
type ref struct {
	name     string // full: refs/heads/main
	id       oid
	worktree bool // belongs to one work tree: its name may stand for something else in another
	tagged   bool // the id is not the ref's own, a tag leads to it
}

// refTable is what leads into a repository.
type refTable struct {
	refs    []ref // sorted by name
	head    oid   // what HEAD resolves to
	hasHead bool
	headRef string // the branch that HEAD names; empty when detached
	heads   []ref  // HEAD of every work tree
	pseudo  []ref  // ORIG_HEAD, FETCH_HEAD, MERGE_HEAD …
	reflogs []ref  // old and new ids of every reflog
}

// readRefs reads every ref by itself: git would want the repository's configuration for it.
func (r *Repository) readRefs() *refTable {
	t := &refTable{}
	if r.refStorage == "reftable" || present(filepath.Join(r.commonDir, "reftable")) {
		r.note(scanner.Skip{Reason: scanner.SkipUnsupported, Path: "reftable", Detail: "refs in a reftable are not read"})
	}
	found := map[string]ref{}
	r.packedRefs(found)
	r.looseRefs(r.commonDir, found, false)
	for _, dir := range r.workTreeDirs() {
		r.workTreeRefs(t, found, dir)
	}
	r.reflogIDs(t, r.commonDir)
	for _, x := range found {
		t.refs = append(t.refs, x)
	}
	sort.Slice(t.refs, func(i, j int) bool { return t.refs[i].name < t.refs[j].name })
	if len(found) >= maxRefs {
		r.note(scanner.Skip{Reason: scanner.SkipNotARepository, Path: "refs", Detail: "too many refs"})
	}
	return t
}

// workTreeDirs are the git directories with a HEAD of their own: this one first, the main one, the linked ones.
func (r *Repository) workTreeDirs() []string {
	dirs := []string{r.gitDir}
	if r.commonDir != r.gitDir {
		dirs = append(dirs, r.commonDir)
	}
	root := filepath.Join(r.commonDir, "worktrees")
	entries, err := os.ReadDir(root)
	if err != nil && !isAbsent(err) {
		r.note(r.skipFor(root, err))
	}
	for i, e := range entries {
		if i >= maxWorktrees {
			r.note(scanner.Skip{Reason: scanner.SkipNotARepository, Path: "worktrees", Detail: "too many work trees"})
			break
		}
		if dir := filepath.Join(root, e.Name()); dir != r.gitDir {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// workTreeRefs reads what belongs to one work tree.
func (r *Repository) workTreeRefs(t *refTable, found map[string]ref, dir string) {
	if dir != r.commonDir {
		r.looseRefs(dir, found, true)
		r.reflogIDs(t, dir)
	}
	r.readHead(t, found, dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // readHead noted it
	}
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, "_HEAD") || e.IsDir() {
			continue
		}
		for line := range bytes.Lines(r.readOptional(filepath.Join(dir, name), maxPseudoRefBytes)) {
			if id, ok := r.format.parse(firstField(line)); ok {
				t.pseudo = append(t.pseudo, ref{name: name, id: id, worktree: true})
			}
		}
	}
}

func firstField(line []byte) []byte {
	line = bytes.TrimRight(line, "\r\n")
	if at := bytes.IndexAny(line, " \t"); at >= 0 {
		return line[:at]
	}
	return line
}

func (r *Repository) readHead(t *refTable, found map[string]ref, dir string) {
	data := r.readOptional(filepath.Join(dir, "HEAD"), maxRefBytes)
	name, id, ok := r.resolveRef(data, found)
	if data != nil && !ok && name == "" {
		r.noteBroken(filepath.Join(dir, "HEAD"))
	}
	if ok {
		t.heads = append(t.heads, ref{name: "HEAD", id: id, worktree: true})
	}
	if dir == r.gitDir {
		t.headRef, t.head, t.hasHead = name, id, ok
	}
}

// resolveRef takes the content of a ref file: an id, or the name of another ref. It returns that name too.
func (r *Repository) resolveRef(data []byte, found map[string]ref) (name string, id oid, ok bool) {
	line := bytes.TrimSpace(data)
	if target, symbolic := bytes.CutPrefix(line, []byte("ref:")); symbolic {
		name = string(bytes.TrimSpace(target))
		x, ok := found[name]
		return name, x.id, ok
	}
	id, ok = r.format.parse(line)
	return "", id, ok
}

func (r *Repository) packedRefs(found map[string]ref) {
	data := r.readOptional(filepath.Join(r.commonDir, "packed-refs"), maxPackedRefBytes)
	for line := range bytes.Lines(data) {
		if x, ok := r.format.packedRef(line); ok && len(found) < maxRefs {
			found[x.name] = x
		}
	}
}

// packedRef parses "ID NAME". A comment and a peeled id ("^ID") are no refs.
func (f objectFormat) packedRef(line []byte) (ref, bool) {
	text, name, ok := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(" "))
	id, isID := f.parse(text)
	return ref{name: string(name), id: id}, ok && isID && len(name) > 0
}

// looseRefs walks dir/refs. Symbolic refs are resolved after all others are known.
func (r *Repository) looseRefs(dir string, found map[string]ref, worktree bool) {
	symbolic := map[string][]byte{}
	r.walkFiles(filepath.Join(dir, "refs"), func(rel, path string) {
		name := "refs/" + rel
		if strings.HasSuffix(name, ".lock") || len(found) >= maxRefs {
			return
		}
		raw := r.readOptional(path, maxRefBytes)
		data := bytes.TrimSpace(raw)
		if id, ok := r.format.parse(data); ok {
			found[name] = ref{name: name, id: id, worktree: worktree}
		} else if bytes.HasPrefix(data, []byte("ref:")) {
			symbolic[name] = data
		} else if raw != nil && !strings.Contains(name, "/.") { // git looks at no file whose name starts with a dot
			r.noteBroken(path)
		}
	})
	for range maxSymrefHops {
		for name, data := range symbolic {
			if _, id, ok := r.resolveRef(data, found); ok {
				found[name] = ref{name: name, id: id, worktree: worktree}
			}
		}
	}
}

// noteBroken reports a ref that leads nowhere: what it should lead to may go unseen.
func (r *Repository) noteBroken(path string) {
	r.note(scanner.Skip{Reason: scanner.SkipNotARepository, Path: r.display(path), Detail: "neither an object id nor a symbolic ref"})
}

// walkFiles calls visit for every file below root, with its path from root in slashes. Links to folders are not
// followed, except root itself.
func (r *Repository) walkFiles(root string, visit func(rel, path string)) {
	start, err := filepath.EvalSymlinks(root)
	if err != nil {
		if !isAbsent(err) {
			r.note(r.skipFor(root, err))
		}
		return
	}
	_ = filepath.WalkDir(start, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			r.note(r.skipFor(path, err))
			return nil
		}
		if rel, err := filepath.Rel(start, path); err == nil && !d.IsDir() {
			visit(filepath.ToSlash(rel), path)
		}
		return nil
	})
}

// reflogIDs reads both ids of every line of every reflog below dir/logs.
func (r *Repository) reflogIDs(t *refTable, dir string) {
	seen := map[oid]bool{}
	r.walkFiles(filepath.Join(dir, "logs"), func(rel, path string) {
		for line := range bytes.Lines(r.readOptional(path, maxReflogBytes)) {
			for _, id := range r.format.reflogLine(line) {
				if !seen[id] {
					seen[id] = true
					t.reflogs = append(t.reflogs, ref{name: rel, id: id, worktree: true})
				}
			}
		}
	})
}

// reflogLine parses "OLD NEW person time, a tab, message": the ids that are not zero.
func (f objectFormat) reflogLine(line []byte) []oid {
	var ids []oid
	before, rest, _ := bytes.Cut(line, []byte(" "))
	after, _, _ := bytes.Cut(rest, []byte(" "))
	for _, text := range [][]byte{before, after} {
		if id, ok := f.parse(text); ok && id != (oid{}) {
			ids = append(ids, id)
		}
	}
	return ids
}

// shallow reads the commits whose parents were not fetched.
func (r *Repository) shallow() []oid {
	var ids []oid
	for line := range bytes.Lines(r.readOptional(filepath.Join(r.commonDir, "shallow"), maxShallowBytes)) {
		if id, ok := r.format.parse(bytes.TrimSpace(line)); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// safeRefName says whether a name is one that git would make, and so can be written into a file that git reads.
// Source: git-check-ref-format(1), read 2026-11-23.
func safeRefName(name string) bool {
	if !strings.HasPrefix(name, "refs/") || strings.HasSuffix(name, "/") || strings.HasSuffix(name, ".") {
		return false
	}
	for _, bad := range []string{"..", "//", "@{", "/.", ".lock/"} {
		if strings.Contains(name, bad) {
			return false
		}
	}
	if strings.HasSuffix(name, ".lock") {
		return false
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c == 0x7f || strings.IndexByte(`~^:?*[\`, c) >= 0 {
			return false
		}
	}
	return true
}
