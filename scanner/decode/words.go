package decode

import (
	"encoding/binary"
	"math/bits"
)

// blockSize is how many bytes are looked at in one go: as many as a word of the machine has bits.
const blockSize = 64

// minGroups is how many characters of groups, and what separates them, bytes written apart begin with: dumpLine bytes
// in groups of two. What comes after those may be what a dump shows as text.
const minGroups = 2*dumpLine + dumpLine/2 - 1

// nextWord is where the next word begins, at floor or later, that may be a run of MinRun characters or the first
// of as many bytes written apart; limit or more when none begins before it. In front of floor no word is cut, and
// none in front of the result.
//
// Ordinary text is full of short words, so no decision is made for each of them: the characters of a block become
// bits, and shifts show where MinRun of them stand together. Bytes written apart are seen by probes, which are
// close enough that some stand in the first minGroups characters.
func nextWord(data []byte, floor, limit int) int {
	if floor+blockSize <= len(data) && groupsAt((*[blockSize]byte)(data[floor:])) {
		if start, ok := groupsAround(data, floor, floor); ok {
			return start
		}
	}
	before := 0 // characters of a word that is cut by the block's start
	for p := floor; p-before < limit || p < limit+minGroups; p += blockSize {
		if p >= len(data) {
			return len(data)
		}
		block := blockAt(data, p)
		word, chars := floor+len(data), wordBits(block)
		if long := longWord(chars, before); long < blockSize {
			word = p + long
		}
		if groupsAt(block) {
			if start, ok := firstGroups(data, floor, p); ok {
				word = min(word, start)
			}
		}
		if word < len(data) {
			return word
		}
		before = bits.LeadingZeros64(^chars)
	}
	return max(floor, wordEnd(data, limit))
}

// blockAt is the block at p, filled up behind the end of data.
func blockAt(data []byte, p int) *[blockSize]byte {
	if p+blockSize <= len(data) {
		return (*[blockSize]byte)(data[p:])
	}
	var last [blockSize]byte
	copy(last[:], data[p:])
	return &last
}

// longWord is where the first word of MinRun characters begins, relative to a block; blockSize or more if there is
// none. The first word of the block has before characters in front of it, fewer than MinRun.
func longWord(chars uint64, before int) int {
	if first := bits.TrailingZeros64(^chars); before+first >= MinRun {
		return -before
	}
	x := chars & (chars >> 1)
	x &= x >> 2
	x &= x >> 4
	x &= x >> 8 // 16 characters
	x &= x >> (MinRun - 16)
	return bits.TrailingZeros64(x)
}

// wordBits says for each byte of the block whether it is of classBase64. It computes on eight bytes at once: adding to a byte
// that is below 0x80 sets its top bit if it is large enough.
func wordBits(block *[blockSize]byte) (chars uint64) {
	for i := 0; i < blockSize; i += 8 {
		x := binary.LittleEndian.Uint64(block[i : i+8])
		low := x & (0x7f * each)
		folded := low | 0x20*each // letters in lower case
		letters := (folded + (0x80-'a')*each) &^ (folded + (0x80-'z'-1)*each)
		underscore := (folded + (0x80-0x7f)*each) &^ (low << 2) // 0x5f, and not 0x7f
		fromZero := low + (0x80-'0')*each
		digits := fromZero &^ (low + (0x80-'9'-1)*each)
		signs := (low + (0x80-'+')*each) &^ fromZero & (x << 7) // of + , - . / every other
		is := (letters | underscore | digits | signs) &^ x & (0x80 * each)
		chars |= (is >> 7 * gather) >> 56 << i
	}
	return chars
}

const (
	each   = 0x0101010101010101 // times a byte: that byte, eight times
	gather = 0x0102040810204080 // times eight bytes of 0 or 1: them as the bits of the top byte
)

// groupsAt says whether the probes of one of the block's quarters show nothing but characters of groups.
func groupsAt(block *[blockSize]byte) bool {
	found := byte(0)
	for i := 0; i < blockSize; i += probed {
		q := (*[probed]byte)(block[i:])
		found |= classes[q[0]] & classes[q[3]] & classes[q[6]] & classes[q[9]] & classes[q[12]] & classes[q[15]]
	}
	return found&classGroups != 0
}

// probed is the stretch of which each has probes; of minGroups characters one lies inside.
const probed = 16

// firstGroups is where the first word begins that stands among minGroups characters of groups in the block at p.
func firstGroups(data []byte, floor, p int) (start int, ok bool) {
	for q := p; q < min(p+blockSize, len(data)); q += probed {
		if start, ok := groupsAround(data, floor, q); ok {
			return start, true
		}
	}
	return 0, false
}

// groupsAround is where the first word begins, at floor or later, of the minGroups characters of groups or more
// that data[q:q+probed] is among; false when it is not.
func groupsAround(data []byte, floor, q int) (start int, ok bool) {
	end := q
	for end < len(data) && end-q < minGroups && classes[data[end]]&classGroups != 0 {
		end++
	}
	if end-q < probed {
		return 0, false
	}
	start = q
	for start > floor && classes[data[start-1]]&classGroups != 0 {
		start--
	}
	if end-start < minGroups {
		return 0, false
	}
	for start > floor && start < end && classes[data[start]]&classes[data[start-1]]&classBase64 != 0 {
		start-- // a word that is no group stands in front and ends with such characters
	}
	return wordStart(data, start), true
}

func wordStart(data []byte, i int) int {
	for i < len(data) && classes[data[i]]&classBase64 == 0 {
		i++
	}
	return i
}

// wordEnd is the end of the word that i cuts, i itself if it cuts none.
func wordEnd(data []byte, i int) int {
	for 0 < i && i < len(data) && classes[data[i-1]]&classes[data[i]]&classBase64 != 0 {
		i++
	}
	return i
}
