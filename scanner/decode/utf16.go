package decode

import "bytes"

// minUTF16 is the shortest UTF-16 text, in characters, that is decoded.
const minUTF16 = 16

// utf16 decodes the runs of printable ASCII whose bytes alternate with NUL, in either byte order and at
// any offset: secrets are ASCII, so other characters only end a run. No byte order mark is needed.
func (w *Walker) utf16(data []byte, parent *Piece, depth int) {
	for i := 0; i+1 < len(data); {
		next := bytes.IndexByte(data[i:], 0)
		if next < 0 {
			return
		}
		at := i + next
		start := at + 1 // big endian: NUL, character
		if at > i && isPrintable(data[at-1]) {
			start = at - 1 // little endian: character, NUL
		}
		end := utf16End(data, start)
		if end-start < 2*minUTF16 {
			i = at + 1
			continue
		}
		if !w.take("utf16", int64(end-start)/2) {
			return
		}
		l := w.level(depth)
		l.text = appendEvery2(l.text[:0], data[start:end])
		w.give(w.child(parent, depth, "utf16", l.text, pairs{start, end}, start), depth)
		i = end
	}
}

// utf16End is the end of the run of character, NUL pairs from start. A last character may lack its NUL.
func utf16End(data []byte, start int) int {
	i := start
	for i < len(data) && isPrintable(data[i]) {
		if i+1 >= len(data) || data[i+1] != 0 {
			return i + 1
		}
		i += 2
	}
	return min(i, len(data))
}

func appendEvery2(out, data []byte) []byte {
	for i := 0; i < len(data); i += 2 {
		out = append(out, data[i])
	}
	return out
}

// isUTF16 says whether a sample looks like ASCII in UTF-16.
func isUTF16(data []byte) bool {
	sample := data[:min(len(data), 128)]
	return len(sample) >= 2*minUTF16 && bytes.Count(sample, []byte{0})*5 >= len(sample)*2
}

// pairs maps characters of two bytes, of which the last may lack its second.
type pairs struct{ offset, limit int }

func (p pairs) span(start, end int) (int, int) {
	return min(p.offset+2*start, p.limit), min(p.offset+2*end, p.limit)
}
