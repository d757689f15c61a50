package scanner

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"

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
//
// What is compiled is compiled when the first of its literals turns up: all expressions of the catalogue take
// 30 ms, a short text needs none of them.
type expression struct {
	search   func() *regexp.Regexp
	atStart  func() *regexp.Regexp // for a literal at which each match begins, where the text begins too
	behind   func() *regexp.Regexp // the same, one byte earlier
	shape    func() expressionShape
	group    int
	maxBytes int
	minBits  float64
}

// expressionShape is what the compiled expression is like.
type expressionShape struct {
	size           int64 // instructions: the most steps for one byte
	startsAtAnchor bool  // each match begins with a literal
	needed         byte  // stands in each match, if needsByte
	needsByte      bool
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

// compileRegex checks the expression and leaves its compilation for later, which cannot fail then.
func compileRegex(r *patterns.Regex) (*expression, error) {
	if len(r.Literals) == 0 {
		return nil, errors.New("an expression needs literals")
	}
	expr := r.Source()
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("compile the expression: %w", err)
	}
	e := &expression{
		search: onDemand(expr), atStart: onDemand(`\A(?:` + expr + `)`), behind: onDemand(`\A(?s:.)(?:` + expr + `)`),
		shape:    sync.OnceValue(func() expressionShape { return shapeOf(tree, expr, r.Literals) }),
		maxBytes: r.MaxBytes, minBits: r.MinEntropyBits,
	}
	if e.maxBytes <= 0 {
		e.maxBytes = defaultMaxBytes
	}
	e.maxBytes = min(e.maxBytes, hardMaxBytes)
	if r.Secret != "" {
		if e.group = slices.Index(tree.CapNames(), r.Secret); e.group < 0 {
			return nil, fmt.Errorf("the expression has no group %q", r.Secret)
		}
	}
	return e, nil
}

func onDemand(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

func shapeOf(tree *syntax.Regexp, expr string, literals []string) expressionShape {
	shape := expressionShape{size: instructions(tree), startsAtAnchor: beginsWithLiteral(expr, literals)}
	shape.needed, shape.needsByte = neededByte(tree, literals)
	for _, wrapped := range []string{`\A(?:` + expr + `)`, `\A(?s:.)(?:` + expr + `)`} {
		if _, err := syntax.Parse(wrapped, syntax.Perl); err != nil {
			shape.startsAtAnchor = false // as deep as may be, so that nothing can be put around it
		}
	}
	return shape
}

func instructions(tree *syntax.Regexp) int64 {
	program, _ := syntax.Compile(tree.Simplify()) // its error is always nil
	return int64(len(program.Inst))
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

// window is where an expression is tried next, and how. Its ends are not cut at those of the text.
type window struct {
	look        look
	left, right int
}

// next is where to look for the matches that contain the literal at data[start:end].
func (e *expression) next(start, end int, state *expressionState) window {
	if e.shape().startsAtAnchor && state.anchored <= denseFactor*int64(start)+denseFloor {
		return window{lookAt, start - 1, start + e.maxBytes + 1}
	}
	w := window{lookBy, end - e.maxBytes - 1, end + e.maxBytes + 1}
	switch {
	case end <= state.covered:
		w.look = noLook
	case max(0, w.left) < state.covered:
		w.look = lookFar
		w.right += windowStride * e.maxBytes
	}
	return w
}

// pass remembers of a window that it was looked through.
func (e *expression) pass(data []byte, w window, state *expressionState) {
	right := min(w.right, len(data))
	switch w.look {
	case noLook:
	case lookAt:
		state.anchored += int64(right - max(0, w.left))
	case lookBy, lookFar:
		state.covered = right
		if right < len(data) {
			state.covered = right - e.maxBytes - 1
		}
	}
}

// isSpent says whether the budget of steps is.
func (e *expression) isSpent(data []byte, state *expressionState) bool {
	return state.steps > baseSteps && state.steps > baseSteps+max(stepsPerByte, looksPerByte*e.shape().size)*int64(len(data))
}

// each gives the matches in a window, and remembers that it was looked through.
func (e *expression) each(data []byte, w window, state *expressionState, accept func(found)) {
	e.pass(data, w, state)
	left, right := max(0, w.left), min(w.right, len(data))
	switch w.look {
	case noLook:
	case lookAt:
		e.anchored(data, w.left+1, right, state, accept)
	case lookBy, lookFar:
		e.searchWindow(data, left, right, state, accept)
	}
}

// searchWindow finds the matches in data[left:right], but for those that touch a margin behind which the
// text goes on.
func (e *expression) searchWindow(data []byte, left, right int, state *expressionState, accept func(found)) {
	shape := e.shape()
	if shape.lacks(data[left:right]) {
		state.steps += int64(right - left)
		return
	}
	search, size := e.search(), shape.size
	for at := left; at < right; {
		m := search.FindSubmatchIndex(data[at:right])
		if m == nil {
			state.steps += int64(right-at) * size
			return
		}
		state.steps += int64(min(m[1]+e.maxBytes, right-at)) * size
		if !(m[0] == 0 && at > 0) && !(at+m[1] == right && right < len(data)) {
			e.give(m, at, accept)
		}
		// The last byte of a match stays in view, so that the next one sees its true neighbour.
		at += max(m[1]-1, m[0]+1)
	}
}

// anchored finds the match that begins at start.
func (e *expression) anchored(data []byte, start, right int, state *expressionState, accept func(found)) {
	re, from := e.behind, start-1
	if start == 0 {
		re, from = e.atStart, 0
	}
	window := data[from:right]
	state.steps += int64(len(window)) * e.shape().size
	m := re().FindSubmatchIndex(window)
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
