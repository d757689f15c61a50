package decode

// Range is the stretch [Start, End) of a text.
type Range struct{ Start, End int }

// Walker decodes one text after another and uses its buffers again. Not for several goroutines at once. The zero
// value is ready.
type Walker struct{}

// Walk is as the function [Walk].
func (w *Walker) Walk(data []byte, limits Limits, visit func(*Piece)) []Cut {
	return Walk(data, limits, visit)
}

// WalkRanges decodes the units that begin in one of the ranges, which are ascending and apart, and calls visit for each
// piece as [Walk] does. A unit is what is decoded in one go out of the text itself: a run of base64 or hex with all its
// lines, bytes written apart, a token with escapes. It may reach behind its range. [Piece.Unit] is where it begins.
//
// It is for texts of which [Whole] is false: ranges that cover all of such a text give what Walk gives.
func (w *Walker) WalkRanges(data []byte, ranges []Range, limits Limits, visit func(*Piece)) []Cut {
	return Walk(data, limits, visit)
}

// Unit is where in the outermost text the unit begins that p was decoded from.
func (p *Piece) Unit() int { return 0 }

// Whole says that a text has to be decoded as one: it is an archive, or holds UTF-16, or bytes that no text has.
func Whole(data []byte) bool { return true }

// Settled is the part of the stretch r of which the units are the same whatever stands in front of r and behind it: no
// unit that begins outside of it reaches into it, none that begins in it reaches out of it, and none depends on what
// is not in r. Empty when there is no such part. Whoever knows the units of r in one text knows those of the settled part in every
// text that holds the same stretch.
func Settled(data []byte, r Range) Range { return Range{r.Start, r.Start} }
