package decode

import (
	"bytes"
	"sort"
)

// The classes of bytes in runs.
const (
	classBase64 = 1 << iota
	classHex
	classUpper
	classLower
	classDigit
	classSpace  // blank or tab: the indent of a wrapped line
	classGroups // what bytes written apart consist of
)

// classes are those of each byte. Base64 is the union of the standard and the URL alphabet.
var classes = func() (t [256]byte) {
	for c := 'A'; c <= 'Z'; c++ {
		t[c] = classBase64 | classUpper
		t[c+'a'-'A'] = classBase64 | classLower
	}
	for c := '0'; c <= '9'; c++ {
		t[c] = classBase64 | classHex | classDigit
	}
	for c := 'a'; c <= 'f'; c++ {
		t[c] |= classHex
		t[c-'a'+'A'] |= classHex
	}
	for _, c := range "+/-_" {
		t[c] = classBase64
	}
	t[' '], t['\t'] = classSpace, classSpace
	for _, c := range "0123456789abcdefABCDEFxX ,:;\t\r\n" {
		t[c] |= classGroups
	}
	return t
}()

// sextets are the values of the base64 characters.
var sextets = func() (t [256]byte) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	for i := range len(alphabet) {
		t[alphabet[i]] = byte(i)
	}
	t['+'], t['-'], t['/'], t['_'] = 62, 62, 63, 63
	return t
}()

// line is a stretch of an encoded run that stands on one line.
type line struct{ start, end int }

// run is an encoded text, in one or more lines.
type run struct {
	unit  int // where its first word begins
	lines []line
	chars int
	seen  byte // every class that occurs
	all   byte // every class that each byte has

	joined []byte // the characters of more than one line, see join
	starts []int  // characters before each line, see index
}

// begin sets r to a run of one line.
func (r *run) begin(unit int, l line, seen, all byte) {
	*r = run{unit: unit, lines: append(r.lines[:0], l), chars: l.end - l.start, seen: seen, all: all, joined: r.joined[:0], starts: r.starts[:0]}
}

// runs finds runs of base64 or hex characters, and bytes written apart, in one walk, and decodes those that begin
// in one of the ranges.
func (w *Walker) runs(data []byte, ranges []Range, parent *Piece, depth int) {
	i := 0
	for _, r := range ranges {
		for i = nextWord(data, searchFrom(data, i, r.Start), r.End); i < r.End; i = nextWord(data, i, r.End) {
			i = w.word(data, i, i >= r.Start, parent, depth)
		}
	}
}

// word decodes what begins with the word at i, if it is wanted, and returns where the search goes on.
func (w *Walker) word(data []byte, i int, wanted bool, parent *Piece, depth int) int {
	end, seen, all := stretch(data, i)
	if end-i < MinRun {
		if mayBeHexGroup(data[i:end], all) {
			end = max(end, w.hexBytes(data, i, wanted, parent, depth))
		}
		return end
	}
	r := &w.level(depth).run
	r.begin(i, line{i, end}, seen, all)
	end = r.extend(data)
	if !wanted {
		return end
	}
	if r.all&classHex != 0 {
		w.hex(data, r, parent, depth)
	} else {
		w.hexInside(data, r, parent, depth)
	}
	if r.seen&classUpper != 0 && r.seen&classLower != 0 {
		w.base64(data, r, parent, depth)
	}
	return end
}

// nextWord is where the next word begins, at i or later, that may be a run of MinRun characters or the first
// of as many bytes written apart; limit or more when none begins before it. In front of i no word is cut.
//
// Ordinary text is full of short words. One look at the end of a possible run, and from there back to what
// ends it, skips most of them. Bytes written apart begin with MinRun characters of groups and what separates
// them, whatever comes after those.
func nextWord(data []byte, i, limit int) int {
	last := len(data) - MinRun // where the last run may begin
	for i < limit && i <= last {
		j := i + MinRun - 1
		if classes[data[j]]&classGroups != 0 && inGroups(data, i, j) {
			return wordStart(data, i)
		}
		for j >= i && classes[data[j]]&classBase64 != 0 {
			j--
		}
		if j < i {
			return i
		}
		i = j + 1
	}
	if i > last {
		return len(data)
	}
	return i
}

func wordStart(data []byte, i int) int {
	for i < len(data) && classes[data[i]]&classBase64 == 0 {
		i++
	}
	return i
}

