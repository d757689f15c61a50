package gitsource

import (
	"bytes"
	"errors"
	"path/filepath"
	"sort"
	"strconv"
)

// errOwnDiff says that index and HEAD are to be compared by git.
var errOwnDiff = errors.New("a comparison that is left to git")

// ownEntries lists the files of an index as `git ls-files --stage` does. There is none when the file is absent.
//
// Errors: any; git is then to be asked.
func (r *Repository) ownEntries(file string) ([]indexEntry, error) {
	x, err := r.ownIndex(file)
	if x == nil {
		return nil, err
	}
	entries := make([]indexEntry, 0, len(x.rows))
	for i := range x.rows {
		if x.rows[i].mode != modeGitlink {
			entries = append(entries, x.rows[i].entry())
		}
	}
	return entries, nil
}

// ownIndex reads an index; nil without an error when the file is absent.
func (r *Repository) ownIndex(file string) (*indexFile, error) {
	data, err := readFile(file, maxOwnIndexBytes)
	if isAbsent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return r.format.parseIndexFile(data)
}

func (x *indexRow) entry() indexEntry {
	return indexEntry{id: x.id, path: string(x.path), stage: strconv.Itoa(int(x.stage))}
}

// ownStaged compares the index with HEAD as `git diff-index --cached` does, without a git program: files that differ,
// then every side of what is in conflict. Only trees that differ are read.
//
// Errors: any; git is then to be asked.
func (r *Repository) ownStaged(objects *lookup) ([]indexEntry, error) {
	x, err := r.ownIndex(r.indexFile)
	if err != nil || x == nil || len(x.rows) == 0 {
		return nil, err
	}
	d := stagedDiff{format: r.format, objects: objects}
	root, born, err := r.headTree(objects)
	if err != nil {
		return nil, err
	}
	if !born {
		d.all(x.rows)
	} else if err := d.folder(diffFolder{tree: root, known: x.trees}, "", x.rows); err != nil {
		return nil, err
	}
	for i := range x.rows {
		if row := &x.rows[i]; row.stage != 0 && row.mode != modeGitlink {
			d.changed = append(d.changed, row.entry())
		}
	}
	return d.changed, nil
}

// headTree is the tree of the commit that HEAD leads to; born is false when its branch has no commit yet.
//
// Errors: errOwnDiff, and what reading said.
func (r *Repository) headTree(objects *lookup) (tree oid, born bool, err error) {
	commit, born, err := r.headCommit()
	if err != nil || !born {
		return oid{}, false, err
	}
	o, err := objects.read(commit)
	if err != nil {
		return oid{}, false, err
	}
	line, _, _ := bytes.Cut(o.data, []byte("\n"))
	hex, ok := bytes.CutPrefix(line, []byte("tree "))
	tree, isID := r.format.parse(hex)
	if o.kind != typeCommit || o.over || !ok || !isID {
		return oid{}, false, errOwnDiff
	}
	return tree, true, nil
}

// headCommit reads HEAD and the one ref that it names.
func (r *Repository) headCommit() (id oid, born bool, err error) {
	if r.refStorage != "" && r.refStorage != "files" || present(filepath.Join(r.commonDir, "reftable")) {
		return oid{}, false, errOwnDiff
	}
	data, err := readFile(filepath.Join(r.gitDir, "HEAD"), maxRefBytes)
	if err != nil {
		return oid{}, false, err
	}
	line := bytes.TrimSpace(data)
	if id, ok := r.format.parse(line); ok {
		return id, true, nil
	}
	target, ok := bytes.CutPrefix(line, []byte("ref:"))
	name := string(bytes.TrimSpace(target))
	if !ok || !safeRefName(name) || r.gitDir != r.commonDir && present(filepath.Join(r.gitDir, filepath.FromSlash(name))) {
		return oid{}, false, errOwnDiff
	}
	return r.branchCommit(name)
}

