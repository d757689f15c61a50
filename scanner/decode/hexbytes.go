package decode

import "bytes"

// hexBytes decodes bytes that are written one by one or in pairs, with something between them: `61 62`,
// `61:62`, `0x61, 0x62`, and the lines of hexdump and xxd with their offsets and what they show as text.
// It returns where the search goes on. Unless wanted they are only passed.
func (w *Walker) hexBytes(data []byte, i int, wanted bool, parent *Piece, depth int) int {
	width := hexGroup(data, i)
	if width == 0 {
		return 0
	}
	l := w.level(depth)
	at := l.apart.at[:0]
	end := i
	for p := i; ; {
		start, stop := groupDigits(data, p, width)
		if start == stop {
			break
		}
		for ; start < stop; start += 2 {
			at = append(at, start)
		}
		end = stop
		p = nextGroup(data, stop, len(at))
	}
	l.apart.at = at
	if !wanted || len(at) < MinRun || !w.take("hex", int64(len(at))) {
		return end
	}
	decoded := l.text[:0]
	for _, p := range at {
		decoded = append(decoded, nibble(data[p])<<4|nibble(data[p+1]))
	}
	l.text = decoded
	w.give(w.child(parent, depth, "hex", decoded, &l.apart, i), depth)
	return end
}

// mayBeHexGroup is a cheap test of a whole run of characters, and the classes that all of them have.
func mayBeHexGroup(run []byte, all byte) bool {
	switch len(run) {
	case 2:
		return all&classHex != 0
	case 4:
		return all&classHex != 0 || run[0] == '0' && run[1]|0x20 == 'x'
	case 6:
		return run[0] == '0' && run[1]|0x20 == 'x'
	}
	return false
}

// hexGroup is how many digits stand in the group at i: 2 or 4, 0 when it is none.
func hexGroup(data []byte, i int) int {
	for _, width := range [...]int{2, 4} {
		if start, stop := groupDigits(data, i, width); stop-start == width {
			return width
		}
	}
	return 0
}

// groupDigits are the digits of the group at p, width of them or, at the end of a text, half of them.
func groupDigits(data []byte, p, width int) (start, stop int) {
	if p+1 < len(data) && data[p] == '0' && data[p+1]|0x20 == 'x' {
		p += 2
	}
	stop = p
	for stop < len(data) && stop-p <= width && classes[data[stop]]&classHex != 0 {
		stop++
	}
	if stop < len(data) && classes[data[stop]]&classBase64 != 0 || stop-p != width && stop-p != 2 {
		return p, p
	}
	return p, stop
}

// dumpLine is how many bytes the usual tools show on a line.
const dumpLine = 16

// nextGroup is where the group after the one that ends at p begins; count is the bytes so far. Behind the
// sixteenth byte of a line and two blanks stands the same as text.
func nextGroup(data []byte, p, count int) int {
	from := p
	for p < len(data) && p-from < 3 && isSeparator(data[p]) {
		p++
	}
	if count%dumpLine == 0 && p-from >= 2 && data[p-1] == ' ' && data[p-2] == ' ' {
		if line := bytes.IndexByte(data[p:min(len(data), p+2*dumpLine)], '\n'); line >= 0 {
			p += line
		}
	}
	for p < len(data) && (data[p] == '\r' || data[p] == '\n') {
		p = afterOffset(data, p+1)
	}
	return p
}

// isSeparator says whether c may stand between two groups on a line.
func isSeparator(c byte) bool { return c == ' ' || c == ',' || c == ':' || c == ';' || c == '\t' }

// afterOffset skips the indent of a line, and the offset that a dump begins its lines with.
func afterOffset(data []byte, p int) int {
	p = skipSpace(data, p)
	end := p
	for end < len(data) && end-p < 16 && classes[data[end]]&classHex != 0 {
		end++
	}
	if end-p < 6 || end >= len(data) || data[end] != ':' && data[end] != ' ' {
		return p
	}
	return skipSpace(data, end+1)
}

// apart maps bytes that are written apart.
type apart struct {
	at []int // where each byte's two digits stand
}

func (m *apart) span(start, end int) (int, int) {
	start = min(start, len(m.at)-1)
	if end <= start {
		return m.at[start], m.at[start]
	}
	return m.at[start], m.at[min(end, len(m.at))-1] + 2
}
