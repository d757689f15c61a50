package scanner_test

import (
	"context"
	"fmt"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// A program that scans text of its own: nothing but the catalogue and the engine is linked.
func ExampleScanner_ScanBytes() {
	set, err := patterns.Builtin()
	if err != nil {
		panic(err)
	}
	s, err := scanner.New(set, scanner.Options{})
	if err != nil {
		panic(err)
	}
	own, _ := set.ByID(patterns.OwnID)
	key, err := patterns.Mint(own, "example") // a synthetic key, so that none is stored here
	if err != nil {
		panic(err)
	}
	findings, _ := s.ScanBytes(context.Background(), scanner.Blob{Data: []byte("API_KEY=" + key + "\n")})
	for _, f := range findings {
		fmt.Println(f.Pattern, f.Family, "line", f.Location.Span.Line, "column", f.Location.Span.Column)
	}
	// Output: keywright.key acme_mint line 1 column 9
}
