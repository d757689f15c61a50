package scanner

// nearSet says cheaply of nearly every window that no literal stands around it, where the window alone would have each of its
// literals compared: it knows which bytes stand beside the windows of literals, in any case, by hashes. So it may allow too
// much, never too little.
type nearSet struct {
	before, behind [1 << nearBits]nearKind // by the hash of a window with its neighbour on this side
	short          [1 << 10]uint64         // a bit for each hash of a literal of three bytes
}

const (
	nearBits   = 16
	nearBefore = 2 // how many bytes in front of a window are looked at, so that eight hold a literal of three on each side
)

// nearKind says which neighbours of its window tell a literal: those that are bytes of it.
type nearKind uint8

const (
	nearOne  nearKind = 1 << iota // the one on this side alone
	nearBoth                      // both
)

// add enters the literal l for its window at offset.
func (s *nearSet) add(l *literal, offset int) {
	around := uint64(0)
	for i := range 8 {
		if at := offset - nearBefore + i; at >= 0 && at < len(l.text) {
			around |= uint64(l.text[at]|caseBit) << (8 * i)
		}
	}
	before, behind := nearHashes(around)
	switch {
	case len(l.text) == minAnchor:
		bit := shortHash(around >> (8 * (nearBefore - offset)))
		s.short[bit>>6] |= 1 << (bit & 63)
	case offset == 0:
		s.behind[behind] |= nearOne
	case offset+minAnchor == len(l.text):
		s.before[before] |= nearOne
	default:
		s.before[before] |= nearBoth
		s.behind[behind] |= nearBoth
	}
}

// caseBit is what upper and lower case differ in. Other bytes are taken for one by it too.
const caseBit = 0x20

// allows says whether a literal may stand around a window: around holds the eight bytes that begin nearBefore bytes in
// front of it.
func (s *nearSet) allows(around uint64) bool {
	around |= caseBit * 0x0101010101010101
	b, e := nearHashes(around)
	before, behind := s.before[b], s.behind[e]
	if (before|behind)&nearOne != 0 || before&behind&nearBoth != 0 {
		return true
	}
	return (s.shortAt(around>>8)|s.shortAt(around>>16)|s.shortAt(around>>24))&1 != 0
}

func (s *nearSet) shortAt(text uint64) uint64 {
	bit := shortHash(text)
	return s.short[bit>>6] >> (bit & 63)
}

// nearHashes are those of the window and the byte before it, and of the window and the byte behind it.
func nearHashes(around uint64) (before, behind uint16) {
	return nearHash(around >> (8 * (nearBefore - 1))), nearHash(around >> (8 * nearBefore))
}

func nearHash(text uint64) uint16 {
	return uint16(uint32(text) * 0x9E3779B1 >> (32 - nearBits)) //nolint:gosec // the bytes that count, and nearBits
}

func shortHash(text uint64) uint16 {
	return uint16(uint32(text<<8) * 0x9E3779B1 >> 16) //nolint:gosec // three bytes count, and 16 bits
}
