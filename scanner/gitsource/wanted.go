package gitsource

import "github.com/keywright/keywright/scanner"

// wanted are the blobs and the file names whose places are looked for.
type wanted struct {
	blobs  map[oid]int32 // each with its place in ids
	ids    []scanner.BlobID
	names  map[string]scanner.BlobID
	filter [filterBits / 64]uint64 // of the ids' first bits: most ids are not wanted
}

const filterBits = 1 << 18

func newWanted(p *places) *wanted {
	w := &wanted{blobs: map[oid]int32{}, names: p.names}
	for id := range p.ids {
		key, ok := p.repo.format.parse([]byte(id))
		if !ok {
			continue
		}
		w.blobs[key] = int32(len(w.ids)) //nolint:gosec // ids come from a slice in memory
		w.ids = append(w.ids, id)
		bit := filterBit(key[:])
		w.filter[bit/64] |= 1 << (bit % 64)
	}
	return w
}

// filterBit takes at least three bytes.
func filterBit(id []byte) uint32 {
	return (uint32(id[0])<<16 | uint32(id[1])<<8 | uint32(id[2])) % filterBits
}

// blob is the place of a raw id among the wanted ones.
func (w *wanted) blob(f objectFormat, raw []byte) (int32, bool) {
	bit := filterBit(raw)
	if w.filter[bit/64]&(1<<(bit%64)) == 0 {
		return 0, false
	}
	n, ok := w.blobs[f.raw(raw)]
	return n, ok
}

func (w *wanted) name(name []byte) bool {
	_, ok := w.names[string(name)] // false at once when there is none
	return ok
}