// inGroups says whether MinRun characters of groups stand around j, not before i.
func inGroups(data []byte, i, j int) bool {
	start, end := j, j+1
	for start > i && classes[data[start-1]]&classGroups != 0 {
		start--
	}
	for end < len(data) && end-start < MinRun && classes[data[end]]&classGroups != 0 {
		end++
	}
	return end-start >= MinRun
}

// extend adds the lines that continue the run, and returns where the search goes on.
//
// A line continues a run when it holds nothing else than the run's characters up to its end, a quote or
// padding, behind the mark that the run's first line begins with. A first line shorter than MinRun is not
// continued: ordinary text is full of such words.
func (r *run) extend(data []byte) int {
	first := &r.lines[0]
	mark, part := markOf(data, first.start, first.end)
	end := first.end
	for {
		next, marked, ok := continuation(data, end, mark)
		if !ok {
			return end
		}
		stop, more, every := stretch(data, next)
		if stop == next || stop < len(data) && bytes.IndexByte([]byte("=\r\n\\\"'`,<"), data[stop]) < 0 {
			return end
		}
		if part && len(r.lines) == 1 {
			if marked {
				r.lines[0].start++
				r.chars--
			} else {
				mark = ""
			}
		}
		r.lines = append(r.lines, line{next, stop})
		r.chars += stop - next
		r.seen |= more
		r.all &= every
		end = stop
	}
}

// farthest is how far markOf looks back for the start of the line.
const farthest = 80

// markOf is what the line begins with in which data[start:end] stands: of a patch, a comment or a quoted
// mail; empty without one. A patch's mark is part of the run when nothing is between them, which the length
// gives away: lines of base64 hold whole groups of four. A line that begins further away than farthest has no mark.
func markOf(data []byte, start, end int) (mark string, part bool) {
	begin := max(0, start-farthest)
	if i := bytes.LastIndexByte(data[begin:start], '\n'); i >= 0 {
		begin += i + 1
	} else if begin > 0 {
		return "", false
	}
	if begin == start {
		c := data[start]
		if (c == '+' || c == '-') && (end-start)%4 == 1 {
			return string(c), true
		}
		return "", false
	}
	prefix := data[skipSpace(data, begin):start]
	for _, m := range [...]string{"+", "-", "#", "//", "*", ">"} {
		if bytes.HasPrefix(prefix, []byte(m)) {
			return m, false
		}
	}
	return "", false
}

func stretch(data []byte, i int) (end int, seen, all byte) {
	all = 0xff
	for end = i; end < len(data) && classes[data[end]]&classBase64 != 0; end++ {
		seen |= classes[data[end]]
		all &= classes[data[end]]
	}
	return end, seen, all
}

// continuation is where the next line begins when a line ends at i: after the line's end, an indent and the
// mark, if it stands there, and the quote of a string that was ended too.
func continuation(data []byte, i int, mark string) (at int, marked, ok bool) {
	at, quoted, ok := lineEnd(data, i)
	if !ok {
		return 0, false, false
	}
	at = skipSpace(data, at)
	if mark != "" && bytes.HasPrefix(data[at:], []byte(mark)) {
		at, marked = skipSpace(data, at+len(mark)), true
	}
	if quoted && at < len(data) && isQuote(data[at]) {
		at++
	}
	return at, marked, true
}

// lineEnd is where the line that ends at i is over: at LF or CRLF, written out or as the escapes of a string,
// behind the backslash of a shell, and between two strings that are put together.
func lineEnd(data []byte, i int) (at int, quoted, ok bool) {
	at = i
	escaped := false
	for _, wrap := range [...]string{`\n`, `\r\n`} {
		if bytes.HasPrefix(data[at:], []byte(wrap)) {
			at, escaped = at+len(wrap), true
			break
		}
	}
	behind := at
	if at < len(data) && isQuote(data[at]) {
		quoted = true
		at = skipSpace(data, at+1)
	}
	if at < len(data) && (data[at] == '\\' || quoted && data[at] == '+' || quoted && data[at] == '.' || quoted && escaped && data[at] == ',') {
		at = skipSpace(data, at+1)
	}
	for _, wrap := range [...]string{"\n", "\r\n"} {
		if bytes.HasPrefix(data[at:], []byte(wrap)) {
			return at + len(wrap), quoted, true
		}
	}
	return behind, false, escaped
}

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

func skipSpace(data []byte, at int) int {
	for at < len(data) && classes[data[at]]&classSpace != 0 {
		at++
	}
	return at
}

