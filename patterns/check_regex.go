package patterns

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
)

// check also computes MaxBytes when it is left out and the expression has an end.
func (r *Regex) check() []string {
	tree, err := syntax.Parse(r.Source(), syntax.Perl)
	if err != nil {
		return []string{fmt.Sprintf("expr is no RE2: %v", err)}
	}
	if r.Secret != "" && !slices.Contains(tree.CapNames(), r.Secret) {
		return []string{fmt.Sprintf("expr has no group (?P<%s>…)", r.Secret)}
	}
	out := r.checkLiterals(tree)
	most := longest(tree)
	switch {
	case r.MaxBytes == 0 && most == unbounded:
		out = append(out, "expr has no end: give repetitions one, as {1,200}, or set max_bytes; a longer match is then not reported")
	case r.MaxBytes == 0:
		r.MaxBytes = most
	case most > r.MaxBytes:
		out = append(out, fmt.Sprintf("expr matches up to %d bytes, max_bytes says %d", most, r.MaxBytes))
	}
	if r.MaxBytes > maxMatchBytes {
		out = append(out, fmt.Sprintf("matches may have %d bytes, the cap is %d", r.MaxBytes, maxMatchBytes))
	}
	return out
}

func (r *Regex) checkLiterals(tree *syntax.Regexp) []string {
	var out []string
	if len(r.Literals) == 0 {
		out = append(out, "regex needs literals: texts of which each match contains one")
	}
	lower := make([]string, len(r.Literals))
	for i, literal := range r.Literals {
		lower[i] = literal
		if r.FoldCase {
			lower[i] = strings.ToLower(literal)
		}
		if len(literal) < minLiteralBytes || !printable(literal) && !printable(strings.ReplaceAll(literal, " ", "")) {
			out = append(out, fmt.Sprintf("literal %q: printable ASCII, %d bytes or more", literal, minLiteralBytes))
		}
	}
	if len(out) == 0 && !requires(tree, lower, r.FoldCase) {
		out = append(out, fmt.Sprintf("a match need not contain any of the literals %q: findings would be lost", r.Literals))
	}
	return out
}
