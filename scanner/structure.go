package scanner

import (
	"bytes"
	"fmt"

	"github.com/keywright/keywright/internal/checksum"
	"github.com/keywright/keywright/patterns"
)

// maxOpenRun stands for a part's Max of 0, "no end known": a longer run is not taken for a credential.
const maxOpenRun = 16 << 10

// minAnchor is the shortest literal that the prefilter looks for.
const minAnchor = 3

// maxCombinations bounds the pairs of start and end that a checksum is tried on.
const maxCombinations = 64

// structure matches a patterns.Format around its anchor, the literal that the prefilter found.
//
// left and right are the elements on both sides of the anchor, in the order in which they are walked, so
// left is reversed. The work for one anchor is bounded by the elements' longest lengths.
type structure struct {
	left, right []element
	anchors     []string
	leading     *[256]bool // the byte before the match must not be one of these; nil: any may
	trailing    *[256]bool
	check       checksum.Func
	checkOver   string
	checkLen    int
	free        bool // the prefix is found backwards, see freePrefix
}

// element is one of literals, or a run of an alphabet.
type element struct {
	literals []string
	set      *[256]bool
	min, max int
}

func compileFormat(f *patterns.Format) (*structure, error) {
	elements, err := formatElements(f)
	if err != nil {
		return nil, err
	}
	anchor := anchorOf(elements)
	if anchor < 0 {
		return nil, fmt.Errorf("no part is a literal of at least %d bytes", minAnchor)
	}
	s := &structure{anchors: elements[anchor].literals, right: elements[anchor+1:], free: f.FreePrefix}
	for i := anchor - 1; i >= 0; i-- {
		s.left = append(s.left, elements[i])
	}
	if err := s.compileChecksum(f.Checksum); err != nil {
		return nil, err
	}
	// A checksum that holds needs no boundary: in databases, compiled files and string tables a credential
	// stands right beside other text.
	if f.Boundary && s.check == nil {
		s.compileBoundary(elements)
	}
	return s, nil
}

func formatElements(f *patterns.Format) ([]element, error) {
	var elements []element
	prefixes := f.Prefixes
	if f.Prefix != "" {
		prefixes = []string{f.Prefix}
	}
	if len(prefixes) > 0 {
		elements = append(elements, element{literals: prefixes})
	}
	for _, part := range f.Parts {
		if part.Literal != "" {
			elements = append(elements, element{literals: []string{part.Literal}})
			continue
		}
		set, err := patterns.Alphabet(part.Alphabet)
		if err != nil {
			return nil, err
		}
		longest := part.Max
		if longest == 0 {
			longest = maxOpenRun
		}
		if part.Min < 0 || longest < part.Min {
			return nil, fmt.Errorf("a part of %d to %d bytes cannot be", part.Min, part.Max)
		}
		elements = append(elements, element{set: set, min: part.Min, max: longest})
	}
	return elements, nil
}

// anchorOf is the first element whose literals are all long enough to be looked for, or -1.
func anchorOf(elements []element) int {
	for i, e := range elements {
		long := len(e.literals) > 0
		for _, l := range e.literals {
			long = long && len(l) >= minAnchor
		}
		if long {
			return i
		}
	}
	return -1
}

// literals are the anchors as the prefilter looks for them, a short one with the alphabets of the runs on
// both sides of it.
func (s *structure) literals() []literal {
	out := distinct(s.anchors, false)
	for i := range out {
		if len(out[i].text) == minAnchor {
			out[i].before, out[i].after = neighbour(s.left), neighbour(s.right)
		}
	}
	return out
}

// neighbour is the alphabet of the first of the elements, if that is a run that cannot be empty.
func neighbour(elements []element) byteSet {
	if len(elements) == 0 || elements[0].set == nil || elements[0].min == 0 {
		return byteSet{}
	}
	return setOf(elements[0].set)
}

func (s *structure) compileChecksum(c *patterns.Checksum) error {
	if c == nil {
		return nil
	}
	check, known := checksum.ByName(c.Name)
	if !known {
		return fmt.Errorf("unknown checksum %q", c.Name)
	}
	if c.Over != "all" && c.Over != "body" {
		return fmt.Errorf("a checksum is over all or over body, not over %q", c.Over)
	}
	s.check, s.checkOver, s.checkLen = check, c.Over, c.Length
	return nil
}

