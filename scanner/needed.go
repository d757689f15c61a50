package scanner

import (
	"bytes"
	"regexp/syntax"
	"unicode/utf8"
)

// neededByte is a byte that stands in each match of the expression and in none of its literals, so that a
// window without it holds no match; known is false when the expression does not tell one.
//
// Of several the first one that is neither letter nor digit is taken: text holds fewer of those.
func neededByte(tree *syntax.Regexp, literals []string) (needed byte, known bool) {
	var common byteSet // of what every match contains anyway, the literals tell nothing new
	for _, l := range literals {
		for i := range len(l) {
			common.add(l[i])
		}
	}
	set := needs(tree)
	for c := range set.members {
		b := byte(c) //nolint:gosec // below 256
		if common.has(b) {
			continue
		}
		if !isName([]byte{b}) {
			return b, true
		}
		if !known {
			needed, known = b, true
		}
	}
	return needed, known
}

// needs are the ASCII bytes that stand in each match of re; some of them, where that is hard to say.
func needs(re *syntax.Regexp) byteSet {
	var out byteSet
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r < utf8.RuneSelf && (re.Flags&syntax.FoldCase == 0 || !isName([]byte(string(r)))) {
				out.add(byte(r)) //nolint:gosec // ASCII
			}
		}
	case syntax.OpCharClass:
		if len(re.Rune) == 2 && re.Rune[0] == re.Rune[1] && re.Rune[0] < utf8.RuneSelf {
			out.add(byte(re.Rune[0])) //nolint:gosec // ASCII
		}
	case syntax.OpConcat, syntax.OpCapture, syntax.OpPlus:
		for _, sub := range re.Sub {
			out.join(needs(sub))
		}
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needs(re.Sub[0])
		}
	case syntax.OpAlternate:
		out = needs(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			out.meet(needs(sub))
		}
	default: // what may match the empty text, and any-character: nothing for certain
	}
	return out
}

func (s *byteSet) join(o byteSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

func (s *byteSet) meet(o byteSet) {
	for i := range s {
		s[i] &= o[i]
	}
}

// lacks says whether window cannot hold a match.
func (s *expressionShape) lacks(window []byte) bool {
	return s.needsByte && bytes.IndexByte(window, s.needed) < 0
}
