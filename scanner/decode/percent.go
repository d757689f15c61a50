package decode

import "bytes"

// maxToken bounds the text around a percent escape that is decoded with it.
const maxToken = 64 << 10

// percent decodes the tokens, texts without white space and quotes, that hold a percent escape.
func (w *walker) percent(data []byte, parent *Piece, depth int) {
	for i := 0; i < len(data); {
		next := bytes.IndexByte(data[i:], '%')
		if next < 0 {
			return
		}
		at := i + next
		if !isEscape(data, at) {
			i = at + 1
			continue
		}
		start, end := tokenAround(data, at, i)
		i = end
		if end-start < MinRun {
			continue
		}
		if !w.take("percent", int64(end-start)) {
			return
		}
		decoded, place := unescape(data, start, end)
		w.give(child(parent, "percent", decoded, place), depth)
	}
}

func isEscape(data []byte, at int) bool {
	return at+2 < len(data) && data[at] == '%' && classes[data[at+1]]&classHex != 0 && classes[data[at+2]]&classHex != 0
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

func unescape(data []byte, start, end int) ([]byte, *escapes) {
	out := make([]byte, 0, end-start)
	place := &escapes{offset: start}
	for i := start; i < end; i++ {
		if i+2 < end && isEscape(data, i) {
			place.at = append(place.at, len(out))
			out = append(out, nibble(data[i+1])<<4|nibble(data[i+2]))
			i += 2
			continue
		}
		out = append(out, data[i])
	}
	return out, place
}

// escapes maps the bytes of a text in which some are written in three.
type escapes struct {
	offset int
	at     []int // decoded offsets of the escapes, ascending
}

func (e *escapes) span(start, end int) (int, int) {
	return e.outer(start), e.outer(end)
}

// outer is where the decoded byte n begins: two more for each escape before it.
func (e *escapes) outer(n int) int {
	lo, hi := 0, len(e.at)
	for lo < hi {
		mid := (lo + hi) / 2
		if e.at[mid] < n {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return e.offset + n + 2*lo
}
