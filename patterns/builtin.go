package patterns

import "sync"

// Builtin is the catalogue that is part of the program. The set is shared: read only.
//
// It is catalogue/*.yaml, checked and written as a table in Go by this package's tests (-update): the compiler lays
// it out as data, so that nothing is left to do at the start of a hook. Reading the YAML took 50 ms, JSON 4.
func Builtin() (*Set, error) { return builtin() }

var builtin = sync.OnceValues(readBuiltin)

func readBuiltin() (*Set, error) {
	all := make([]*Pattern, len(builtinPatterns))
	for i := range builtinPatterns {
		all[i] = &builtinPatterns[i]
	}
	return NewSet(builtinVersion, all...)
}
