package scanner

import (
	"math"
	"math/bits"
	"strconv"
)

// windowBuilder chooses windows and fills the tables of a [rareWindows].
type windowBuilder struct {
	windows  *windowSet
	near     *nearSet
	lists    map[uint32][]windowPlace
	literals []literal

	traffic *[1 << slotBits]uint16 // by slot: how often text goes through it; nil until a choice is to be made
	sharers map[[3]byteSet]int     // by window: the literals that could use it, see countSharers
}

// newRareWindows makes the tables for literals of at least three bytes. For those of the catalogue the choice
// was made when the program was built: to weigh 300 literals takes 2 ms, which each run of a hook would pay.
func newRareWindows(literals []literal) *rareWindows {
	b := newWindowBuilder(literals)
	for n := range literals {
		l := &literals[n]
		even, odd, known := builtinOffsets(l.name())
		if known {
			b.place(n, l.window(even))
			b.place(n, l.window(odd))
		}
	}
	for n := range literals { // last, so that they find the table as it is
		l := &literals[n]
		if _, _, known := builtinOffsets(l.name()); !known {
			b.choose(n)
		}
	}
	return b.finish()
}

func newWindowBuilder(literals []literal) *windowBuilder {
	return &windowBuilder{
		windows: new(windowSet), near: new(nearSet), lists: make(map[uint32][]windowPlace, 4*len(literals)), literals: literals,
	}
}

// choose weighs the windows of a literal, one parity after the other, and enters the best.
func (b *windowBuilder) choose(n int) (even, odd int) {
	if b.traffic == nil {
		b.traffic = slotTraffic()
		b.countSharers()
	}
	var offsets [2]int
	for parity := range offsets {
		c := b.rarest(&b.literals[n], parity)
		b.place(n, c)
		offsets[parity] = c.offset
	}
	return offsets[0], offsets[1]
}

// choice is a window of a literal: where it stands in it, and the sets of its three bytes.
type choice struct {
	offset int
	sets   [3]byteSet
}

// choices are the windows of a literal at the offsets of one parity. One of three bytes has none at the odd
// parity, so a neighbouring byte is taken in.
func (l *literal) choices(parity int) []choice {
	if parity == 1 && len(l.text) == minAnchor {
		return []choice{l.window(-1), l.window(1)}
	}
	var out []choice
	for offset := parity; offset+3 <= len(l.text); offset += 2 {
		out = append(out, l.window(offset))
	}
	return out
}

// window is the choice at an offset, from -1 to two bytes before the end.
func (l *literal) window(offset int) choice {
	c := choice{offset: offset}
	for i := range c.sets {
		switch at := offset + i; {
		case at < 0:
			c.sets[i] = orAny(l.before)
		case at < len(l.text):
			c.sets[i] = l.at(at)
		default:
			c.sets[i] = orAny(l.after)
			c.sets[i].add(0) // stands for the end of the text
		}
	}
	return c
}

// rarest is the cheapest of the choices of one parity. What several literals would share costs each a part.
func (b *windowBuilder) rarest(l *literal, parity int) choice {
	var best choice
	least := math.Inf(1)
	for _, c := range l.choices(parity) {
		if cost := float64(b.cost(c)) / float64(max(1, b.sharers[c.sets])); cost < least {
			best, least = c, cost
		}
	}
	return best
}

// countSharers counts the literals that could use a window with a neighbour in it, a large set.
func (b *windowBuilder) countSharers() {
	b.sharers = map[[3]byteSet]int{}
	for i := range b.literals {
		if l := &b.literals[i]; len(l.text) == minAnchor {
			for _, c := range l.choices(1) {
				b.sharers[c.sets]++
			}
		}
	}
}

// rareTraffic is what goes through a slot of windows that are too rare to be in textTrigrams: a seventh of
// the text goes through such ones.
const rareTraffic = 1 << trafficBits / 7 >> slotBits

