package patterns

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

// catalogueJSON is catalogue/*.yaml, checked and written as JSON by this package's tests (-update): reading
// the YAML takes 50 ms, this takes 4, and each run of a hook pays it.
//
//go:embed catalogue.json
var catalogueJSON []byte

// catalogueFile is what catalogue.json holds.
type catalogueFile struct {
	Version  string
	Patterns []*Pattern
}

// Builtin is the catalogue that is part of the program, read once. The set is shared: read only.
//
// It was checked when catalogue.json was written, and the bytes cannot change after that.
func Builtin() (*Set, error) { return builtin() }

var builtin = sync.OnceValues(readBuiltin)

func readBuiltin() (*Set, error) {
	var file catalogueFile
	if err := json.Unmarshal(catalogueJSON, &file); err != nil {
		return nil, fmt.Errorf("read the built-in catalogue: %w", err)
	}
	return NewSet(file.Version, file.Patterns...)
}
