package scanner

import (
	"errors"
	"fmt"
	"math"
	"regexp"
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
	group    int
	maxBytes int
	minBits  float64
}

// expressionState is what one pass remembers of an expression.
type expressionState struct {
	covered int // every match that contains a literal ending before this was found
}

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
// wider window found with it.
func (e *expression) each(data []byte, start, end int, state *expressionState, work *int64, accept func(found)) {
	if e.atStart != nil {
		e.anchored(data, start, work, accept)
		return
	}
	if end <= state.covered {
		return
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
	*work += int64(right - left)
	for _, m := range e.search.FindAllSubmatchIndex(data[left:right], -1) {
		if m[0] == 0 && left > 0 || left+m[1] == right && right < len(data) {
			continue
		}
		e.give(m, left, accept)
	}
}

func (e *expression) anchored(data []byte, start int, work *int64, accept func(found)) {
	if start == 0 {
		window := data[:min(len(data), e.maxBytes+1)]
		*work += int64(len(window))
		if m := e.atStart.FindSubmatchIndex(window); m != nil {
			e.give(m, 0, accept)
		}
		return
	}
	window := data[start-1 : min(len(data), start+e.maxBytes+1)]
	*work += int64(len(window))
	if m := e.behind.FindSubmatchIndex(window); m != nil {
		m[0]++
		e.give(m, start-1, accept)
	}
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