// cost is what the windows of a choice let through: each stops the main loop, unless another one did before,
// and then some bytes are compared.
func (b *windowBuilder) cost(c choice) uint64 {
	sum := uint64(0)
	for text := range c.texts {
		slot := slotOf(text)
		sum += uint64(b.traffic[slot])
		if !b.windows.has(text) {
			sum += uint64(b.traffic[slot]) + rareTraffic
		}
	}
	return sum
}

// place enters a choice: a window by its three bytes, one with a neighbour in it by the literal's two.
func (b *windowBuilder) place(n int, c choice) {
	p := windowPlace{int32(n), int32(c.offset)} //nolint:gosec // bounded by the catalogue
	b.near.add(&b.literals[n], c.offset)
	switch l := &b.literals[n]; {
	case c.offset < 0:
		b.placePair(c.sets[1], c.sets[2], p, func(pair uint32) uint32 { return lastPair(pair << 8) })
	case c.offset+3 > len(l.text):
		b.placePair(c.sets[0], c.sets[1], p, firstPair)
	default:
		for text := range c.texts {
			b.windows.add(text)
			b.enter(text, p)
		}
		return
	}
	for text := range c.texts {
		b.windows.add(text)
	}
}

func (b *windowBuilder) placePair(first, second byteSet, p windowPlace, key func(pair uint32) uint32) {
	for x := range first.members {
		for y := range second.members {
			b.enter(key(x|y<<8), p)
		}
	}
}

func (b *windowBuilder) enter(key uint32, p windowPlace) { b.lists[key] = append(b.lists[key], p) }

// finish turns the lists into an open hash table, less than half full.
func (b *windowBuilder) finish() *rareWindows {
	size := uint32(2)
	for int(size) < 2*len(b.lists)+1 {
		size *= 2
	}
	w := &rareWindows{windows: b.windows, near: b.near, literals: b.literals, lists: make([]windowList, size), mask: size - 1}
	for key, places := range b.lists {
		w.short = w.short || key>>24 != 0
		i := homeOf(key) & w.mask
		for w.lists[i].n > 0 {
			i = (i + 1) & w.mask
		}
		w.lists[i] = windowList{key, int32(len(w.places)), int32(len(places))} //nolint:gosec // bounded by the catalogue
		w.places = append(w.places, places...)
	}
	return w
}

// texts are the windows whose bytes are of the three sets.
func (c *choice) texts(yield func(uint32) bool) {
	for first := range c.sets[0].members {
		for second := range c.sets[1].members {
			for third := range c.sets[2].members {
				if !yield(first | second<<8 | third<<16) {
					return
				}
			}
		}
	}
}

// byteSet is a set of bytes, comparable.
type byteSet [4]uint64

// orAny is s, or all bytes for the zero value.
func orAny(s byteSet) byteSet {
	if s == (byteSet{}) {
		return byteSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	}
	return s
}

func setOf(table *[256]bool) byteSet {
	var s byteSet
	for c, in := range table {
		if in {
			s.add(byte(c))
		}
	}
	return s
}

func (s *byteSet) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *byteSet) has(c byte) bool { return s[c>>6]>>(c&63)&1 != 0 }

// members are the bytes of the set in order.
func (s *byteSet) members(yield func(uint32) bool) {
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			if !yield(uint32(64*i + bits.TrailingZeros64(word))) { //nolint:gosec // below 256
				return
			}
		}
	}
}

// ranges are the bytes of the set for a reader, as in a-z0-9; other sets give other texts.
func (s *byteSet) ranges() string {
	var out []byte
	for first := 0; first < 256; first++ {
		if !s.has(byte(first)) {
			continue
		}
		last := first
		for last < 255 && s.has(byte(last+1)) {
			last++
		}
		out = strconv.AppendQuoteRune(out, rune(first))
		if last > first {
			out = strconv.AppendQuoteRune(append(out, '-'), rune(last))
		}
		first = last
	}
	return string(out)
}
