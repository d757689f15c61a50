package packfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"
)

// The parts of a multi-pack-index. Source: git's Documentation/gitformat-pack.txt and gitformat-chunk.txt, read
// 2026-11-24.
const (
	multiHeadBytes = 12
	chunkBytes     = 12

	chunkNames   = "PNAM"
	chunkFanout  = "OIDF"
	chunkIDs     = "OIDL"
	chunkPlaces  = "OOFF"
	chunkOffsets = "LOFF"
)

// MultiIndex says which of many packs has an object, so that not each has to be asked. It is a hint: who follows it
// looks into that pack's own index, and asks the others when it was wrong. So one that is out of date, or was made
// to mislead, costs time and nothing else.
type MultiIndex struct {
	file   *mapping // nil when it is of bytes
	names  []string // of packs, without ending
	ids    Index    // fan-out and ids only
	places []byte   // count pairs of a 4-byte pack and a 4-byte offset
	large  int      // how many offsets of 8 bytes there are
}

// OpenMultiIndex maps the multi-pack-index at path, which Close gives back.
//
// Errors: ErrCorrupt, ErrUnsupported, ErrNotRegular, ErrChanged, what the system said.
func OpenMultiIndex(path string, hashSize int) (*MultiIndex, error) {
	file, err := openMapping(path, maxIndexBytes)
	if err != nil {
		return nil, fmt.Errorf("open multi-pack-index: %w", err)
	}
	m := &MultiIndex{file: file}
	if err := guard(m, func() error { return m.parse(file.data, hashSize) }); err != nil {
		_ = file.close()
		return nil, fmt.Errorf("open multi-pack-index %s: %w", path, err)
	}
	return m, nil
}

// ParseMultiIndex reads a multi-pack-index of version 1. The caller must not change data afterwards.
//
// Errors: ErrCorrupt for a wrong length, order, count, place or checksum; ErrUnsupported for other versions, other
// ids, and for one that goes on in another file.
func ParseMultiIndex(data []byte, hashSize int) (*MultiIndex, error) {
	m := &MultiIndex{}
	return m, m.parse(data, hashSize)
}

// Close gives the mapping back. The MultiIndex, and what uses it, is of no use afterwards. Twice is no error.
func (m *MultiIndex) Close() error { return m.file.close() }

// Len is the number of objects.
func (m *MultiIndex) Len() int { return m.ids.count }

// Packs are the names of the packs, without directory and ending. Do not change them.
func (m *MultiIndex) Packs() []string { return m.names }

func (m *MultiIndex) holds(address uintptr) bool { return m.file.holds(address) }

// Find says which of Packs is said to have an object. False too when the file became shorter.
func (m *MultiIndex) Find(id []byte) (pack int, ok bool) {
	if m.file != nil && m.file.data == nil {
		return 0, false
	}
	err := guard(m, func() error {
		place, found := m.ids.Find(id)
		if found {
			pack = int(binary.BigEndian.Uint32(m.places[8*place:]))
		}
		ok = found && pack < len(m.names)
		return nil
	})
	return pack, ok && err == nil
}

func (m *MultiIndex) parse(data []byte, hashSize int) error {
	version := map[int]byte{SHA1Size: 1, SHA256Size: 2}[hashSize]
	if len(data) < multiHeadBytes+chunkBytes+hashSize || !bytes.HasPrefix(data, []byte("MIDX")) {
		return fmt.Errorf("head of a multi-pack-index: %w", ErrCorrupt)
	}
	if version == 0 || data[4] != 1 || data[5] != version || data[7] != 0 {
		return fmt.Errorf("multi-pack-index of version %d, ids %d, on %d others: %w", data[4], data[5], data[7], ErrUnsupported)
	}
	if err := checkSum(data, hashSize); err != nil {
		return err
	}
	chunks, err := multiChunks(data[:len(data)-hashSize], int(data[6]))
	if err != nil {
		return err
	}
	if err := m.parseIDs(chunks, hashSize); err != nil {
		return err
	}
	return m.parsePacks(chunks, binary.BigEndian.Uint32(data[8:]))
}

// multiChunks reads the table of n chunks and an end, each with the offset at which it starts.
func multiChunks(body []byte, n int) (map[string][]byte, error) {
	table := body[multiHeadBytes:]
	if len(table) < (n+1)*chunkBytes {
		return nil, fmt.Errorf("table of %d chunks: %w", n, ErrCorrupt)
	}
	chunks := map[string][]byte{}
	least := uint64(multiHeadBytes + (n+1)*chunkBytes) //nolint:gosec // n is a byte
	for i := range n {
		name := string(table[i*chunkBytes : i*chunkBytes+4])
		from, to := binary.BigEndian.Uint64(table[i*chunkBytes+4:]), binary.BigEndian.Uint64(table[(i+1)*chunkBytes+4:])
		if from < least || to < from || to > uint64(len(body)) || chunks[name] != nil {
			return nil, fmt.Errorf("chunk %q from %d to %d: %w", name, from, to, ErrCorrupt)
		}
		least = to
		chunks[name] = body[from:to:to]
	}
	return chunks, nil
}

func (m *MultiIndex) parseIDs(chunks map[string][]byte, hashSize int) error {
	m.ids.hashSize = hashSize
	if len(chunks[chunkFanout]) != fanoutBytes {
		return fmt.Errorf("fan-out of %d bytes: %w", len(chunks[chunkFanout]), ErrCorrupt)
	}
	if err := m.ids.readFanout(chunks[chunkFanout]); err != nil {
		return err
	}
	m.ids.ids, m.places, m.large = chunks[chunkIDs], chunks[chunkPlaces], len(chunks[chunkOffsets])/8
	if int64(len(m.ids.ids)) != int64(m.ids.count)*int64(hashSize) || int64(len(m.places)) != 8*int64(m.ids.count) {
		return fmt.Errorf("%d objects have %d bytes of ids and %d of places: %w", m.ids.count, len(m.ids.ids), len(m.places), ErrCorrupt)
	}
	return m.ids.checkOrder()
}

func (m *MultiIndex) parsePacks(chunks map[string][]byte, packs uint32) error {
	names := chunks[chunkNames]
	for uint32(len(m.names)) < packs { //nolint:gosec // at most the bytes of the file
		name, rest, ok := bytes.Cut(names, []byte{0})
		if !ok || len(name) == 0 {
			return fmt.Errorf("names of %d packs: %w", packs, ErrCorrupt)
		}
		m.names = append(m.names, strings.TrimSuffix(string(name), ".idx"))
		names = rest
	}
	for i := range m.ids.count {
		pack, offset := binary.BigEndian.Uint32(m.places[8*i:]), binary.BigEndian.Uint32(m.places[8*i+4:])
		// Without large offsets the highest bit is a part of the offset.
		if pack >= packs || m.large > 0 && offset&largeBit != 0 && int64(offset&^largeBit) >= int64(m.large) {
			return fmt.Errorf("place of object %d: %w", i, ErrCorrupt)
		}
	}
	return nil
}

// match says for each pack of the hint which of packs it is; -1 for one that is not there.
func (m *MultiIndex) match(packs []*Pack) []int {
	at := map[string]int{}
	for i, p := range packs {
		if f := p.files[packFile]; f != nil {
			at[strings.TrimSuffix(filepath.Base(f.path), ".pack")] = i
		}
	}
	matched := make([]int, len(m.names))
	for i, name := range m.names {
		matched[i] = -1
		if there, ok := at[name]; ok {
			matched[i] = there
		}
	}
	return matched
}
