package gitsource

import "bytes"

// treeEntry is one line of a tree object.
type treeEntry struct {
	mode []byte // octal: 100644, 40000, 120000, 160000
	name []byte
	id   oid
}

// gitlink is the mode of a submodule: its commit lies in another repository.
const gitlink = "160000"

// treeEntries yields the entries of a tree object up to the first that is not one; whole says whether that was
// the end.
func treeEntries(f objectFormat, data []byte, visit func(treeEntry)) (whole bool) {
	for len(data) > 0 {
		x, n := oneTreeEntry(f, data)
		if n == 0 {
			return false
		}
		visit(x)
		data = data[n:]
	}
	return true
}

// oneTreeEntry parses the entry at the start of data and says how long it is; 0 when there is none.
func oneTreeEntry(f objectFormat, data []byte) (treeEntry, int) {
	space := bytes.IndexByte(data, ' ')
	if space < 0 {
		return treeEntry{}, 0
	}
	end := bytes.IndexByte(data[space+1:], 0)
	if end < 0 {
		return treeEntry{}, 0
	}
	end += space + 1
	if len(data)-end-1 < f.size() {
		return treeEntry{}, 0
	}
	return treeEntry{mode: data[:space], name: data[space+1 : end], id: f.raw(data[end+1:])}, end + 1 + f.size()
}
