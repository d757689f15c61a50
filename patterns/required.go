package patterns

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSpelled bounds how many texts the end of a match is spelled out into.
const maxSpelled = 1024

// enoughCopies of a repetition are spelled out: they complete any literal that is made of them.
const enoughCopies = 8

// unbounded is the length of an expression that has no end.
const unbounded = -1

// requires proves that each match of re contains one of literals: the prefilter tries an expression only
// around them, so one that is not required loses findings. False means only that no proof was found.
//
// fold: literals are in lower case and count in any case.
func requires(re *syntax.Regexp, literals []string, fold bool) bool {
	p := prover{literals: literals, fold: fold}
	for _, literal := range literals {
		p.memory = max(p.memory, len(literal)-1)
	}
	return len(p.extend([]string{""}, re)) == 0
}

// prover walks an expression from left to right with the tails: what the texts that hold no literal so far
// may end in, as far as a literal could begin there. Tails that complete a literal are dropped, so a proof is
// an empty list. The tail "" stands for every text.
type prover struct {
	literals []string
	fold     bool
	memory   int // bytes of a tail that can still become part of a literal
}

// extend is what tails become behind re.
func (p *prover) extend(tails []string, re *syntax.Regexp) []string {
	if len(tails) == 0 {
		return nil
	}
	switch re.Op {
	case syntax.OpLiteral:
		return p.literal(tails, re)
	case syntax.OpCharClass:
		return p.class(tails, re)
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return tails
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			tails = p.extend(tails, sub)
		}
		return tails
	case syntax.OpAlternate:
		var out []string
		for _, sub := range re.Sub {
			out = append(out, p.extend(tails, sub)...)
		}
		return p.trim(out)
	case syntax.OpQuest:
		return p.trim(slices.Concat(tails, p.extend(tails, re.Sub[0])))
	case syntax.OpPlus:
		return forget(p.extend(tails, re.Sub[0]))
	case syntax.OpRepeat:
		return p.repeat(tails, re)
	default: // star, any character, no match
		return []string{""}
	}
}

// forget is what is left of tails behind a text that may be anything.
func forget(tails []string) []string {
	if len(tails) == 0 {
		return nil
	}
	return []string{""}
}

func (p *prover) literal(tails []string, re *syntax.Regexp) []string {
	text := string(re.Rune)
	if p.fold {
		text = strings.ToLower(text)
	} else if re.Flags&syntax.FoldCase != 0 && strings.ToLower(text) != strings.ToUpper(text) {
		return []string{""}
	}
	return p.join(tails, []string{text})
}

func (p *prover) class(tails []string, re *syntax.Regexp) []string {
	var texts []string
	for i := 0; i+1 < len(re.Rune); i += 2 {
		if re.Rune[i+1]-re.Rune[i] >= maxSpelled {
			return []string{""}
		}
		for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
			text := string(r)
			if p.fold {
				text = strings.ToLower(text)
			}
			texts = append(texts, text)
		}
	}
	return p.join(tails, texts)
}

func (p *prover) repeat(tails []string, re *syntax.Regexp) []string {
	if re.Min == 0 {
		return []string{""}
	}
	for range min(re.Min, enoughCopies) {
		tails = p.extend(tails, re.Sub[0])
	}
	if re.Max == re.Min && re.Min <= enoughCopies {
		return tails
	}
	return forget(tails)
}

func (p *prover) join(tails, texts []string) []string {
	if len(tails)*len(texts) > maxSpelled*maxSpelled {
		return []string{""}
	}
	out := make([]string, 0, len(tails)*len(texts))
	for _, tail := range tails {
		for _, text := range texts {
			if joined := tail + text; !p.holds(joined) {
				out = append(out, joined)
			}
		}
	}
	return p.trim(out)
}

func (p *prover) holds(text string) bool {
	return slices.ContainsFunc(p.literals, func(literal string) bool { return strings.Contains(text, literal) })
}

// trim keeps of each tail what a literal could begin with, and the list small.
func (p *prover) trim(tails []string) []string {
	for i, tail := range tails {
		tails[i] = tail[max(0, len(tail)-p.memory):]
	}
	slices.Sort(tails)
	if tails = slices.Compact(tails); len(tails) > maxSpelled {
		return []string{""}
	}
	return tails
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
