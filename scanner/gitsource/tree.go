package gitsource

import "bytes"

// treeEntry is one line of a tree object.
type treeEntry struct {
	mode string // octal: 100644, 40000, 120000, 160000
	name []byte
	id   oid
}

// gitlink is the mode of a submodule: its commit lies in another repository.
const gitlink = "160000"

// treeEntries yields the entries of a tree object up to the first that is not one; whole says whether that was
// the end.
func treeEntries(f objectFormat, data []byte, visit func(treeEntry)) (whole bool) {
	for len(data) > 0 {
		mode, rest, ok := bytes.Cut(data, []byte(" "))
		if !ok {
			return false
		}
		name, rest, ok := bytes.Cut(rest, []byte{0})
		if !ok || len(rest) < f.size() {
			return false
		}
		visit(treeEntry{mode: string(mode), name: name, id: f.raw(rest)})
		data = rest[f.size():]
	}
	return true
}
