package scanner

import "math"

// barren says how the rules of a literal looked at one of its places and that they claimed nothing there: a [look] for
// each of the first notedOwners of them, noLook where that is not known.
//
// Such a verdict is a function of the bytes in the window of that look alone, and of where the text begins and ends if
// that is inside it. Where a delta copied all of them, the same look need not be made again. It is not a finding that
// is carried, and neither is what the search remembers of the text before (expressionState, claimed): each text works
// that out anew, and so whether the same look is the one that is due.
type barren uint32

const (
	lookBits    = 2
	notedOwners = 32 / lookBits
)

// look is how an expression is tried at a literal's place.
type look uint8

const (
	noLook  look = iota // it is not tried: what a search before it went through holds the place
	lookAt              // at the place itself, where each match begins
	lookBy              // in a window around the place
	lookFar             // in one that reaches further, because places stand close together
)

func (b barren) of(owner int) look {
	if owner >= notedOwners {
		return noLook
	}
	return look(b >> (lookBits * owner) & (1<<lookBits - 1))
}

// with notes a look; the owner's bits must be zero.
func (b barren) with(owner int, l look) barren {
	if owner >= notedOwners {
		return b
	}
	return b | barren(l)<<(lookBits*owner)
}

// stretch is where a text holds the bytes of the one that it was made from, half-open. A side is open when both texts
// end there. The zero value holds nothing.
type stretch struct{ lo, hi int }

const (
	openLeft  = math.MinInt
	openRight = math.MaxInt
)

// stretchOf is the stretch of a segment at a place of a text of size bytes, made from one of baseSize bytes.
func stretchOf(s Segment, at, size, baseSize int) stretch {
	out := stretch{at, at + s.Len}
	if at == 0 && s.From == 0 {
		out.lo = openLeft
	}
	if out.hi == size && s.From+s.Len == baseSize {
		out.hi = openRight
	}
	return out
}

// holds says whether what decides about a window lies in the stretch: the window, for which left and right are not
// cut at the text's ends, the byte behind it, and the keywords in front of it.
func (s stretch) holds(left, right int) bool { return s.lo <= left-KeywordWindow && right < s.hi }
