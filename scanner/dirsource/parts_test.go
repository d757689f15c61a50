package dirsource

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// found is what a scan says.
type found struct {
	places []string
	skips  []scanner.Skip
	sum    scanner.Summary
}

func (f *found) Started(scanner.Start) error        { return nil }
func (f *found) Skipped(s scanner.Skip) error       { f.skips = append(f.skips, s); return nil }
func (f *found) Done(summary scanner.Summary) error { f.sum = summary; return nil }
func (f *found) Finding(finding scanner.Finding) error {
	f.add(&finding)
	return nil
}

func (f *found) add(finding *scanner.Finding) {
	for _, at := range append([]scanner.Location{finding.Location}, finding.Locations...) {
		f.places = append(f.places, fmt.Sprintf("%s %s %q %+v", finding.Pattern, finding.Redacted, at.Allowed, at.Span))
	}
}

// ownPattern is that of our own keys: it has a checksum, so that nothing is found by chance.
func ownPattern(t *testing.T) (*patterns.Pattern, *scanner.Scanner) {
	t.Helper()
	set, err := patterns.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{NoFingerprints: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range set.All() {
		if p.ID == "keywright.key" {
			return p, s
		}
	}
	t.Fatal("there is no such pattern")
	return nil, nil
}

// scannerOf scans for one pattern.
func scannerOf(t *testing.T, p *patterns.Pattern) *scanner.Scanner {
	t.Helper()
	set, err := patterns.NewSet("test", p)
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{NoFingerprints: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keyOf(t *testing.T, p *patterns.Pattern, seed string) string {
	t.Helper()
	key, err := patterns.Mint(p, seed)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// largeText holds keys at every distance from every border that a window may have, plain and in base64.
func largeText(t *testing.T, p *patterns.Pattern, size int) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 9))
	var out bytes.Buffer
	for n := 0; out.Len() < size; n++ {
		fmt.Fprintf(&out, "line %d says nothing: %s\n", n, strings.Repeat("word ", r.IntN(60)))
		switch r.IntN(12) {
		case 0:
			fmt.Fprintf(&out, "key = %s\n", keyOf(t, p, fmt.Sprint(n)))
		case 1, 3, 4, 5:
			fmt.Fprintf(&out, "%s # %s %s for the test\n", keyOf(t, p, fmt.Sprint(n)), strings.Repeat("and ", r.IntN(1000)), scanner.AllowMark)
		case 2:
			text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x y z ", r.IntN(1500)) + keyOf(t, p, fmt.Sprint(n))))
			for ; len(text) > 76; text = text[76:] {
				out.WriteString(text[:76] + "\n")
			}
			out.WriteString(text + "\n\nThat was it.\n")
		}
	}
	return out.Bytes()
}

func scanTree(t *testing.T, s *scanner.Scanner, dir string, options Options) *found {
	t.Helper()
	f := &found{}
	if _, err := s.Scan(t.Context(), New(dir, options), f); err != nil {
		t.Fatal(err)
	}
	slices.Sort(f.places)
	return f
}

// Behind "! " a part may end, so that nearly every border falls between a key and what decides about it.
func TestWhatDecidesAboutAMatchIsSeenAcrossABorder(t *testing.T) {
	t.Parallel()
	p, s := ownPattern(t)
	for _, test := range []struct {
		name              string
		before, behind    string
		findings, ignored bool
	}{
		{name: "a comment behind it accepts it", behind: strings.Repeat("yes! ", 800) + scanner.AllowMark + " yes", ignored: true},
		{name: "a word before it names it", before: "keyword_of_a_test " + strings.Repeat("! ", 50), findings: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pattern, s := *p, s
			if test.findings {
				pattern.Keywords = []string{"keyword_of_a_test"}
				s = scannerOf(t, &pattern)
			}
			var text bytes.Buffer
			lines := 0
			for ; text.Len() < 4<<20; lines++ {
				fmt.Fprintf(&text, "%s%s %s\n", test.before, keyOf(t, p, fmt.Sprint(lines)), test.behind)
			}
			dir := t.TempDir()
			write(t, filepath.Join(dir, "log"), text.Bytes())
			got := scanTree(t, s, dir, Options{WindowBytes: 1 << 20})
			if (got.sum.Findings == lines) != test.findings || (got.sum.Ignored == lines) != test.ignored || got.sum.Findings+got.sum.Ignored != lines {
				t.Errorf("%d keys: %d findings, %d ignored", lines, got.sum.Findings, got.sum.Ignored)
			}
		})
	}
}

