package decode

import (
	"bytes"
	"slices"
)

// Walker decodes one text after another and uses its buffers again: a text that holds nothing encoded costs no
// allocation. Not for several goroutines at once, and visit must not use the Walker that calls it. The zero value
// is ready.
type Walker struct {
	limits  Limits
	visit   func(*Piece)
	spent   int64 // decoded bytes, of limits.MaxBytes
	input   int64 // bytes that were read out of archives, of limits.MaxBytes too
	members int   // files of archives, of limits.MaxMembers
	cuts    []Cut
	unit    int // in which the outermost text is decoded, see Piece.Unit
	broken  []Broken
	levels  []*level // by depth
}

// level is what one depth of encodings works with. At each depth there is one piece at a time: it is visited, and
// what it holds is decoded one level below, before the next one takes its place.
type level struct {
	piece    Piece
	decoders []string
	text     []byte   // the decoded text that is lent out
	all      [1]Range // of what is decoded, when all of it is

	run, inner run // inner: hex digits inside of a run
	quantum    quantum
	apart      apart
	escaped    escaped
}

// maxKept is the size over which a buffer is not kept for the next text.
const maxKept = 1 << 20

// Walk is as the function [Walk].
func (w *Walker) Walk(data []byte, limits Limits, visit func(*Piece)) []Cut {
	w.start(data, limits, visit)
	w.walk(data, nil, 0)
	return w.end()
}

func (w *Walker) start(data []byte, limits Limits, visit func(*Piece)) {
	w.limits, w.visit = limits.filled(len(data)), visit
	w.spent, w.input, w.members, w.cuts = 0, 0, 0, nil
	w.unit, w.broken = 0, w.broken[:0]
}

// end forgets what was lent to the walker, and buffers of unusual size.
func (w *Walker) end() []Cut {
	cuts := w.cuts
	w.visit, w.cuts = nil, nil
	for _, l := range w.levels {
		l.piece.Data, l.run.joined = nil, l.run.joined[:0]
		if cap(l.text) > maxKept || cap(l.run.joined) > maxKept || cap(l.apart.at)+cap(l.escaped.at) > maxKept/8 {
			*l = level{decoders: l.decoders}
		}
	}
	return cuts
}

func (w *Walker) level(depth int) *level {
	for len(w.levels) <= depth {
		w.levels = append(w.levels, &level{})
	}
	return w.levels[depth]
}

// walk tries every decoder on one text. An archive is decoded as such only: its bytes are compressed.
func (w *Walker) walk(data []byte, parent *Piece, depth int) {
	if depth >= w.limits.MaxDepth || len(data) < MinRun {
		return
	}
	if w.archive(data, parent, depth) {
		return
	}
	w.utf16(data, parent, depth)
	all := &w.level(depth).all
	all[0] = Range{0, len(data)}
	w.text(data, all[:], parent, depth)
}

// text decodes the units of a text that begin in one of the ranges.
func (w *Walker) text(data []byte, ranges []Range, parent *Piece, depth int) {
	w.runs(data, ranges, parent, depth)
	for i := range forms {
		w.escapes(&forms[i], data, ranges, parent, depth)
	}
}

// take asks the budget for n decoded bytes.
func (w *Walker) take(decoder string, n int64) bool {
	if w.spent+n > w.limits.MaxBytes {
		w.cut(Cut{decoder, true, "the budget of decoded bytes is spent"})
		return false
	}
	w.spent += n
	return true
}

func (w *Walker) cut(c Cut) {
	if b := (Broken{w.unit, c}); !c.Limit && !slices.Contains(w.broken, b) && len(w.broken) < maxBroken {
		w.broken = append(w.broken, b)
	}
	for _, known := range w.cuts {
		if known == c {
			return
		}
	}
	w.cuts = append(w.cuts, c)
}

// give hands a piece to the visitor and looks into it when it may hold another encoding. Of what lies too deep only an
// archive is told: nearly every text looks as if something in it were encoded.
func (w *Walker) give(p *Piece, depth int) {
	w.visit(p)
	switch {
	case len(p.Data) < MinRun:
	case p.holdsItself():
	case depth+1 < w.limits.MaxDepth:
		if nests(p.Data) {
			w.walk(p.Data, p, depth+1)
		}
	case isArchive(p.Data):
		w.cut(Cut{p.Decoders[len(p.Decoders)-1], false, "an archive in it lies in more encodings than the limit"})
	}
}

// holdsItself says whether the piece is what one of those is that it came out of: there are archives that hold
// themselves, and what they hold was looked at.
func (p *Piece) holdsItself() bool {
	for outer := p.parent; outer != nil; outer = outer.parent {
		if bytes.Equal(outer.Data, p.Data) {
			return true
		}
	}
	return false
}

// child is the piece of a depth, set to be one of parent; unit is where it begins when there is no parent.
func (w *Walker) child(parent *Piece, depth int, decoder string, data []byte, place mapping, unit int) *Piece {
	l := w.level(depth)
	l.decoders = l.decoders[:0]
	l.piece = Piece{Data: data, parent: parent, place: place, unit: unit}
	if parent == nil {
		w.unit = unit
	} else {
		l.decoders = append(l.decoders, parent.Decoders...)
		l.piece.Member, l.piece.unit = parent.Member, parent.unit
	}
	l.decoders = append(l.decoders, decoder)
	l.piece.Decoders = l.decoders
	return &l.piece
}
