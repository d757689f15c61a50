package scanner_test

import (
	"context"
	"strings"
	"testing"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

func TestAMatchBelongsToThePartInWhichItBegins(t *testing.T) {
	t.Parallel()
	key := mint(t, own(), "part")
	set, err := patterns.NewSet("test", own())
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{NoFingerprints: true})
	if err != nil {
		t.Fatal(err)
	}
	data := []byte("rest of a line\n" + key + "\nmore")
	at := strings.IndexByte(string(data), '\n') + 1
	for _, test := range []struct {
		name       string
		start, end int
		found      bool
	}{
		{"it begins with the own stretch", at, at + 1, true},
		{"it begins before it", at + 1, len(data), false},
		{"it begins behind it", 0, at, false},
		{"all is its own", 0, len(data), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			part := &scanner.Part{Start: 1000, Line: 7, LineStart: 990, OwnStart: test.start, OwnEnd: test.end}
			findings, _ := s.ScanBytes(context.Background(), scanner.Blob{Data: data, Part: part})
			if len(findings) == 1 != test.found {
				t.Fatalf("%d findings", len(findings))
			}
			if !test.found {
				return
			}
			want := scanner.Span{Start: int64(1000 + at), End: int64(1000 + at + len(key)), Line: 8, Column: 1, EndLine: 8, EndColumn: 1 + len(key)}
			if got := findings[0].Location.Span; got != want {
				t.Errorf("span %+v, want %+v", got, want)
			}
		})
	}
	t.Run("in the first line of its data the column counts from the line's start", func(t *testing.T) {
		t.Parallel()
		part := &scanner.Part{Start: 1000, Line: 7, LineStart: 990, OwnEnd: len(key)}
		findings, _ := s.ScanBytes(context.Background(), scanner.Blob{Data: []byte(key), Part: part})
		if len(findings) != 1 || findings[0].Location.Span.Line != 7 || findings[0].Location.Span.Column != 11 {
			t.Errorf("findings %v", len(findings))
		}
	})
}
