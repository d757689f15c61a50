package packfile

import (
	"encoding/binary"
)

// Type is what an object is. The values are those of a pack's entries.
type Type uint8

// The types of objects. The zero value is none of them.
const (
	TypeUnknown Type = 0
	TypeCommit  Type = 1
	TypeTree    Type = 2
	TypeBlob    Type = 3
	TypeTag     Type = 4
)

// The two kinds of entries that are not objects but changes to one.
const (
	offsetDelta = 6
	idDelta     = 7
)

// String is git's word for the type.
func (t Type) String() string {
	switch t {
	case TypeCommit:
		return "commit"
	case TypeTree:
		return "tree"
	case TypeBlob:
		return "blob"
	case TypeTag:
		return "tag"
	case TypeUnknown:
	}
	return "unknown"
}

// entry is the head of an entry of a pack.
type entry struct {
	kind uint8  // a Type, offsetDelta or idDelta
	size uint64 // inflated: of the object, or of the delta
	body int    // where the compressed bytes start
	base int    // offsetDelta: where the base's entry starts
	id   []byte // idDelta: the base's id, a part of the pack
}

var (
	errEntryKind = error(&flaw{"kind of a pack's entry", ErrUnsupported})
	errEntry     = error(&flaw{"head of a pack's entry", ErrCorrupt})
)

// parseEntry reads the head of the entry at an offset. data is the pack without its trailer.
//
// Errors: ErrCorrupt, ErrUnsupported for a kind that git does not have.
func parseEntry(data []byte, at uint64, hashSize int) (entry, error) {
	if at < headerBytes || at >= uint64(len(data)) {
		return entry{}, errEntry
	}
	i := int(at) //nolint:gosec // below len(data)
	c := data[i]
	i++
	e := entry{kind: c >> 4 & 7, size: uint64(c & 15)}
	for shift := uint(4); c&0x80 != 0; shift += 7 {
		if i >= len(data) || shift > 53 {
			return entry{}, errEntry
		}
		c = data[i]
		i++
		e.size |= uint64(c&0x7f) << shift
	}
	e.body = i
	switch e.kind {
	case uint8(TypeCommit), uint8(TypeTree), uint8(TypeBlob), uint8(TypeTag):
	case offsetDelta:
		return e, e.readBaseOffset(data, at)
	case idDelta:
		if len(data)-i < hashSize {
			return entry{}, errEntry
		}
		e.id = data[i : i+hashSize]
		e.body += hashSize
	default:
		return entry{}, errEntryKind
	}
	return e, nil
}

// readBaseOffset reads how far before the entry its base starts: seven bits a byte, the highest first, each byte but
// the last with one added, so that no distance has two forms.
func (e *entry) readBaseOffset(data []byte, at uint64) error {
	back := uint64(0)
	for n := 0; ; n++ {
		if e.body >= len(data) || n > 8 {
			return errEntry
		}
		c := data[e.body]
		e.body++
		back = back<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			break
		}
		back++
	}
	if back == 0 || back > at-headerBytes {
		return errEntry
	}
	e.base = int(at - back) //nolint:gosec // at is inside data
	return nil
}

var errDelta = error(&flaw{"delta", ErrCorrupt})

// deltaSizes reads the two sizes at a delta's start: that of its base and that of its result; rest are its
// instructions.
func deltaSizes(delta []byte) (base, result uint64, rest []byte, err error) {
	base, n := binary.Uvarint(delta)
	if n <= 0 {
		return 0, 0, nil, errDelta
	}
	result, m := binary.Uvarint(delta[n:])
	if m <= 0 {
		return 0, 0, nil, errDelta
	}
	return base, result, delta[n+m:], nil
}

// applyDelta fills dst by a delta's instructions, which must make len(dst) bytes exactly. It appends to segments
// what each part of dst is: copies that go on where the one before ended are one, and so are inserts.
func applyDelta(dst, base, instructions []byte, segments []Segment) ([]Segment, error) {
	at, last := 0, Segment{}
	for i := 0; i < len(instructions); {
		op := instructions[i]
		i++
		if op&0x80 == 0 {
			n := int(op)
			if n == 0 || n > len(instructions)-i || n > len(dst)-at {
				return segments, errDelta
			}
			copy(dst[at:at+n], instructions[i:])
			i += n
			at += n
			if last.From != Inserted {
				segments = appendSegment(segments, last)
				last = Segment{From: Inserted}
			}
			last.Len += n
			continue
		}
		from, n, next, ok := copyRange(instructions, i, op)
		if !ok || from > len(base) || n > len(base)-from || n > len(dst)-at {
			return segments, errDelta
		}
		i = next
		copy(dst[at:at+n], base[from:from+n])
		at += n
		if last.From == Inserted || from != last.From+last.Len {
			segments = appendSegment(segments, last)
			last = Segment{From: from}
		}
		last.Len += n
	}
	if at != len(dst) {
		return segments, errDelta
	}
	return appendSegment(segments, last), nil
}

// maxSegments is how many segments of one object are told: a delta made to have more than its bytes are worth costs
// no more memory than this. One that has more is told as an object without a base.
const maxSegments = 1 << 18

func appendSegment(segments []Segment, s Segment) []Segment {
	if s.Len == 0 || len(segments) > maxSegments {
		return segments
	}
	return append(segments, s)
}

// copyRange reads the operands of a copy instruction: op says which of the four bytes of the start and of the three
// of the length follow. A length of 0 stands for 64 KiB.
func copyRange(instructions []byte, i int, op byte) (from, n, next int, ok bool) {
	if i+7 <= len(instructions) { // the common way has no test for the end
		for bit := range 7 {
			if op>>bit&1 != 0 {
				v := int(instructions[i])
				i++
				if bit < 4 {
					from |= v << (8 * bit)
				} else {
					n |= v << (8 * (bit - 4))
				}
			}
		}
	} else {
		for bit := range 7 {
			if op>>bit&1 == 0 {
				continue
			}
			if i >= len(instructions) {
				return 0, 0, 0, false
			}
			if bit < 4 {
				from |= int(instructions[i]) << (8 * bit)
			} else {
				n |= int(instructions[i]) << (8 * (bit - 4))
			}
			i++
		}
	}
	if n == 0 {
		n = 1 << 16
	}
	return from, n, i, true
}
