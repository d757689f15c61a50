package scanner_test

import (
	"context"
	"encoding/base64"
	"reflect"
	"testing"

	"github.com/keywright/keywright/scanner"
)

// FuzzScanBytes promises: never panics; spans lie in the blob; a second scan gives the same; a secret that is
// not decoded stands at its span.
func FuzzScanBytes(f *testing.F) {
	key := mint(f, own(), "fuzz")
	for _, seed := range []string{
		"", key, "k: " + base64.StdEncoding.EncodeToString([]byte(key)), "password=correct-horse-9", utf16le(key),
		"plk_live_" + "aB3dEfGh1JkLmN0pQrStUvW", "keyedcorp secret=" + hexOf("x"), "1234567890:BOT" + key, "%41" + key,
	} {
		f.Add([]byte(seed))
	}
	s := newScanner(f, scanner.Options{NoFingerprints: true})
	f.Fuzz(func(t *testing.T, data []byte) {
		findings, _ := s.ScanBytes(context.Background(), scanner.Blob{Data: data})
		for _, found := range findings {
			for _, at := range append(found.Locations, found.Location) {
				span := at.Span
				if span.Start < 0 || span.Start >= span.End || span.End > int64(len(data)) || span.Line < 1 || span.Column < 1 || span.EndLine < span.Line {
					t.Fatalf("%s: span %+v of %d bytes", found.Pattern, span, len(data))
				}
			}
			span := found.Location.Span
			if len(found.Decoded) == 0 && !found.Secret.Equal(secretOf(string(data[span.Start:span.End]))) {
				t.Fatalf("%s: another text stands at its span", found.Pattern)
			}
		}
		again, _ := s.ScanBytes(context.Background(), scanner.Blob{Data: data})
		if len(again) != len(findings) {
			t.Fatalf("%d findings, then %d", len(findings), len(again))
		}
		for i := range again {
			if !reflect.DeepEqual(again[i].Location, findings[i].Location) || again[i].Pattern != findings[i].Pattern {
				t.Fatalf("finding %d differs", i)
			}
		}
	})
}
