package gitsource

import (
	"bytes"
	"slices"

	"github.com/keywright/keywright/internal/packfile"
)

// fileKind is what git makes of an entry's mode when it compares: of a file's permissions it knows one bit.
type fileKind uint8

const (
	kindTree fileKind = iota
	kindPlain
	kindExecutable
	kindLink
	kindSubmodule
)

// hasContent says whether a blob of this repository stands there.
func (k fileKind) hasContent() bool { return k != kindTree && k != kindSubmodule }

// fileKindOf reads a mode, octal digits. Source: git's cache.h, canon_mode, read 2026-11-24.
func fileKindOf(mode []byte) (fileKind, bool) {
	if len(mode) == 0 || len(mode) > maxModeDigits {
		return 0, false
	}
	v := 0
	for _, c := range mode {
		if c < '0' || c > '7' {
			return 0, false
		}
		v = v<<3 | int(c-'0')
	}
	switch v & 0o170000 {
	case 0o040000:
		return kindTree, true
	case 0o100000:
		if v&0o100 != 0 {
			return kindExecutable, true
		}
		return kindPlain, true
	case 0o120000:
		return kindLink, true
	}
	return kindSubmodule, true
}

const maxModeDigits = 10 // git writes 6 and reads more

// held is an entry of a tree that matters for places: a tree, a submodule, a wanted file, or a wanted name.
type held struct {
	ord  int32 // which entry of the tree it is
	name int32
	what int32 // of a tree its number, of a wanted file its place among the wanted; else notWanted
	kind fileKind
}

const notWanted = -1

// outline is what of a tree is carried to those that were made from it by a delta: an entry that was copied whole
// need not be read again.
type outline struct {
	starts []int32 // where each entry begins, and the end
	held   []held
}

// outliner reads trees. For one goroutine.
type outliner struct {
	format objectFormat
	wanted *wanted
	trees  *numbering
	names  *wordNumbers
	known  map[string]int32 // names that were numbered before, without a lock
	now    outline          // of the tree in work
}

// read makes the outline of a tree, valid until the next call. base is that of the tree that it was made from in
// the way segments tell; nil when there is none. false: it is no tree.
func (r *outliner) read(data []byte, base *outline, segments []packfile.Segment) bool {
	r.now.starts, r.now.held = r.now.starts[:0], r.now.held[:0]
	at, segmentAt := 0, 0
	for at < len(data) {
		for len(segments) > 0 && at >= segmentAt+segments[0].Len {
			segmentAt += segments[0].Len
			segments = segments[1:]
		}
		if base != nil && len(segments) > 0 && segments[0].From >= 0 {
			s := segments[0]
			if n := r.copied(base, s.From+at-segmentAt, s.From+s.Len, at); n > 0 {
				at += n
				continue
			}
		}
		n, ok := r.entry(data[at:], at)
		if !ok {
			return false
		}
		at += n
	}
	r.now.starts = append(r.now.starts, int32(at))
	return true
}

// copied takes over the entries that lie whole in a stretch of the base; how many bytes they have.
func (r *outliner) copied(base *outline, from, end, at int) int {
	first, ok := slices.BinarySearch(base.starts, int32(from)) //nolint:gosec // inside the base
	if !ok {
		return 0
	}
	last, ok := slices.BinarySearch(base.starts, int32(end)) //nolint:gosec // inside the base
	if !ok {
		last--
	}
	if last <= first {
		return 0
	}
	shift, ord := int32(at-from), int32(len(r.now.starts)-first) //nolint:gosec // inside the trees
	for _, start := range base.starts[first:last] {
		r.now.starts = append(r.now.starts, start+shift)
	}
	i, _ := slices.BinarySearchFunc(base.held, int32(first), func(h held, ord int32) int { return int(h.ord - ord) }) //nolint:gosec // inside
	for ; i < len(base.held) && int(base.held[i].ord) < last; i++ {
		h := base.held[i]
		h.ord += ord
		r.now.held = append(r.now.held, h)
	}
	return int(base.starts[last]) - from
}

// entry reads one entry; how many bytes it has.
func (r *outliner) entry(data []byte, at int) (int, bool) {
	space := bytes.IndexByte(data[:min(len(data), maxModeDigits+1)], ' ')
	if space < 0 {
		return 0, false
	}
	kind, ok := fileKindOf(data[:space])
	length := bytes.IndexByte(data[space+1:], 0)
	end := space + 1 + length + 1 + r.format.size()
	if !ok || length <= 0 || end > len(data) {
		return 0, false
	}
	name, raw := data[space+1:space+1+length], data[end-r.format.size():end]
	ord := int32(len(r.now.starts))                //nolint:gosec // an object is below the cap
	r.now.starts = append(r.now.starts, int32(at)) //nolint:gosec // an object is below the cap
	h := held{ord: ord, what: notWanted, kind: kind}
	keep := kind == kindSubmodule || len(r.wanted.names) > 0 && r.wanted.name(name)
	if kind == kindTree {
		h.what, keep = r.trees.of(r.format.raw(raw)), true
	} else if n, isWanted := r.wanted.blob(r.format, raw); isWanted && kind.hasContent() {
		h.what, keep = n, true
	}
	if keep {
		h.name = r.nameNumber(name)
		r.now.held = append(r.now.held, h)
	}
	return end, true
}

func (r *outliner) nameNumber(name []byte) int32 {
	if n, ok := r.known[string(name)]; ok {
		return n
	}
	n := r.names.number(name)
	r.known[string(name)] = n
	return n
}

// hasFiles says whether a file or link stands in the tree itself: all else is held.
func (o *outline) hasFiles() bool {
	others := 0
	for i := range o.held {
		if !o.held[i].kind.hasContent() {
			others++
		}
	}
	return len(o.starts)-1 > others
}
