package gitsource

import (
	"bytes"
	"strconv"
)

// maxIndexTreeDepth is how deep folders of an index may nest; git's core.maxTreeDepth is 2048 at most:
// environment.c, read 2026-11-24.
const maxIndexTreeDepth = 2048

// indexTree is a folder of an index that is a tree object as it stands.
type indexTree struct {
	name    []byte
	rows    int // how many rows it has, at any depth; below zero: it is not known which tree it is
	id      oid
	folders []indexTree
}

// parseIndexTrees reads the TREE extension of an index: nil when it is not whole, since it only saves time.
func (f objectFormat) parseIndexTrees(data []byte) *indexTree {
	p := &treesParser{format: f, rest: data}
	root, ok := p.tree(0)
	if !ok || len(p.rest) > 0 {
		return nil
	}
	return &root
}

type treesParser struct {
	format objectFormat
	rest   []byte
}

// tree reads a folder, "NAME 0 ROWS space FOLDERS newline ID", and the folders in it. With ROWS below zero there is
// no ID.
func (p *treesParser) tree(depth int) (x indexTree, ok bool) {
	name, rest, ok := bytes.Cut(p.rest, []byte{0})
	line, rest, ok2 := bytes.Cut(rest, []byte{'\n'})
	rows, folders, ok3 := bytes.Cut(line, []byte{' '})
	count, err1 := strconv.Atoi(string(rows))
	inside, err2 := strconv.Atoi(string(folders))
	canonical := strconv.Itoa(count) == string(rows) && strconv.Itoa(inside) == string(folders) && inside >= 0
	if !ok || !ok2 || !ok3 || err1 != nil || err2 != nil || !canonical || depth > maxIndexTreeDepth || (len(name) == 0) != (depth == 0) {
		return x, false
	}
	x.name, x.rows = name, count
	if count >= 0 {
		if len(rest) < p.format.size() {
			return x, false
		}
		x.id, rest = p.format.raw(rest), rest[p.format.size():]
	}
	p.rest = rest
	for range inside {
		folder, ok := p.tree(depth + 1)
		if !ok {
			return x, false
		}
		x.folders = append(x.folders, folder)
	}
	return x, true
}

// is says whether the rows of a folder are known to be that tree.
func (x *indexTree) is(tree oid, rows int) bool { return x != nil && x.rows == rows && x.id == tree }

// byName finds the folders in x, which may be nil.
func (x *indexTree) byName() map[string]*indexTree {
	if x == nil {
		return nil
	}
	found := make(map[string]*indexTree, len(x.folders))
	for i := range x.folders {
		found[string(x.folders[i].name)] = &x.folders[i]
	}
	return found
}
