package scanner

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/keywright/keywright/patterns"
)

// defaultMaxBytes bounds the match of an expression that names no bound; hardMaxBytes bounds them all.
const (
	defaultMaxBytes = 512
	hardMaxBytes    = 64 << 10
)

// windowStride is how many MaxBytes a search runs ahead where literals stand close together, so that the
// work stays linear in the text whatever the number of hits.
const windowStride = 8

// expression matches a patterns.Regex near its literals.
//
// RE2 cannot look behind, so a window begins one byte before the earliest start of a match: \b and ^ see
// the true neighbour, and a match that touches the margin is none.
type expression struct {
	atStart  *regexp.Regexp // tried at the literal when each match begins with it and the text begins there
	behind   *regexp.Regexp // the same, one byte earlier
	search   *regexp.Regexp
	size     int64 // instructions of the compiled expression: the most steps for one byte
	group    int
	maxBytes int
	minBits  float64
}

// expressionState is what one pass remembers of an expression.
type expressionState struct {
	covered  int   // every match that contains a literal ending before this was found
	anchored int64 // bytes of the windows that were tried at literals
	steps    int64 // upper bound of the steps made
}

// The budget of steps of one expression in one text. Ordinary text is far below it; a text that is made to
// be expensive ends the expression's search there, which is reported. An expression so large that one look at
// each byte may cost more than stepsPerByte gets looksPerByte of them: windows overlap by a quarter.
const (
	baseSteps    = 1 << 30
	stepsPerByte = 1 << 12
	looksPerByte = 2
)

// denseFactor and denseFloor say when literals stand so close that one search over the text is cheaper than
// a window at each of them: when the windows are denseFactor times the text gone through.
const (
	denseFactor = 8
	denseFloor  = 64 << 10
)

func compileRegex(r *patterns.Regex) (*expression, error) {
	if len(r.Literals) == 0 {
		return nil, errors.New("an expression needs literals")
	}
	expr := r.Source()
	search, err := regexp.Compile(expr)
	if err != nil {
		return nil, fmt.Errorf("compile the expression: %w", err)
	}
	e := &expression{search: search, maxBytes: r.MaxBytes, minBits: r.MinEntropyBits}
	if e.maxBytes <= 0 {
		e.maxBytes = defaultMaxBytes
	}
	e.maxBytes = min(e.maxBytes, hardMaxBytes)
	if e.size, err = instructions(expr); err != nil {
		return nil, err
	}
	if r.Secret != "" {
		if e.group = search.SubexpIndex(r.Secret); e.group < 0 {
			return nil, fmt.Errorf("the expression has no group %q", r.Secret)
		}
	}
	if beginsWithLiteral(expr, r.Literals) {
		e.atStart = regexp.MustCompile(`\A(?:` + expr + `)`)
		e.behind = regexp.MustCompile(`\A(?s:.)(?:` + expr + `)`)
	}
	return e, nil
}

func instructions(expr string) (int64, error) {
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return 0, fmt.Errorf("parse the expression: %w", err)
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return 0, fmt.Errorf("compile the expression: %w", err)
	}
	return int64(len(program.Inst)), nil
}

// beginsWithLiteral says whether every match begins with one of the literals, case-sensitive ones only.
func beginsWithLiteral(expr string, literals []string) bool {
	prefix, _ := regexp.MustCompile(strings.TrimPrefix(expr, `\b`)).LiteralPrefix()
	for _, l := range literals {
		if strings.HasPrefix(prefix, l) {
			return true
		}
	}
	return false
}

// found is a match of an expression: the whole of it and the secret in it.
type found struct{ start, end, secretStart, secretEnd int }

// each gives every match that contains the literal at data[start:end], and those that a search over a
// wider window found with it. False says that the budget of steps is spent.
func (e *expression) each(data []byte, start, end int, state *expressionState, accept func(found)) bool {
	if state.steps > baseSteps+max(stepsPerByte, looksPerByte*e.size)*int64(len(data)) {
		return false
	}
	if e.atStart != nil && state.anchored <= denseFactor*int64(start)+denseFloor {
		e.anchored(data, start, state, accept)
		return true
	}
	if end <= state.covered {
		return true
	}
	left := max(0, end-e.maxBytes-1)
	right := end + e.maxBytes + 1
	if left < state.covered {
		right += windowStride * e.maxBytes
	}
	right = min(right, len(data))
	state.covered = right
	if right < len(data) {
		state.covered = right - e.maxBytes - 1
	}
	e.searchWindow(data, left, right, state, accept)
	return true
}

// searchWindow finds the matches in data[left:right], but for those that touch a margin behind which the
// text goes on.
func (e *expression) searchWindow(data []byte, left, right int, state *expressionState, accept func(found)) {
	for at := left; at < right; {
		m := e.search.FindSubmatchIndex(data[at:right])
		if m == nil {
			state.steps += int64(right-at) * e.size
			return
		}
		state.steps += int64(min(m[1]+e.maxBytes, right-at)) * e.size
		if !(m[0] == 0 && at > 0) && !(at+m[1] == right && right < len(data)) {
			e.give(m, at, accept)
		}
		// The last byte of a match stays in view, so that the next one sees its true neighbour.
		at += max(m[1]-1, m[0]+1)
	}
}

func (e *expression) anchored(data []byte, start int, state *expressionState, accept func(found)) {
	re, from := e.behind, start-1
	if start == 0 {
		re, from = e.atStart, 0
	}
	window := data[from:min(len(data), start+e.maxBytes+1)]
	state.anchored += int64(len(window))
	state.steps += int64(len(window)) * e.size
	m := re.FindSubmatchIndex(window)
	if m == nil {
		return
	}
	if start > 0 {
		m[0]++
	}
	e.give(m, from, accept)
}

func (e *expression) give(m []int, offset int, accept func(found)) {
	s, t := m[2*e.group], m[2*e.group+1]
	if e.group == 0 {
		s, t = m[0], m[1]
	}
	if m[1]-m[0] > e.maxBytes || s < 0 || s == t {
		return
	}
	accept(found{offset + m[0], offset + m[1], offset + s, offset + t})
}

// shannonBits is the Shannon entropy of text times its length, in bits.
func shannonBits(text []byte) float64 {
	var count [256]int
	for _, c := range text {
		count[c]++
	}
	bits := 0.0
	for _, n := range count {
		if n > 0 {
			bits -= float64(n) * math.Log2(float64(n)/float64(len(text)))
		}
	}
	return bits
}
