package scanner

import (
	_ "embed"
	"math"
)

// textTrigrams are the most frequent windows of three bytes in the source text of the Go toolchain, each
// in four bytes, little endian: the window in the low 24 bits, above them 8·log2 of its share of the
// text in 2^-31. They decide how fast the prefilter is, not what it finds, so they are counted again only when
// text has changed much: go test ./scanner -run Trigrams -count-trigrams, then go generate ./scanner.
//
//go:embed trigrams.bin
var textTrigrams string

// trafficBits is the unit of slotTraffic: 2^-22 of the text.
const trafficBits = 22

// The traffic is kept in slots. slotFactor spreads the 24 bits of a window over them.
const (
	slotBits   = 18
	slotFactor = 0x9E3779B1
)

func slotOf(window uint32) uint32 { return windowSlot(window) * slotFactor >> (32 - slotBits) }

// slotTraffic is the share of text that goes through each slot, the most that a slot holds for more.
func slotTraffic() *[1 << slotBits]uint16 {
	traffic := new([1 << slotBits]uint16)
	for i := 0; i+4 <= len(textTrigrams); i += 4 {
		v := uint32(textTrigrams[i]) | uint32(textTrigrams[i+1])<<8 | uint32(textTrigrams[i+2])<<16
		slot := &traffic[slotOf(v)]
		*slot = uint16(min(uint32(*slot)+shareOf(textTrigrams[i+3])>>(31-trafficBits), math.MaxUint16))
	}
	return traffic
}

// shareOf undoes the logarithm, to a sixteenth.
func shareOf(log byte) uint32 { return (8 + uint32(log&7)) << (log >> 3) >> 3 }
