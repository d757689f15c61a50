package scanner

import (
	"encoding/binary"
	"math/bits"
)

// The main loop probes six windows, at stride 2, with two loads of eight bytes. groupReach is what it and nearSet read of
// a text behind the start of a group.
const (
	groupBytes = 12
	groupReach = groupBytes - 2 + 8 - nearBefore
)

// windowSet has a bit for each window of three bytes, the first of them lowest, but takes some for one: bytes that
// differ in their top bit only, and in the first byte a letter for the digit or sign 0x40 below it. So it is small, and text,
// of which most windows begin with one letter or another, uses little of it at a time.
type windowSet [1 << windowPairBits]uint64

const (
	windowPairBits = 15 // of the second and third byte
	windowPairMask = 1<<windowPairBits - 1
)

// windowSlot is the number of a window's bit.
func windowSlot(window uint32) uint32 { return window>>8&windowPairMask<<6 | window&63 }

func (s *windowSet) add(window uint32)      { s[window>>8&windowPairMask] |= 1 << (window & 63) }
func (s *windowSet) has(window uint32) bool { return s.at(uint64(window))&1 != 0 }

// at has the bit of the window in the low 24 bits of v as its lowest.
func (s *windowSet) at(v uint64) uint64 { return s[v>>8&windowPairMask] >> (v & 63) }

// rareWindows is a prefilter that looks at every second position only.
//
// Of each literal it knows two windows of three bytes, one for each parity of the place at which it may
// stand, the rarest by [textTrigrams]. A set says which windows there are; where one stands, the literals
// of that window are compared. A literal of three bytes has one window of its own only: the other one holds
// a neighbouring byte, for each value that this may have.
type rareWindows struct {
	windows  *windowSet
	near     *nearSet
	lists    []windowList // an open hash table, a power of two
	mask     uint32
	places   []windowPlace
	literals []literal
	short    bool // there are literals of three bytes
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

func (w *rareWindows) within(data []byte, from, to int, q *hitQueue) {
	q.waiting, q.from, q.to, q.stopped = q.waiting[:0], from, to, false
	at, last := from, min(len(data), to+1) // the last window may reach over the end by the neighbour of a literal
	for ; at < nearBefore && at+2 <= last; at += 2 {
		w.compare(data, at, q)
	}
	for {
		at = w.windows.nextGroup(data[:last], at)
		if at+groupReach > last {
			break
		}
		w.group(data, at, q)
		if q.stopped {
			return
		}
		at += groupBytes
	}
	for ; at+2 <= last; at += 2 {
		w.compare(data, at, q)
	}
	q.flush(to + 1)
}

// nextGroup is where the next group stands that holds a window, or else the first that reaches over the end of data.
func (s *windowSet) nextGroup(data []byte, at int) int {
	for ; at+groupReach <= len(data); at += groupBytes {
		group := data[at : at+groupReach]
		a, b := binary.LittleEndian.Uint64(group), binary.LittleEndian.Uint64(group[6:])
		if (s.at(a)|s.at(a>>16)|s.at(a>>32)|s.at(b)|s.at(b>>16)|s.at(b>>32))&1 != 0 {
			return at
		}
	}
	return at
}

// group looks at the windows of a group that has one, at data[at:].
func (w *rareWindows) group(data []byte, at int, q *hitQueue) {
	set, a, b := w.windows, binary.LittleEndian.Uint64(data[at:]), binary.LittleEndian.Uint64(data[at+6:])
	found := set.at(a)&1 | set.at(a>>16)&1<<2 | set.at(a>>32)&1<<4 | set.at(b)&1<<6 | set.at(b>>16)&1<<8 | set.at(b>>32)&1<<10
	for ; found != 0; found &= found - 1 {
		p := at + bits.TrailingZeros64(found)
		if w.near.allows(binary.LittleEndian.Uint64(data[p-nearBefore:])) {
			w.compare(data, p, q)
		}
	}
}

// firstPair and lastPair are the keys of windows of which two bytes are known.
func firstPair(window uint32) uint32 { return window&0xFFFF | 1<<24 }
func lastPair(window uint32) uint32  { return window>>8 | 2<<24 }

// compare looks for the literals of the window at data[at:], of which a third byte may be missing: 0 stands for the neighbour
// of a literal that ends where the text does.
func (w *rareWindows) compare(data []byte, at int, q *hitQueue) {
	window := uint32(data[at]) | uint32(data[at+1])<<8
	if at+2 < len(data) {
		window |= uint32(data[at+2]) << 16
	}
	if !w.windows.has(window) {
		return
	}
	w.compareList(data, at, window, q)
	if w.short {
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
func homeOf(key uint32) uint32 { return uint32(uint64(key) * 0x9E3779B97F4A7C15 >> 32) }

// hit is a place of a literal.
type hit struct{ literal, start, end int }

// hitQueue brings hits into the order of a walk from left to right: by their ends, of those the longest
// first. A window may lie anywhere in its literal, so that they come out of order by as much. visit gets a literal's
// number and its span and says whether to go on. A queue is used from text to text.
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
