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
func findCopies(forests []*forest) [][]bool {
	copies := make([][]bool, len(forests))
	if len(forests) < 2 {
		return copies
	}
	markCopies(forests, sortedIDs(forests), copies)
	return copies
}

// sortedIDs puts the ids of all packs in order; among equal ones the first pack's is first.
func sortedIDs(forests []*forest) []located {
	n := 0
	for _, f := range forests {
		n += len(f.ids) / f.pack.hashSize
	}
	all := make([]located, 0, n)
	for i, f := range forests {
		for place := range len(f.ids) / f.pack.hashSize {
			all = append(all, located{binary.BigEndian.Uint64(f.at(place)), int32(i), int32(place)})
		}
	}
	id := func(l located) []byte { return forests[l.pack].at(int(l.place)) }
	slices.SortFunc(all, func(a, b located) int {
		if a.start != b.start {
			return cmp.Compare(a.start, b.start)
		}
		return cmp.Or(bytes.Compare(id(a), id(b)), cmp.Compare(a.pack, b.pack))
	})
	return all
}

func markCopies(forests []*forest, all []located, copies [][]bool) {
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		if a.start != b.start || !bytes.Equal(forests[a.pack].at(int(a.place)), forests[b.pack].at(int(b.place))) {
			continue
		}
		if copies[b.pack] == nil {
			copies[b.pack] = make([]bool, forests[b.pack].pack.Len())
		}
		copies[b.pack][b.place] = true
	}
}
