package scanner

import "encoding/binary"

// The table of windows has 2^slotBits bytes. slotFactor spreads the 24 bits of a window over it: its low
// 8 bits are 0, so that of four bytes loaded the fourth has no say.
const (
	slotBits   = 18
	slotFactor = 0x9E3779B1 << 8 & 0xFFFFFFFF
)

// The main loop probes six windows, at stride 2, with two loads of eight bytes; it needs reach bytes.
const (
	groupBytes = 12
	groupReach = 14
)

// rareWindows is a prefilter that looks at every second position only.
//
// Of each literal it knows two windows of three bytes, one for each parity of the place at which it may
// stand, the rarest by [textTrigrams]. A table says which windows there are; where it says yes, the literals
// of that window are compared. A literal of three bytes has one window of its own only: the other one holds
// a neighbouring byte, for each value that this may have.
type rareWindows struct {
	slots    *[1 << slotBits]byte
	lists    []windowList // an open hash table, a power of two
	mask     uint32
	places   []windowPlace
	literals []literal
}

// windowList is where the literals of one window begin in places; n is 0 in an empty one. The key is the
// window's three bytes, or what firstPair or lastPair makes of two of them.
type windowList struct {
	key      uint32
	first, n int32
}

// windowPlace says that a literal stands offset bytes before a window: -1 is one byte behind its start.
type windowPlace struct {
	literal int32
	offset  int32
}

func slotOf(v uint64) uint32 { return uint32(v) * slotFactor >> (32 - slotBits) } //nolint:gosec // the low half is meant

// manyWindows marks a slot with several windows; that of one has its mark, so that most of what shares the
// slot by chance is known at once.
const manyWindows = 255

func markOf(window uint32) byte { return byte(1 + (window*0x85EBCA6B>>8)%254) }

func (w *rareWindows) each(data []byte, visit func(literal, start, end int) bool) {
	w.within(data, 0, len(data), visit)
}

func (w *rareWindows) within(data []byte, from, to int, visit func(literal, start, end int) bool) {
	var waiting [16]hit
	q := hitQueue{visit: visit, waiting: waiting[:0], from: from, to: to}
	// The last window may reach over the end by the neighbour of a literal.
	rest, at, slots := data[from:min(len(data), to+1)], from, w.slots
	for len(rest) >= groupReach {
		a, b := binary.LittleEndian.Uint64(rest), binary.LittleEndian.Uint64(rest[6:])
		if slots[slotOf(a)]|slots[slotOf(a>>16)]|slots[slotOf(a>>32)]|
			slots[slotOf(b)]|slots[slotOf(b>>16)]|slots[slotOf(b>>32)] != 0 {
			for i := range 3 {
				w.compare(data, at+2*i, a>>(16*i), &q)
			}
			for i := range 3 {
				w.compare(data, at+6+2*i, b>>(16*i), &q)
			}
			if q.stopped {
				return
			}
		}
		rest, at = rest[groupBytes:], at+groupBytes
	}
	// 0 stands for the neighbour of a literal that ends where the text does.
	var end [groupReach + 2]byte
	copy(end[:], rest)
	for i := 0; i+2 <= len(rest); i += 2 {
		w.compare(data, at+i, uint64(end[i])|uint64(end[i+1])<<8|uint64(end[i+2])<<16, &q)
	}
	q.flush(to + 1)
}

// firstPair and lastPair are the keys of windows of which two bytes are known.
func firstPair(window uint32) uint32 { return window&0xFFFF | 1<<24 }
func lastPair(window uint32) uint32  { return window>>8 | 2<<24 }

// compare looks for the literals of the window v, which stands at data[at:].
func (w *rareWindows) compare(data []byte, at int, v uint64, q *hitQueue) {
	window := uint32(v) & 0xFFFFFF //nolint:gosec // the low 24 bits are meant
	switch w.slots[slotOf(v)] {
	case 0:
	case markOf(window):
		w.compareList(data, at, window, q)
	case manyWindows:
		w.compareList(data, at, window, q)
		w.compareList(data, at, firstPair(window), q)
		w.compareList(data, at, lastPair(window), q)
	}
}

func (w *rareWindows) compareList(data []byte, at int, key uint32, q *hitQueue) {
	for i := homeOf(key) & w.mask; w.lists[i].n > 0; i = (i + 1) & w.mask {
		if list := &w.lists[i]; list.key == key {
			for _, place := range w.places[list.first : list.first+list.n] {
				l, start := &w.literals[place.literal], at-int(place.offset)
				if start >= 0 && l.standsAt(data, start) {
					q.add(hit{int(place.literal), start, start + len(l.text)}, at)
				}
			}
			return
		}
	}
}

// homeOf is where the list of a key stands when no other one took its place.
func homeOf(key uint32) uint32 { return key * 0x9E3779B1 >> 16 }

// hit is a place of a literal.
type hit struct{ literal, start, end int }

// hitQueue brings hits into the order of a walk from left to right: by their ends, of those the longest
// first. A window may lie anywhere in its literal, so that they come out of order by as much.
type hitQueue struct {
	waiting  []hit
	visit    func(literal, start, end int) bool
	from, to int // of the hits that are asked for
	stopped  bool
}

// add takes a hit that was found by the window at data[at:]. Later windows find no hit that ends before at+2.
func (q *hitQueue) add(h hit, at int) {
	q.flush(at + 2)
	if h.start < q.from || h.end > q.to {
		return
	}
	i := len(q.waiting)
	q.waiting = append(q.waiting, h)
	for ; i > 0 && h.before(q.waiting[i-1]); i-- {
		q.waiting[i] = q.waiting[i-1]
	}
	q.waiting[i] = h
}

func (h hit) before(o hit) bool {
	if h.end != o.end {
		return h.end < o.end
	}
	if h.start != o.start {
		return h.start < o.start
	}
	return h.literal < o.literal
}

// flush gives the hits that end before limit.
func (q *hitQueue) flush(limit int) {
	n := 0
	for n < len(q.waiting) && q.waiting[n].end < limit && !q.stopped {
		h := q.waiting[n]
		q.stopped = !q.visit(h.literal, h.start, h.end)
		n++
	}
	if n > 0 {
		q.waiting = q.waiting[:copy(q.waiting, q.waiting[n:])]
	}
}
