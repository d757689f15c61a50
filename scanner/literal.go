package scanner

// literal is a text that the prefilter looks for.
type literal struct {
	text string
	fold bool // any case, ASCII only
	// before and after are what the bytes around the literal are, for a short one of which that is known: text
	// is full of three bytes in a row. The zero value: any byte, or none.
	before, after byteSet
}

// name tells literals apart: by text, case and neighbours.
func (l *literal) name() string {
	name := l.text
	if l.fold {
		name += " (any case)"
	}
	if l.before != (byteSet{}) {
		name += " behind " + l.before.ranges()
	}
	if l.after != (byteSet{}) {
		name += " before " + l.after.ranges()
	}
	return name
}

// standsAt says whether the literal, with what must follow it, stands at data[start:].
func (l *literal) standsAt(data []byte, start int) bool {
	end := start + len(l.text)
	if end > len(data) || len(l.text) == minAnchor && !l.hasNeighbours(data, start, end) {
		return false
	}
	if !l.fold {
		return string(data[start:end]) == l.text
	}
	for i := range len(l.text) {
		if foldByte(data[start+i]) != foldByte(l.text[i]) {
			return false
		}
	}
	return true
}

func (l *literal) hasNeighbours(data []byte, start, end int) bool {
	if l.before != (byteSet{}) && (start == 0 || !l.before.has(data[start-1])) {
		return false
	}
	return l.after == (byteSet{}) || end < len(data) && l.after.has(data[end])
}

// at are the bytes that may stand at the literal's n-th place.
func (l *literal) at(n int) byteSet {
	var s byteSet
	c := l.text[n]
	s.add(c)
	if l.fold && 'a' <= c|0x20 && c|0x20 <= 'z' {
		s.add(c ^ 0x20)
	}
	return s
}

func foldByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
