package scanner

import (
	"errors"
	"fmt"
	"sync"

	"github.com/keywright/keywright/patterns"
)

// ErrNoPatterns says that a scanner was asked for that has nothing to look for: its scans would all be clean.
var ErrNoPatterns = errors.New("no patterns to scan with")

// program is a set of patterns in the form that runs: one prefilter for all literals, one matcher each.
type program struct {
	prefilter prefilter
	literals  []literal
	margin    int     // how far a literal with the bytes that decide about it reaches over a place inside it
	owners    [][]int // by literal: the rules to try
	rules     []*rule
}

// rule is one pattern with its matcher. Exactly one of structure and expression is set.
type rule struct {
	pattern    *patterns.Pattern
	structure  *structure
	expression *expression
	keywords   func() *automaton // made when first asked; nil: none needed
	canary     bool              // the scanner's own, never reported
}

func compile(all []*patterns.Pattern) (*program, error) {
	p, literals, err := compileRules(all)
	if err != nil {
		return nil, err
	}
	p.prefilter, p.literals, p.margin = newRareWindows(literals), literals, marginOf(literals)
	return p, nil
}

// marginOf is the longest literal but one byte; of a short one, of which the neighbours decide too, all.
func marginOf(literals []literal) int {
	margin := minAnchor
	for i := range literals {
		margin = max(margin, len(literals[i].text)-1)
	}
	return margin
}

// compileRules makes a program but for its prefilter, and the literals for that.
func compileRules(all []*patterns.Pattern) (*program, []literal, error) {
	p := &program{}
	numbers := map[literal]int{}
	var literals []literal
	for _, pattern := range all {
		r, own, err := compileRule(pattern)
		if err != nil {
			return nil, nil, fmt.Errorf("pattern %s: %w", pattern.ID, err)
		}
		for _, l := range own {
			n, known := numbers[l]
			if !known {
				n = len(literals)
				numbers[l] = n
				literals = append(literals, l)
				p.owners = append(p.owners, nil)
			}
			p.owners[n] = append(p.owners[n], len(p.rules))
		}
		p.rules = append(p.rules, r)
	}
	return p, literals, nil
}

func compileRule(pattern *patterns.Pattern) (*rule, []literal, error) {
	r := &rule{pattern: pattern, keywords: keywordAutomaton(pattern.Keywords)}
	switch {
	case pattern.Format != nil && pattern.Regex == nil:
		s, err := compileFormat(pattern.Format)
		if err != nil {
			return nil, nil, err
		}
		r.structure = s
		return r, s.literals(), nil
	case pattern.Regex != nil && pattern.Format == nil:
		e, err := compileRegex(pattern.Regex)
		if err != nil {
			return nil, nil, err
		}
		r.expression = e
		for _, l := range pattern.Regex.Literals {
			if len(l) < minAnchor {
				return nil, nil, fmt.Errorf("the literal %q is shorter than %d bytes", l, minAnchor)
			}
		}
		return r, distinct(pattern.Regex.Literals, pattern.Regex.FoldCase), nil
	}
	return nil, nil, errors.New("exactly one of format and regex is needed")
}

func distinct(texts []string, fold bool) []literal {
	seen := map[string]bool{}
	var out []literal
	for _, t := range texts {
		if !seen[t] {
			seen[t] = true
			out = append(out, literal{text: t, fold: fold})
		}
	}
	return out
}

func keywordAutomaton(keywords []string) func() *automaton {
	if len(keywords) == 0 {
		return nil
	}
	return sync.OnceValue(func() *automaton { return newAutomaton(distinct(keywords, true)) })
}
