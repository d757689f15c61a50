package packfile

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// located is an id of the index of one of several packs, by its first eight bytes.
type located struct {
	start uint64
	pack  int32
	place int32
}

// findCopies tells for each pack which places of its index name an object that a pack before it has too. It is nil
// for a pack without any.
func findCopies(packs []*Pack) [][]bool {
	copies := make([][]bool, len(packs))
	if len(packs) < 2 {
		return copies
	}
	markCopies(packs, sortedIDs(packs), copies)
	return copies
}

// sortedIDs puts the ids of all packs in order; among equal ones the first pack's is first.
func sortedIDs(packs []*Pack) []located {
	n := 0
	for _, p := range packs {
		n += p.Len()
	}
	all := make([]located, 0, n)
	for i, p := range packs {
		for place := range p.Len() {
			all = append(all, located{binary.BigEndian.Uint64(p.index.ID(place)), int32(i), int32(place)})
		}
	}
	id := func(l located) []byte { return packs[l.pack].index.ID(int(l.place)) }
	slices.SortFunc(all, func(a, b located) int {
		if a.start != b.start {
			return cmp.Compare(a.start, b.start)
		}
		return cmp.Or(bytes.Compare(id(a), id(b)), cmp.Compare(a.pack, b.pack))
	})
	return all
}

func markCopies(packs []*Pack, all []located, copies [][]bool) {
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		if a.start != b.start || !bytes.Equal(packs[a.pack].index.ID(int(a.place)), packs[b.pack].index.ID(int(b.place))) {
			continue
		}
		if copies[b.pack] == nil {
			copies[b.pack] = make([]bool, packs[b.pack].Len())
		}
		copies[b.pack][b.place] = true
	}
}
