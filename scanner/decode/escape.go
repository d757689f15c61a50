package decode

import (
	"bytes"
	"sort"
)

// maxToken bounds the text around an escape that is decoded with it.
const maxToken = 64 << 10

// form is a way to write a byte as several: escaped is its length at data[at:] and the byte, 0 where none stands.
type form struct {
	name    string
	lead    byte
	escaped func(data []byte, at int) (size int, c byte)
}

// The forms: of URLs; of strings in JSON and programs, with the `\/` and `\_` of some writers; of XML and HTML.
var forms = [...]form{
	{"percent", '%', percentEscape},
	{"backslash", '\\', backslashEscape},
	{"entity", '&', entityEscape},
}

func percentEscape(data []byte, at int) (int, byte) { return hexEscape(data, at, 1, 2) }

func backslashEscape(data []byte, at int) (int, byte) {
	if at+1 >= len(data) {
		return 0, 0
	}
	switch c := data[at+1]; c {
	case 'x':
		return hexEscape(data, at, 2, 2)
	case 'u':
		if at+4 > len(data) || data[at+2] != '0' || data[at+3] != '0' {
			return 0, 0
		}
		return hexEscape(data, at, 4, 2)
	case '/', '_':
		return 2, c
	}
	return 0, 0
}

// entityEscape reads &#45; and &#x2d;; the named ones stand for characters that no secret holds.
func entityEscape(data []byte, at int) (int, byte) {
	if at+2 >= len(data) || data[at+1] != '#' {
		return 0, 0
	}
	i, base := at+2, 10
	if data[i]|0x20 == 'x' {
		i, base = i+1, 16
	}
	value, first := 0, i
	for ; i < len(data) && i-first < 4 && classes[data[i]]&classHex != 0; i++ {
		digit := int(nibble(data[i]))
		if digit >= base {
			return 0, 0
		}
		value = value*base + digit
	}
	if i == first || i >= len(data) || data[i] != ';' || value > 0xff {
		return 0, 0
	}
	return i + 1 - at, byte(value)
}

// hexEscape reads digits hex digits that stand skip bytes behind at.
func hexEscape(data []byte, at, skip, digits int) (int, byte) {
	size := skip + digits
	if at+size > len(data) {
		return 0, 0
	}
	var c byte
	for _, d := range data[at+skip : at+size] {
		if classes[d]&classHex == 0 {
			return 0, 0
		}
		c = c<<4 | nibble(d)
	}
	return size, c
}

// escapes decodes the tokens, texts without white space and quotes, that hold an escape of the form and begin in
// one of the ranges. The search goes from token to token: what is in front of a range is read only as far back as
// the token reaches that the range cuts.
func (w *Walker) escapes(f *form, data []byte, ranges []Range, parent *Piece, depth int) {
	i, whole := 0, 0 // data[:i] is searched; data[whole-1] ends a token, or the text
	for _, r := range ranges {
		i = tokenStart(data, i, r.Start)
		whole = tokenEnd(data, max(whole, r.End))
		for i < whole {
			next := bytes.IndexByte(data[i:whole], f.lead)
			if next < 0 {
				i = whole
				break
			}
			at := i + next
			if size, _ := f.escaped(data, at); size == 0 {
				i = at + 1
				continue
			}
			start, end := tokenAround(data, at, i)
			if start >= r.End {
				i = start
				break
			}
			i = end
			if end-start < MinRun || start < r.Start {
				continue
			}
			if !w.take(f.name, int64(end-start)) {
				return
			}
			w.give(w.unescape(f, data, Range{start, end}, parent, depth), depth)
		}
	}
}

// tokenStart is the start of the token that at cuts, at itself if it cuts none; not before floor.
func tokenStart(data []byte, floor, at int) int {
	for at > floor && isToken(data[at-1]) {
		at--
	}
	return max(floor, at)
}

// tokenEnd is the end of the token that at cuts, at itself if it cuts none.
func tokenEnd(data []byte, at int) int {
	for 0 < at && at < len(data) && isToken(data[at-1]) && isToken(data[at]) {
		at++
	}
	return at
}

// tokenAround is the token that holds the byte at, not reaching before floor.
func tokenAround(data []byte, at, floor int) (start, end int) {
	start, end = at, at
	for start > floor && at-start < maxToken && isToken(data[start-1]) {
		start--
	}
	for end < len(data) && end-at < maxToken && isToken(data[end]) {
		end++
	}
	return start, end
}

func isToken(c byte) bool { return c > ' ' && c != '"' && c != '\'' && c != '`' && c != 0x7f }

// unescape makes the piece of a token.
func (w *Walker) unescape(f *form, data []byte, token Range, parent *Piece, depth int) *Piece {
	l := w.level(depth)
	out, place := l.text[:0], &l.escaped
	*place = escaped{offset: token.Start, at: place.at[:0], extra: place.extra[:0]}
	extra := 0
	for i := token.Start; i < token.End; {
		if data[i] == f.lead {
			if size, c := f.escaped(data[:token.End], i); size > 0 {
				extra += size - 1
				place.at, place.extra = append(place.at, len(out)), append(place.extra, extra)
				out = append(out, c)
				i += size
				continue
			}
		}
		out = append(out, data[i])
		i++
	}
	l.text = out
	return w.child(parent, depth, f.name, out, place, token.Start)
}

// escaped maps the bytes of a text in which some are written in several.
type escaped struct {
	offset int
	at     []int // decoded offsets of the escapes, ascending
	extra  []int // by escape: the bytes more that it and those before it take
}

func (e *escaped) span(start, end int) (int, int) {
	return e.outer(start), e.outer(end)
}

// outer is where the decoded byte n begins.
func (e *escaped) outer(n int) int {
	before := sort.SearchInts(e.at, n)
	if before == 0 {
		return e.offset + n
	}
	return e.offset + n + e.extra[before-1]
}
