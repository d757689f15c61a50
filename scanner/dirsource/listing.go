package dirsource

import (
	"slices"
	"strings"
)

// listing is the names in a folder as they are read. Its buffers are used again, but for the names themselves.
type listing struct {
	text    []byte
	ends    []int // of each name in text
	entries []entry
	git     bool // there is a .git
}

func (l *listing) reset() {
	*l = listing{text: l.text[:0], ends: l.ends[:0], entries: l.entries[:0]}
}

// add takes a name that a folder holds.
func (l *listing) add(name []byte, kind entryKind) {
	if n := string(name); n == "." || n == ".." || n == ".git" {
		l.git = l.git || n == ".git"
		return
	}
	l.text = append(l.text, name...)
	l.ends = append(l.ends, len(l.text))
	l.entries = append(l.entries, entry{kind: kind})
}

// name makes the names of one string: one allocation for a folder.
func (l *listing) name() {
	text, start := string(l.text), 0
	for i, end := range l.ends {
		l.entries[i].name = text[start:end]
		start = end
	}
}

// sorted are the entries in the order of their names' bytes.
func (l *listing) sorted() []entry {
	slices.SortFunc(l.entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return l.entries
}