// base64 decodes the run at the alignment of its first character, and at the other three until one gives
// nothing but text: what stands in front of an encoded text may consist of the alphabet's characters too.
func (w *Walker) base64(data []byte, r *run, parent *Piece, depth int) {
	chars := r.join(data)
	l := w.level(depth)
	l.quantum = quantum{run: r, in: 4, out: 3}
	for skip := 0; skip < 4 && r.chars-skip >= MinRun-3; skip++ {
		if !w.take("base64", int64(r.chars)*3/4) {
			return
		}
		l.text = appendBase64(l.text[:0], chars[skip:])
		l.quantum.skip = skip
		w.give(w.child(parent, depth, "base64", l.text, &l.quantum, r.unit), depth)
		if isAllText(l.text) {
			return
		}
	}
}

func (r *run) join(data []byte) []byte {
	if len(r.lines) == 1 {
		return data[r.lines[0].start:r.lines[0].end]
	}
	if len(r.joined) == 0 {
		for _, l := range r.lines {
			r.joined = append(r.joined, data[l.start:l.end]...)
		}
	}
	return r.joined
}

// appendBase64 decodes characters of both alphabets; of an incomplete last group what is whole.
func appendBase64(out, chars []byte) []byte {
	for len(chars) >= 4 {
		a, b, c, d := sextets[chars[0]], sextets[chars[1]], sextets[chars[2]], sextets[chars[3]]
		out = append(out, a<<2|b>>4, b<<4|c>>2, c<<6|d)
		chars = chars[4:]
	}
	switch len(chars) {
	case 2:
		out = append(out, sextets[chars[0]]<<2|sextets[chars[1]]>>4)
	case 3:
		out = append(out, sextets[chars[0]]<<2|sextets[chars[1]]>>4, sextets[chars[1]]<<4|sextets[chars[2]]>>2)
	}
	return out
}

// hex decodes the run at both alignments, or at the first if that gives nothing but text.
func (w *Walker) hex(data []byte, r *run, parent *Piece, depth int) {
	if r.chars < 2*MinRun {
		return
	}
	chars := r.join(data)
	l := w.level(depth)
	l.quantum = quantum{run: r, in: 2, out: 1}
	for skip := range 2 {
		if !w.take("hex", int64(r.chars/2)) {
			return
		}
		l.text = appendHex(l.text[:0], chars[skip:])
		l.quantum.skip = skip
		w.give(w.child(parent, depth, "hex", l.text, &l.quantum, r.unit), depth)
		if isAllText(l.text) {
			return
		}
	}
}

// hexInside decodes the runs of hex digits that other characters of the alphabet stand beside: 0x, the rest
// of a path.
func (w *Walker) hexInside(data []byte, r *run, parent *Piece, depth int) {
	for _, l := range r.lines {
		for i := l.start; i < l.end; {
			end := i
			for end < l.end && classes[data[end]]&classHex != 0 {
				end++
			}
			if end-i >= 2*MinRun {
				inner := &w.level(depth).inner
				inner.begin(r.unit, line{i, end}, 0, 0)
				w.hex(data, inner, parent, depth)
			}
			i = end + 1
		}
	}
}

func appendHex(out, chars []byte) []byte {
	for i := 0; i+1 < len(chars); i += 2 {
		out = append(out, nibble(chars[i])<<4|nibble(chars[i+1]))
	}
	return out
}

func nibble(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// quantum maps the bytes of a run that encodes out bytes in in characters, skip characters after its start.
type quantum struct {
	run     *run
	skip    int
	in, out int
}

func (q *quantum) span(start, end int) (int, int) {
	if end <= start {
		at := q.run.offset(q.skip + start*q.in/q.out)
		return at, at
	}
	first := q.skip + start*q.in/q.out
	last := q.skip + (end*q.in+q.out-1)/q.out - 1 // the last character that carries a bit of it
	last = min(last, q.run.chars-1)
	return q.run.offset(first), q.run.offset(last) + 1
}

// offset is where the n-th character of the run stands in the text.
func (r *run) offset(n int) int {
	if len(r.lines) == 1 {
		return r.lines[0].start + n
	}
	r.index()
	i := sort.Search(len(r.lines), func(i int) bool { return r.starts[i] > n }) - 1
	return r.lines[i].start + n - r.starts[i]
}

// index counts the characters before each line, once.
func (r *run) index() {
	if len(r.starts) > 0 {
		return
	}
	n := 0
	for _, l := range r.lines {
		r.starts = append(r.starts, n)
		n += l.end - l.start
	}
}
