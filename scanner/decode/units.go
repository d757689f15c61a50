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

// Used is how much of its limits a walk used.
type Used struct {
	Decoded int64 // bytes, of Limits.MaxBytes
	Read    int64 // bytes that were read out of archives, of Limits.MaxBytes too
	Members int   // files of archives, of Limits.MaxMembers
}

// Used is what the last walk used.
func (w *Walker) Used() Used { return Used{w.spent, w.input, w.members} }

// Plus adds what another walk used, times times.
func (u Used) Plus(other Used, times int64) Used {
	return Used{u.Decoded + times*other.Decoded, u.Read + times*other.Read, u.Members + int(times)*other.Members}
}

// Within says whether a text of size bytes that used u is so far from its limits that they have no say.
func (u Used) Within(limits Limits, size int) bool {
	l := limits.filled(size)
	return u.Decoded <= l.MaxBytes/2 && u.Read <= l.MaxBytes/2 && u.Members <= l.MaxMembers/2
}

// Broken is a unit of which something was not decoded, and would not be whatever the limits are.
type Broken struct {
	Unit int // where it begins
	Cut  Cut
}

// maxBroken is how many a walk tells of.
const maxBroken = 64

// Broken are the units of the last walk of which something was not decoded, each cut of each once; all is false when
// there were too many of them. Valid until the next walk.
func (w *Walker) Broken() (units []Broken, all bool) { return w.broken, len(w.broken) < maxBroken }

// Unit is where in the outermost text the unit begins that p was decoded from.
func (p *Piece) Unit() int { return p.unit }

// Whole says that a text has to be decoded as one: it is an archive, or holds UTF-16, or bytes that no text has.
func Whole(data []byte) bool { return bytes.IndexByte(data, 0) >= 0 || isArchive(data) }