// compileBoundary takes the alphabets of the outermost runs: a literal at the edge stands next to one.
func (s *structure) compileBoundary(elements []element) {
	for i := range elements {
		if elements[i].set != nil {
			s.trailing = elements[i].set
			if s.leading == nil && !s.free {
				s.leading = elements[i].set
			}
		}
	}
}

// matchBuffers are used from match to match.
type matchBuffers struct{ starts, ends [2][]interval }

// match finds the span around the anchor at data[start:end]. For an alternative of several starts or ends
// the longest that holds is taken.
func (s *structure) match(data []byte, start, end int, b *matchBuffers, work *int64) (from, to int, ok bool) {
	if len(s.left) == 0 && !boundaryBefore(data, start, s.leading) {
		return 0, 0, false
	}
	ends := s.walk(data, s.right, end, forward, &b.ends, work)
	if len(ends) == 0 {
		return 0, 0, false
	}
	starts := s.walk(data, s.left, start, backward, &b.starts, work)
	if s.free {
		starts = freePrefixes(data, starts, work)
	}
	return s.choose(data, starts, ends, start, work)
}

// choose tries starts from the left and ends from the right.
func (s *structure) choose(data []byte, starts, ends []interval, anchor int, work *int64) (from, to int, ok bool) {
	tries := 0
	for i := range starts {
		for from = starts[i].lo; from <= starts[i].hi; from++ {
			if !boundaryBefore(data, from, s.leading) {
				continue
			}
			for j := len(ends) - 1; j >= 0; j-- {
				for to = ends[j].hi; to >= ends[j].lo; to-- {
					if tries++; tries > maxCombinations {
						return 0, 0, false
					}
					if full, holds := s.holds(data, from, to, anchor, work); holds {
						return from, full, true
					}
				}
			}
		}
	}
	return 0, 0, false
}

// holds tests the checksum that follows data[from:to] and the boundary behind it.
func (s *structure) holds(data []byte, from, to, anchor int, work *int64) (end int, ok bool) {
	end = to + s.checkLen
	if end > len(data) || end < len(data) && s.trailing != nil && s.trailing[data[end]] {
		return 0, false
	}
	if s.check == nil {
		return end, true
	}
	covered := from
	if s.checkOver == "body" {
		covered = s.bodyStart(data, from, anchor)
	}
	*work += int64(to - covered)
	return end, s.check(string(data[covered:to]), s.checkLen) == string(data[to:end])
}

// bodyStart is where the checksum's cover begins: behind the prefix.
func (s *structure) bodyStart(data []byte, from, anchor int) int {
	if len(s.left) > 0 {
		last := s.left[len(s.left)-1]
		for _, l := range last.literals {
			if bytes.HasPrefix(data[from:], []byte(l)) {
				return from + len(l)
			}
		}
		return from
	}
	for _, a := range s.anchors {
		if bytes.HasPrefix(data[anchor:], []byte(a)) {
			return anchor + len(a)
		}
	}
	return from
}

// boundaryBefore says whether a match may begin at i: the byte before is not of the alphabet, or it only
// ends an escape (`\n`, `%3D`, `\u003d`, a terminal's colour), so that it is no part of a longer run.
func boundaryBefore(data []byte, i int, alphabet *[256]bool) bool {
	if i == 0 || alphabet == nil || !alphabet[data[i-1]] {
		return true
	}
	before := data[max(0, i-8):i]
	n := len(before)
	switch {
	case n >= 2 && before[n-2] == '\\' && bytes.IndexByte([]byte("nrtbfv0"), before[n-1]) >= 0:
		return true
	case n >= 3 && before[n-3] == '%' && isHex(before[n-2:]):
		return true
	case n >= 4 && before[n-4] == '\\' && before[n-3] == 'x' && isHex(before[n-2:]):
		return true
	case n >= 6 && before[n-6] == '\\' && before[n-5] == 'u' && isHex(before[n-4:]):
		return true
	case before[n-1] == 'm' && bytes.Contains(before, []byte("\x1b[")):
		return true
	}
	return false
}

func isHex(text []byte) bool {
	for _, c := range text {
		digit := '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
		if !digit {
			return false
		}
	}
	return true
}
