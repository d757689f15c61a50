package gitsource

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"time"
)

// commitStore holds commits in about four times the length of an id each, without a pointer for the collector to
// follow. Commits have numbers, from 0, in the order in which they came. The zero value is not usable.
type commitStore struct {
	format  objectFormat
	seed    maphash.Seed
	chunks  [][]byte // of records
	at      []uint64 // of each commit's record: chunk and place in it
	slots   []uint32 // a hash table of numbers, plus one; its length is a power of two
	authors []string // each once
	author  map[string]uint32
}

const (
	chunkBytes  = 256 << 10
	recordHead  = 8 + 4 + 4     // date, author, number of parents; behind it the ids of commit, tree and parents
	noDate      = math.MinInt64 // stands for the zero time
	fewestSlots = 64
)

func newCommitStore(f objectFormat) *commitStore {
	return &commitStore{format: f, seed: maphash.MakeSeed(), slots: make([]uint32, fewestSlots), author: map[string]uint32{}}
}

func (s *commitStore) len() int { return len(s.at) }

// put keeps a commit; one that is there already stays as it is.
func (s *commitStore) put(id oid, c commit) {
	slot, there := s.slot(id)
	if there {
		return
	}
	size := s.format.size()
	record := s.room(recordHead + size*(2+len(c.parents)))
	date := int64(noDate)
	if !c.date.IsZero() {
		date = c.date.Unix()
	}
	binary.LittleEndian.PutUint64(record, uint64(date)) //nolint:gosec // read back the same way
	binary.LittleEndian.PutUint32(record[8:], s.intern(c.author))
	binary.LittleEndian.PutUint32(record[12:], uint32(len(c.parents))) //nolint:gosec // an object has no 2^32 lines
	copy(record[recordHead:], id[:size])
	copy(record[recordHead+size:], c.tree[:size])
	for i, p := range c.parents {
		copy(record[recordHead+size*(2+i):], p[:size])
	}
	s.slots[slot] = uint32(len(s.at)) //nolint:gosec // its number plus one: room counted it
	if len(s.at)*4 > len(s.slots)*3 {
		s.grow()
	}
}

// room takes n bytes for the next record.
func (s *commitStore) room(n int) []byte {
	last := len(s.chunks) - 1
	if last < 0 || cap(s.chunks[last])-len(s.chunks[last]) < n {
		s.chunks = append(s.chunks, make([]byte, 0, max(n, chunkBytes)))
		last++
	}
	start := len(s.chunks[last])
	s.chunks[last] = s.chunks[last][:start+n]
	s.at = append(s.at, uint64(last)<<32|uint64(start)) //nolint:gosec // a chunk is no larger than an object
	return s.chunks[last][start:]
}

func (s *commitStore) intern(author string) uint32 {
	n, ok := s.author[author]
	if !ok {
		n = uint32(len(s.authors)) //nolint:gosec // memory ends before
		s.author[author] = n
		s.authors = append(s.authors, author)
	}
	return n
}

// slot finds the slot of an id, or the free one where it belongs.
func (s *commitStore) slot(id oid) (slot int, there bool) {
	size := s.format.size()
	mask := len(s.slots) - 1
	for i := int(maphash.Bytes(s.seed, id[:size])) & mask; ; i = (i + 1) & mask { //nolint:gosec // any bits will do
		n := s.slots[i]
		if n == 0 {
			return i, false
		}
		if s.idOf(int(n)-1) == id {
			return i, true
		}
	}
}

func (s *commitStore) grow() {
	s.slots = make([]uint32, 2*len(s.slots))
	for n := range s.at {
		slot, _ := s.slot(s.idOf(n))
		s.slots[slot] = uint32(n) + 1 //nolint:gosec // memory ends before
	}
}

// record is the n-th commit's.
func (s *commitStore) record(n int) []byte { return s.chunks[s.at[n]>>32][uint32(s.at[n]):] } //nolint:gosec // the lower half

func (s *commitStore) idOf(n int) oid { return s.format.raw(s.record(n)[recordHead:]) }

// number finds a commit.
func (s *commitStore) number(id oid) (n int, ok bool) {
	slot, ok := s.slot(id)
	return int(s.slots[slot]) - 1, ok
}

// parents appends the ids of the n-th commit's parents.
func (s *commitStore) parents(n int, to []oid) []oid {
	record, size := s.record(n), s.format.size()
	for i := range int(binary.LittleEndian.Uint32(record[12:])) {
		to = append(to, s.format.raw(record[recordHead+size*(2+i):]))
	}
	return to
}

// date is the n-th commit's; the zero time when it has none.
func (s *commitStore) date(n int) time.Time {
	seconds := int64(binary.LittleEndian.Uint64(s.record(n))) //nolint:gosec // written the same way
	if seconds == noDate {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// commit is the n-th commit with all that is known of it.
func (s *commitStore) commit(n int) commit {
	record := s.record(n)
	return commit{
		tree:    s.format.raw(record[recordHead+s.format.size():]),
		parents: s.parents(n, nil),
		author:  s.authors[binary.LittleEndian.Uint32(record[8:])],
		date:    s.date(n),
	}
}
