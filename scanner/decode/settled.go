package decode

import "bytes"

// Settled is the part of the stretch r of which the units are the same whatever stands in front of r and behind it: no
// unit that begins outside of it reaches into it, none that begins in it reaches out of it, and none depends on what
// is not in r. Empty when there is no such part. Whoever knows the units of r in one text knows those of the settled part in every
// text that holds the same stretch.
//
// It lies between the first and the last border in r, see border.
func Settled(data []byte, r Range) Range {
	first := firstBorder(data, r.Start, r.End)
	if first > r.End {
		return Range{r.Start, r.Start}
	}
	return Range{first, lastBorder(data, r.Start, first, r.End)}
}

// firstBorder is the first border behind lo, more than limit without one. In the line that lo cuts there is none but
// at its end, or so far behind lo that its mark does not matter: see showsMark.
func firstBorder(data []byte, lo, limit int) int {
	at := lo + 1
	if line := bytes.IndexByte(data[lo:min(limit, lo+farthest)], '\n'); line >= 0 {
		at += line
	} else {
		at += farthest
	}
	for at <= limit && !(mayBeBorder(data, lo, at) && border(data, lo, at)) {
		at++
	}
	return at
}

// mayBeBorder is a test of the two bytes before at that every border passes, and most other places do not.
func mayBeBorder(data []byte, lo, at int) bool {
	return kinds[data[at-1]]&endsToken != 0 && at-lo >= 2 && (data[at-1] == '\n' || kinds[data[at-2]]&(hard|beforeNoQuote) != 0)
}

// lastBorder is the last border from floor to limit, floor without one; data[lo:] may be looked at.
func lastBorder(data []byte, lo, floor, limit int) int {
	for at := limit; at > floor; at-- {
		if mayBeBorder(data, lo, at) && border(data, lo, at) {
			return at
		}
	}
	return floor
}

// searchFrom is where the search for the units that begin at want or later may start: floor, up to which
// everything is searched, or the last border up to want.
func searchFrom(data []byte, floor, want int) int {
	if floor >= want {
		return floor
	}
	return lastBorder(data, 0, floor, want)
}

// farBack is how far border looks back for what ends at it.
const farBack = 96

// border says whether the units before at and those from it on do not touch: none crosses it, and those that begin
// at it or later depend on nothing in front of it, but for the mark of their line on farthest bytes or the line's
// start. What data[lo:at] shows decides, never more, so that the same bytes decide alike in every text.
//
// A unit crosses white space and quotes only in these ways, of which each is excluded: a run that is continued on the next
// line, bytes written apart, and the text column of a dump. A token with escapes never does.
func border(data []byte, lo, at int) bool {
	c := data[at-1]
	if kinds[c]&endsToken == 0 || at-lo < 2 {
		return false
	}
	before := kinds[data[at-2]]
	switch {
	case c == '\n':
		return before&hard != 0 && !mayBeTextColumn(data, lo, at-1) || endsLine(data, lo, at-1)
	case c == ' ' || c == '\t':
		return before&hard != 0 && showsMark(data, lo, at) && !mayBeTextColumn(data, lo, at-1)
	case isQuote(c):
		return before&(hard|beforeNoQuote) != 0 && showsMark(data, lo, at) && !mayBeTextColumn(data, lo, at-1)
	}
	return false
}

// The kinds of bytes at borders.
const (
	endsToken     = 1 << iota // ends a token with escapes
	hard                      // stands in no run, between no two lines of one, and between no two bytes written apart
	beforeNoQuote             // never stands in front of a quote between two lines of a run; bytes written apart have no quotes
)

var kinds = func() (t [256]byte) {
	for i := range t {
		c := byte(i)
		if !isToken(c) {
			t[i] |= endsToken
		} else if classes[c]&classBase64 == 0 {
			t[i] |= hard
		}
	}
	for _, c := range "\\.,:;#*>" {
		t[c] &^= hard
	}
	for _, c := range ".,:;" {
		t[c] |= beforeNoQuote
	}
	return t
}()

// showsMark says whether the mark of the line is the same for all that begins at the place at or later, whatever
// stands before lo: the line begins behind lo, or further away than markOf looks.
func showsMark(data []byte, lo, at int) bool {
	if at-lo > farthest {
		return true
	}
	for i := at - 1; i >= lo; i-- {
		if data[i] == '\n' {
			return true
		}
	}
	return false
}

// mayBeTextColumn says whether the place at may stand in what a dump shows as text: behind a group of hex digits
// and two blanks.
func mayBeTextColumn(data []byte, lo, at int) bool {
	const reach = 2*dumpLine + 4
	for i := at - 1; i >= at-reach; i-- {
		if i < lo+3 {
			return i < lo || data[i] != '\n'
		}
		switch data[i] {
		case '\n':
			return false
		case ' ':
			if data[i-1] == ' ' && (isHex(data[i-2]) || isSeparator(data[i-2]) && isHex(data[i-3])) {
				return true
			}
		}
	}
	return false
}

// endsLine says whether nothing crosses the line feed at the place at, seen from the last word of the line.
func endsLine(data []byte, lo, at int) bool {
	floor := max(lo, at-farBack)
	p := at
	for p > floor && mayFollowLine(data[p-1]) {
		p--
	}
	if p == floor {
		return false
	}
	start := p
	for start > floor && classes[data[start-1]]&classBase64 != 0 {
		start--
	}
	if start == floor || at-start >= MinRun {
		return false
	}
	if p < at && start == p { // what the line ends with is in no run, and before separators it is no byte
		return kinds[data[p-1]]&hard != 0 && !mayBeTextColumn(data, lo, at)
	}
	return !isWholeLine(data, floor, start) && !mayBeBytes(data, start, p) && !mayBeTextColumn(data, lo, at)
}

// mayFollowLine says whether c may stand between a line of a run, or a byte written apart, and the line feed.
func mayFollowLine(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\\', '+', '.', ',', ':', ';', '"', '\'', '`':
		return true
	}
	return false
}

// isWholeLine says whether the word that begins at start may be a whole line of a run: behind nothing, or an indent, a mark
// and a quote, or behind the escape of a line feed.
func isWholeLine(data []byte, floor, start int) bool {
	p := start
	for p > floor && mayLeadLine(data[p-1]) {
		p--
	}
	if p == floor || data[p-1] == '\n' {
		return true
	}
	return data[p-1] == '\\' || p-2 >= floor && data[p-2] == '\\' && data[p-1] == 'n'
}

func mayLeadLine(c byte) bool {
	switch c {
	case ' ', '\t', '+', '-', '#', '/', '*', '>', '"', '\'', '`':
		return true
	}
	return false
}

// mayBeBytes says whether the last word of a line may be a byte written apart, or the offset of a dump.
func mayBeBytes(data []byte, start, end int) bool {
	word := data[start:end]
	all := byte(0xff)
	for _, c := range word {
		all &= classes[c]
	}
	return mayBeHexGroup(word, all) || len(word) >= 6 && all&classHex != 0
}