// branchCommit reads a ref: its own file, or its line among the packed ones.
func (r *Repository) branchCommit(name string) (id oid, born bool, err error) {
	data, err := readFile(filepath.Join(r.commonDir, filepath.FromSlash(name)), maxRefBytes)
	if err == nil {
		if id, ok := r.format.parse(bytes.TrimSpace(data)); ok {
			return id, true, nil
		}
		return oid{}, false, errOwnDiff // a ref that names another, or none
	}
	if !isAbsent(err) {
		return oid{}, false, err
	}
	packed, err := readFile(filepath.Join(r.commonDir, "packed-refs"), maxPackedRefBytes)
	if err != nil && !isAbsent(err) {
		return oid{}, false, err
	}
	for line := range bytes.Lines(packed) {
		if x, ok := r.format.packedRef(line); ok && x.name == name {
			id, born = x.id, true
		}
	}
	return id, born, nil
}

// stagedDiff compares an index with a tree.
type stagedDiff struct {
	format  objectFormat
	objects *lookup
	changed []indexEntry
}

// all takes what is in no tree.
func (d *stagedDiff) all(rows []indexRow) {
	for i := range rows {
		d.file(&rows[i], treeSide{})
	}
}

// treeSide is what a tree has under a name; the zero value: nothing.
type treeSide struct {
	mode uint32
	id   oid
}

func (d *stagedDiff) file(row *indexRow, side treeSide) {
	if row.stage == 0 && row.mode != modeGitlink && (row.mode != side.mode || row.id != side.id) {
		d.changed = append(d.changed, row.entry())
	}
}

// diffFolder is a folder that is compared.
type diffFolder struct {
	tree  oid        // in HEAD
	known *indexTree // what the index knows of it; nil: nothing
	depth int
}

// folder compares the rows below a folder, whose path ends with a slash or is empty, with its tree in HEAD.
func (d *stagedDiff) folder(f diffFolder, path string, rows []indexRow) error {
	if f.known.is(f.tree, len(rows)) {
		return nil
	}
	sides, err := d.sides(f)
	if err != nil {
		return err
	}
	known := f.known.byName()
	for len(rows) > 0 {
		name := rows[0].path[len(path):]
		slash := bytes.IndexByte(name, '/')
		if slash < 0 {
			d.file(&rows[0], sides[string(name)])
			rows = rows[1:]
			continue
		}
		below := path + string(name[:slash+1])
		n := sort.Search(len(rows), func(i int) bool { return i > 0 && !bytes.HasPrefix(rows[i].path, []byte(below)) })
		if side := sides[string(name[:slash])]; side.mode != modeDir {
			d.all(rows[:n])
		} else if err := d.folder(diffFolder{side.id, known[string(name[:slash])], f.depth + 1}, below, rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// sides reads a tree. One that git would not have made so is left to git.
func (d *stagedDiff) sides(f diffFolder) (map[string]treeSide, error) {
	o, err := d.objects.read(f.tree)
	if err != nil {
		return nil, err
	}
	if o.kind != typeTree || o.over || f.depth > maxIndexTreeDepth {
		return nil, errOwnDiff
	}
	sides, twice := map[string]treeSide{}, false
	whole := treeEntries(d.format, o.data, func(e treeEntry) {
		mode, ok := canonicalMode(string(e.mode))
		_, there := sides[string(e.name)]
		twice = twice || there || !ok
		sides[string(e.name)] = treeSide{mode, e.id}
	})
	if !whole || twice {
		return nil, errOwnDiff
	}
	return sides, nil
}

// canonicalMode is what git takes a tree's mode for. Source: canon_mode in git's object.h, read 2026-11-24.
func canonicalMode(text string) (uint32, bool) {
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil {
		return 0, false
	}
	switch {
	case mode&modeKind == modeFile&modeKind && mode&0o100 != 0:
		return modeExecutable, true
	case mode&modeKind == modeFile&modeKind:
		return modeFile, true
	case mode&modeKind == modeLink:
		return modeLink, true
	case mode&modeKind == modeDir:
		return modeDir, true
	}
	return modeGitlink, true
}
