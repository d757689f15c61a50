package cmdio

import (
	"errors"

	"github.com/keywright/keywright/patterns"
)

// Patterns is the built-in catalogue with the user's rules over it. A rules file with a problem is an error:
// a scan never goes on as if it ran.
func Patterns(rules []string) (*patterns.Set, error) {
	set, err := patterns.Builtin()
	if err != nil || len(rules) == 0 {
		return set, err
	}
	users, problems, err := patterns.Load(rules)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		var all []error
		for _, problem := range problems {
			all = append(all, problem)
		}
		return nil, WithHint(errors.Join(all...), "'keywright rules check PATH' tries the rules on their own examples; docs/pattern-format.md describes the format")
	}
	return patterns.Merge(set, users)
}
