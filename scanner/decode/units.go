package decode

import "bytes"

// Range is the stretch [Start, End) of a text.
type Range struct{ Start, End int }

// WalkRanges decodes the units that begin in one of the ranges, which are ascending and apart, and calls visit for each
// piece as [Walk] does. A unit is what is decoded in one go out of the text itself: a run of base64 or hex with all its
// lines, bytes written apart, a token with escapes. It may reach behind its range. [Piece.Unit] is where it begins.
//
// It is for texts of which [Whole] is false: ranges that cover all of such a text give what Walk gives.
func (w *Walker) WalkRanges(data []byte, ranges []Range, limits Limits, visit func(*Piece)) []Cut {
	w.start(data, limits, visit)
	if w.limits.MaxDepth > 0 && len(data) >= MinRun {
		w.text(data, ranges, nil, 0)
	}
	return w.end()
}

// Unit is where in the outermost text the unit begins that p was decoded from.
func (p *Piece) Unit() int { return p.unit }

// Whole says that a text has to be decoded as one: it is an archive, or holds UTF-16, or bytes that no text has.
func Whole(data []byte) bool { return bytes.IndexByte(data, 0) >= 0 || isArchive(data) }