func TestALargeTextInPartsGivesTheFindingsOfTheWhole(t *testing.T) {
	t.Parallel()
	p, s := ownPattern(t)
	dir, text := t.TempDir(), largeText(t, p, 6<<20)
	for i := range text[len(text)/2:] { // one line longer than a part
		if c := &text[len(text)/2+i]; *c == '\n' {
			*c = ' '
		}
	}
	write(t, filepath.Join(dir, "log"), text)
	if parts, _ := partsOf(t, dir, Options{WindowBytes: 1 << 20}); len(parts) < 5 {
		t.Fatalf("%d parts", len(parts))
	}
	want := &found{}
	findings, skips := s.ScanBytes(t.Context(), scanner.Blob{Data: text})
	for i := range findings {
		want.add(&findings[i])
	}
	slices.Sort(want.places)
	got := scanTree(t, s, dir, Options{WindowBytes: 1 << 20})
	if len(got.skips)+len(skips) > 0 || len(want.places) < 200 || got.sum.Bytes != int64(len(text)) || got.sum.Blobs != 1 {
		t.Errorf("%d places, skips %v %v, summary %+v", len(want.places), skips, got.skips, got.sum)
	}
	if !slices.Equal(got.places, want.places) {
		t.Errorf("%d places in parts, %d as a whole", len(got.places), len(want.places))
		for _, place := range got.places {
			if !slices.Contains(want.places, place) {
				t.Errorf("only in parts: %s", place)
			}
		}
		for _, place := range want.places {
			if !slices.Contains(got.places, place) {
				t.Errorf("only as a whole: %s", place)
			}
		}
	}
}

func partsOf(t *testing.T, dir string, options Options) (parts []scanner.Part, skips []string) {
	t.Helper()
	for b, err := range New(dir, options).Blobs(t.Context()) {
		switch {
		case err != nil:
			skips = append(skips, err.Error())
		case b.Part != nil:
			parts = append(parts, *b.Part)
		}
	}
	return parts, skips
}

func TestAnEncodedTextIsNotCut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("no white space "), 150_000)) // 3 MB
	write(t, filepath.Join(dir, "run"), []byte("a\n"+run+"\nthe end.\n"))
	if parts, skips := partsOf(t, dir, Options{WindowBytes: 1 << 20}); len(parts) != 1 || len(skips) > 0 {
		t.Errorf("%d parts, skips %q", len(parts), skips)
	}
	parts, skips := partsOf(t, dir, Options{WindowBytes: 1 << 20, wholeBytes: 2 << 20})
	if len(parts) < 2 || len(skips) != 1 || !strings.Contains(skips[0], "too long for a part") {
		t.Errorf("%d parts, skips %q", len(parts), skips)
	}
}

func TestWhatMayBeAnArchiveIsReadAsAWhole(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, start, end string
		parts            bool
	}{
		{"text", "plain text", "and its end é", true},
		{"text that ends in half a character", "é", "\xc3", true},
		{"a compressed start", "\x1f\x8b\x08", "plain", false},
		{"an archive at the end", "#!/bin/sh\n", "PK\x05\x06" + strings.Repeat("\x00", 18), false},
		{"tar", strings.Repeat("n", 257) + "ustar", "plain", false},
		{"two bytes a character", "p\x00l\x00a\x00i\x00n\x00", "plain", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "f"), []byte(test.start+strings.Repeat(" some words.\n", 200_000)+test.end))
			parts, skips := partsOf(t, dir, Options{WindowBytes: 1 << 20})
			if len(parts) > 0 != test.parts || len(skips) > 0 {
				t.Errorf("%d parts, skips %q", len(parts), skips)
			}
			parts, skips = partsOf(t, dir, Options{WindowBytes: 1 << 20, wholeBytes: 2 << 20})
			if len(parts) == 0 || len(skips) == 0 != test.parts {
				t.Errorf("over the size of what is read as a whole: %d parts, skips %q", len(parts), skips)
			}
		})
	}
}

// sparse makes a file of holes with texts at offsets.
func sparse(t *testing.T, path string, size int64, texts map[int64]string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	for at, text := range texts {
		if _, err := f.WriteAt([]byte(text), at); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHolesCostNothing(t *testing.T) {
	t.Parallel()
	p, s := ownPattern(t)
	dir := t.TempDir()
	key := keyOf(t, p, "sparse")
	const size = 1 << 40
	sparse(t, filepath.Join(dir, "f"), size, map[int64]string{
		0: "first line\nsecond line\n", 1 << 33: "third\n a " + key + "\n", size - 100: "\n" + key,
	})
	got := scanTree(t, s, dir, Options{})
	if got.sum.Bytes > 1<<20 {
		t.Skipf("the file system of this test has no holes: %d bytes were read", got.sum.Bytes)
	}
	if len(got.skips) > 0 || got.sum.Blobs != 1 || len(got.places) != 2 {
		t.Fatalf("places %q, skips %v, summary %+v", got.places, got.skips, got.sum)
	}
	for _, want := range []string{
		fmt.Sprintf("Start:%d End:%d Line:4 Column:4 ", int64(1<<33+9), int64(1<<33+9+len(key))),
		fmt.Sprintf("Start:%d End:%d Line:6 Column:1 ", int64(size-99), int64(size-99+len(key))),
	} {
		if !strings.Contains(strings.Join(got.places, "\n"), want) {
			t.Errorf("places %q lack %q", got.places, want)
		}
	}
	if got := scanTree(t, s, dir, Options{MaxFileBytes: 1000}); len(got.skips) != 1 || got.skips[0].Reason != scanner.SkipTooLarge {
		t.Errorf("with a cap below its data: skips %v", got.skips)
	}
}

func FuzzIsText(f *testing.F) {
	f.Add([]byte("é"), true)
	f.Add([]byte("\x1f\x8b\x08"), false)
	f.Fuzz(func(t *testing.T, sample []byte, nul bool) {
		if isText(sample, false) && !isText(sample, nul) {
			t.Errorf("%q is text, but not where NUL may stand", sample)
		}
	})
}
