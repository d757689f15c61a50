package patterns

import (
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSpelled bounds how many texts a stretch of an expression is spelled out into.
const maxSpelled = 1024

// unbounded is the length of an expression that has no end.
const unbounded = -1

// requires proves that each match of re contains one of literals: the prefilter tries an expression only
// around them, so one that is not required loses findings. False means only that no proof was found.
//
// fold: literals are in lower case and count in any case.
func requires(re *syntax.Regexp, literals []string, fold bool) bool {
	p := prover{literals: literals, fold: fold}
	return p.sequence([]*syntax.Regexp{re}).proved
}

// prover spells an expression out from left to right, as far as it is a finite set of texts, and looks for
// the literals in each of them.
type prover struct {
	literals []string
	fold     bool
}

// stretch is what a part of an expression can be: one of texts when known, anything otherwise.
type stretch struct {
	texts  []string
	known  bool
	proved bool // each match of this part holds a literal
}

func anything() stretch { return stretch{} }
func only(texts ...string) stretch {
	return stretch{texts: texts, known: true}
}

func (p *prover) stretch(re *syntax.Regexp) stretch {
	switch re.Op {
	case syntax.OpLiteral:
		return p.literal(re)
	case syntax.OpCharClass:
		return p.class(re)
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return only("")
	case syntax.OpConcat, syntax.OpCapture, syntax.OpPlus, syntax.OpRepeat:
		return p.group(re)
	case syntax.OpAlternate:
		return p.alternatives(re.Sub)
	case syntax.OpQuest:
		return p.alternatives([]*syntax.Regexp{re.Sub[0], {Op: syntax.OpEmptyMatch}})
	default: // star, any character, no match
		return anything()
	}
}

// group is a sequence of its own; a repetition that may be left out says nothing.
func (p *prover) group(re *syntax.Regexp) stretch {
	if re.Op == syntax.OpRepeat && re.Min == 0 {
		return anything()
	}
	return p.sequence([]*syntax.Regexp{re})
}

func (p *prover) literal(re *syntax.Regexp) stretch {
	text := string(re.Rune)
	if p.fold {
		return p.judge(only(strings.ToLower(text)))
	}
	if re.Flags&syntax.FoldCase != 0 && strings.ToLower(text) != strings.ToUpper(text) {
		return anything()
	}
	return p.judge(only(text))
}

func (p *prover) class(re *syntax.Regexp) stretch {
	seen := map[string]bool{}
	var texts []string
	for i := 0; i+1 < len(re.Rune); i += 2 {
		if re.Rune[i+1]-re.Rune[i] > maxSpelled {
			return anything()
		}
		for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
			text := string(r)
			if p.fold {
				text = strings.ToLower(text)
			}
			if !seen[text] {
				seen[text] = true
				texts = append(texts, text)
			}
		}
	}
	return only(texts...)
}

// judge marks a stretch whose every text holds a literal.
func (p *prover) judge(s stretch) stretch {
	if !s.known || s.proved {
		return s
	}
	for _, text := range s.texts {
		if !p.holds(text) {
			return s
		}
	}
	s.proved = len(s.texts) > 0
	return s
}

func (p *prover) holds(text string) bool {
	for _, literal := range p.literals {
		if strings.Contains(text, literal) {
			return true
		}
	}
	return false
}

// sequence: the texts of neighbours join until they get too many; then the tail starts anew.
func (p *prover) sequence(subs []*syntax.Regexp) stretch {
	run, whole := only(""), true
	for _, sub := range flatten(nil, subs) {
		next := p.stretch(sub)
		if next.proved {
			return stretch{proved: true}
		}
		joined, ok := join(run, next)
		if !ok {
			whole = false
			if joined = next; !next.known {
				joined = only("")
			}
		}
		if run = p.judge(joined); run.proved {
			return stretch{proved: true}
		}
	}
	run.known = whole
	return run
}

// flatten writes groups and the copies that a repetition must have as neighbours, so that a literal may span
// them. A few copies are enough to complete one; what more there may be is a star.
func flatten(out, subs []*syntax.Regexp) []*syntax.Regexp {
	const enough = 8
	star := &syntax.Regexp{Op: syntax.OpStar}
	for _, sub := range subs {
		switch {
		case sub.Op == syntax.OpCapture || sub.Op == syntax.OpConcat:
			out = flatten(out, sub.Sub)
		case sub.Op == syntax.OpPlus:
			out = append(flatten(out, sub.Sub), star)
		case sub.Op == syntax.OpRepeat && sub.Min > 0:
			for range min(sub.Min, enough) {
				out = flatten(out, sub.Sub)
			}
			if sub.Max != sub.Min || sub.Min > enough {
				out = append(out, star)
			}
		default:
			out = append(out, sub)
		}
	}
	return out
}

func join(a, b stretch) (stretch, bool) {
	if !a.known || !b.known || len(a.texts)*len(b.texts) > maxSpelled {
		return stretch{}, false
	}
	texts := make([]string, 0, len(a.texts)*len(b.texts))
	for _, left := range a.texts {
		for _, right := range b.texts {
			texts = append(texts, left+right)
		}
	}
	return only(texts...), true
}

func (p *prover) alternatives(subs []*syntax.Regexp) stretch {
	out := stretch{known: true, proved: true}
	for _, sub := range subs {
		s := p.stretch(sub)
		out.known = out.known && s.known
		out.proved = out.proved && s.proved
		out.texts = append(out.texts, s.texts...)
	}
	if len(out.texts) > maxSpelled {
		out.known = false
	}
	return out
}

// longest is the length in bytes of re's longest match, or unbounded.
func longest(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return literalBytes(re)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return classBytes(re)
	case syntax.OpStar, syntax.OpPlus:
		return unbounded
	case syntax.OpRepeat:
		if re.Max < 0 {
			return unbounded
		}
		return times(re.Max, longest(re.Sub[0]))
	case syntax.OpAlternate:
		return longestOf(re.Sub)
	default: // concat, capture, quest, empty widths
		return sumOf(re.Sub)
	}
}

// literalBytes counts the longest spelling: in any case, k and s also stand for letters of three and two bytes.
func literalBytes(re *syntax.Regexp) int {
	n := 0
	for _, r := range re.Rune {
		most := utf8.RuneLen(r)
		for f := unicode.SimpleFold(r); re.Flags&syntax.FoldCase != 0 && f != r; f = unicode.SimpleFold(f) {
			most = max(most, utf8.RuneLen(f))
		}
		n += most
	}
	return n
}

func classBytes(re *syntax.Regexp) int {
	if re.Op == syntax.OpCharClass && len(re.Rune) > 0 {
		return utf8.RuneLen(re.Rune[len(re.Rune)-1])
	}
	return utf8.UTFMax
}

func times(n, length int) int {
	if length == unbounded {
		return unbounded
	}
	return n * length
}

func longestOf(subs []*syntax.Regexp) int {
	most := 0
	for _, sub := range subs {
		n := longest(sub)
		if n == unbounded {
			return unbounded
		}
		most = max(most, n)
	}
	return most
}

func sumOf(subs []*syntax.Regexp) int {
	sum := 0
	for _, sub := range subs {
		n := longest(sub)
		if n == unbounded {
			return unbounded
		}
		sum += n
	}
	return sum
}
