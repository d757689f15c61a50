package scanner_test

import (
	"context"
	"fmt"
	"iter"

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

// lines is a Source that a program makes of its own data: here each line is a blob.
type lines []string

func (l lines) Blobs(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		for n, text := range l {
			blob := scanner.Blob{Data: []byte(text), Location: scanner.Location{Path: fmt.Sprintf("message %d", n+1)}}
			if ctx.Err() != nil || !yield(blob, nil) {
				return
			}
		}
	}
}

// printer is a Sink that shows where the secrets stand and never the secrets.
type printer struct{}

func (printer) Started(scanner.Start) error { return nil }
func (printer) Finding(f scanner.Finding) error {
	fmt.Println(f.Pattern, "in", f.Location.Path, "and in", len(f.Locations), "more")
	return nil
}
func (printer) Skipped(s scanner.Skip) error { fmt.Println("not scanned:", s.Error()); return nil }
func (printer) Done(s scanner.Summary) error {
	fmt.Println(s.Findings, "found, complete:", s.Complete)
	return nil
}

// A program that brings its own Source and Sink.
func ExampleScanner_Scan() {
	set, err := patterns.Builtin()
	if err != nil {
		panic(err)
	}
	s, err := scanner.New(set, scanner.Options{})
	if err != nil {
		panic(err)
	}
	own, _ := set.ByID(patterns.OwnID)
	key, err := patterns.Mint(own, "example")
	if err != nil {
		panic(err)
	}
	if _, err := s.Scan(context.Background(), lines{"use " + key, "nothing here", "again: " + key}, printer{}); err != nil {
		panic(err)
	}
	// Output:
	// keywright.key in message 1 and in 1 more
	// 1 found, complete: true
}
