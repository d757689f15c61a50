package decode_test

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/keywright/keywright/scanner/decode"
)

// seen is a piece with the place of its unit, as the tests compare it.
type seen struct {
	unit, start, end int
	decoders, data   string
}

// taken collects pieces.
func taken(out *[]seen) func(*decode.Piece) {
	return func(p *decode.Piece) {
		start, end := p.Span(0, len(p.Data))
		*out = append(*out, seen{p.Unit(), start, end, strings.Join(p.Decoders, " "), string(p.Data)})
	}
}

func sorted(pieces []seen) []seen {
	slices.SortStableFunc(pieces, func(a, b seen) int {
		return cmp.Or(a.unit-b.unit, strings.Compare(a.decoders, b.decoders), a.start-b.start, strings.Compare(a.data, b.data))
	})
	return pieces
}

// prose are lines of which no part is encoded, and some that look as if they were a piece of what is.
var prose = []string{
	"func (w *Walker) Walk(data []byte) error {\n", "\treturn nil\n", "}\n", "\n", "\r\n", "  \n", "\tif err != nil {\r\n", "import os\n",
	"  name: value\n", "  - item # 12\n", "+", "-", "# ", "// ", " * ", "> ", "\\n", "\\r\\n", "\\", `", "`, `" + "`, "\" +\n", "\"\n", "\"\n  \"",
	`{"a":"b","c":[1,2,3],"path":"a/b/c"},`, `<a href="x?y=%41%42&amp;z=1">&#65;&#x41;</a>`, "a, b, 12 34 ab cd", "00000010: ", "61 62 63", "6162 ",
	"0x61, 0x62,", "deadbeef", "000010 ", "  |abc|\n", "  x.y(z)\n", "aQ", "nABC", "word", "Zg==", "==\n", "\t\t", " ", "`", "'", ";", "; \"", ") ", "=\"",
	"%zz%41%42aaaaaaaaaaaaaaaaaaaaaa", "The end of a sentence, and more.\n", "golang.org/x v1.2.3/go.mod h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
}

// part writes a piece of a text as files have it; what is encoded is random.
func part(r *rand.Rand) string {
	content := make([]byte, 12+r.IntN(90))
	for i := range content {
		content[i] = byte(r.IntN(256))
		if r.IntN(4) > 0 {
			content[i] = byte(' ' + r.IntN(95))
		}
	}
	encoded := base64.StdEncoding.EncodeToString(content)
	wrap := strings.Join(chunks(encoded, 8+r.IntN(60)), []string{"\n", "\r\n", "\n+", "\n# ", "\n  ", "\\n", "\"\n  \"", "\" +\n\"", "\\\n", "\n> "}[r.IntN(10)])
	switch r.IntN(14) {
	case 0:
		return wrap
	case 1:
		return "+" + wrap + "\n"
	case 2:
		return `{"k": "` + wrap + "\"}\n"
	case 3:
		return hex.EncodeToString(content)
	case 4:
		return dump(string(content), []string{"%08x  ", "%08x: ", "", "%06x "}[r.IntN(4)], 1+r.IntN(2))
	case 5:
		return every(string(content), []string{"%02x ", "%02x:", "0x%02x, ", "%02x,\n", "%%%02x", `\x%02x`, `\u00%02x`, "&#%d;"}[r.IntN(8)])
	case 6:
		return encoded
	case 7:
		return strings.Repeat([]string{"ab", "a b", "61 ", "x(", "\"", " "}[r.IntN(6)], r.IntN(60))
	default:
		return prose[r.IntN(len(prose))]
	}
}

func document(r *rand.Rand, parts int) []byte {
	var b bytes.Buffer
	for range parts {
		b.WriteString(part(r))
	}
	return bytes.ReplaceAll(b.Bytes(), []byte{0}, []byte{'0'})
}

// stretch is a part of a child: from where in the base it is copied, -1 when it is new.
type stretch struct{ from, size int }

// edited makes a text out of parts of base and new ones.
func edited(r *rand.Rand, base []byte) (child []byte, parts []stretch) {
	at := 0
	for range 1 + r.IntN(6) {
		if at < len(base) && r.IntN(5) > 0 {
			from := at
			if r.IntN(5) == 0 {
				from = r.IntN(len(base))
			}
			size := 1 + r.IntN(len(base)-from)
			child, parts = append(child, base[from:from+size]...), append(parts, stretch{from, size})
			at = from + size + r.IntN(10)
		}
		if r.IntN(3) > 0 {
			added := document(r, 1+r.IntN(2))
			added = added[:r.IntN(len(added)+1)]
			child, parts = append(child, added...), append(parts, stretch{-1, len(added)})
		}
	}
	return child, parts
}

// carried are the units of child: those of base where they are settled, and those that are decoded anew.
func carried(t testing.TB, w *decode.Walker, base, child []byte, parts []stretch) (pieces []seen, moved int) {
	t.Helper()
	var of []seen
	w.Walk(base, decode.Limits{}, taken(&of))
	var open []decode.Range
	at, done := 0, 0
	for _, p := range parts {
		if p.from >= 0 {
			from := decode.Settled(base, decode.Range{Start: p.from, End: p.from + p.size})
			here := decode.Settled(child, decode.Range{Start: at, End: at + p.size})
			if here.Start-at != from.Start-p.from || here.End-at != from.End-p.from {
				t.Fatalf("settled %v of %d and %v of %d: not the same for the same bytes", from, p.from, here, at)
			}
			if here.Start < here.End {
				open = append(open, decode.Range{Start: done, End: here.Start})
				done = here.End
				for _, s := range of {
					if from.Start <= s.unit && s.unit < from.End {
						move := here.Start - from.Start
						pieces = append(pieces, seen{s.unit + move, s.start + move, s.end + move, s.decoders, s.data})
						moved++
					}
				}
			}
		}
		at += p.size
	}
	open = append(open, decode.Range{Start: done, End: len(child)})
	w.WalkRanges(child, open, decode.Limits{}, taken(&pieces))
	return pieces, moved
}

func sameUnits(t testing.TB, got, want []seen, detail string) {
	t.Helper()
	got, want = sorted(got), sorted(want)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%s: piece %d of %d, want %d\ngot  %+v\nwant %+v", detail, i, len(got), len(want), got[i:min(i+1, len(got))], want[i:min(i+1, len(want))])
		}
	}
}

// carries checks the promise of Settled and WalkRanges on one made-up text and its edit.
func carries(t testing.TB, seed uint64) (moved, anew int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 4)) //nolint:gosec // made-up texts
	base := document(r, 1+r.IntN(30))
	child, parts := edited(r, base)
	if decode.Whole(base) || decode.Whole(child) {
		return 0, 0
	}
	var w decode.Walker
	got, moved := carried(t, &w, base, child, parts)
	var want []seen
	w.Walk(child, decode.Limits{}, taken(&want))
	sameUnits(t, got, want, fmt.Sprintf("seed %d, base %q, child %q of %v", seed, base, child, parts))
	return moved, len(want) - moved
}

func TestTheUnitsOfAnEditedTextAreThoseOfItsSettledPartsAndTheOthers(t *testing.T) {
	t.Parallel()
	moved, anew := 0, 0
	for seed := range uint64(4000) {
		m, a := carries(t, seed)
		moved, anew = moved+m, anew+a
	}
	if moved < anew/4 {
		t.Errorf("%d pieces carried, %d decoded anew: too few of them are settled", moved, anew)
	}
}

// FuzzSettled promises what the test above does, for any text and any edit.
func FuzzSettled(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // made-up texts
	for range 20 {
		f.Add(document(r, 20), document(r, 2), uint16(r.IntN(800)), uint16(r.IntN(800)))
	}
	f.Fuzz(func(t *testing.T, base, added []byte, at, cut uint16) {
		if len(base) == 0 {
			return
		}
		from := int(at) % len(base)
		to := min(len(base), from+int(cut)%100)
		child := slices.Concat(base[:from], added, base[to:])
		if decode.Whole(base) || decode.Whole(child) {
			return
		}
		var w decode.Walker
		got, _ := carried(t, &w, base, child, []stretch{{0, from}, {-1, len(added)}, {to, len(base) - to}})
		var want []seen
		w.Walk(child, decode.Limits{}, taken(&want))
		sameUnits(t, got, want, "carried and decoded whole")
	})
}

// TestRangesThatCoverATextGiveItsUnits cuts texts anywhere, also inside of units.
func TestRangesThatCoverATextGiveItsUnits(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 5)) //nolint:gosec // made-up texts
		data := document(r, 1+r.IntN(20))
		if decode.Whole(data) {
			continue
		}
		var ranges []decode.Range
		for at := 0; at < len(data); {
			end := min(len(data), at+1+r.IntN(1+r.IntN(200)))
			ranges = append(ranges, decode.Range{Start: at, End: end})
			at = end
		}
		var w decode.Walker
		var got, want []seen
		w.WalkRanges(data, ranges, decode.Limits{}, taken(&got))
		w.Walk(data, decode.Limits{}, taken(&want))
		sameUnits(t, got, want, fmt.Sprintf("seed %d, %q in %v", seed, data, ranges))
		picked := slices.DeleteFunc(slices.Clone(ranges), func(decode.Range) bool { return r.IntN(2) == 0 })
		var some []seen
		w.WalkRanges(data, picked, decode.Limits{}, taken(&some))
		rest := slices.DeleteFunc(want, func(s seen) bool {
			return !slices.ContainsFunc(picked, func(p decode.Range) bool { return p.Start <= s.unit && s.unit < p.End })
		})
		sameUnits(t, some, rest, fmt.Sprintf("seed %d, %q in %v", seed, data, picked))
	}
}

func TestATokenOverItsCapIsCutAlikeInRanges(t *testing.T) {
	t.Parallel()
	data := []byte("a " + strings.Repeat("x%41%zz%42y", 40000) + " " + strings.Repeat("y", 200000) + "%41" + strings.Repeat("z", 200000))
	var w decode.Walker
	var got, want []seen
	w.Walk(data, decode.Limits{}, taken(&want))
	for _, size := range []int{100, 5000, 70000} {
		var ranges []decode.Range
		for at := 0; at < len(data); at += size {
			ranges = append(ranges, decode.Range{Start: at, End: min(at+size, len(data))})
		}
		got = got[:0]
		w.WalkRanges(data, ranges, decode.Limits{}, taken(&got))
		sameUnits(t, got, want, fmt.Sprintf("ranges of %d bytes", size))
	}
}

func TestTextsThatHaveToBeDecodedAsOne(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, data string
		want       bool
	}{
		{"code is not", "package main\n", false},
		{"UTF-8 is not", "gr\u00fc\u00dfe\n", false},
		{"UTF-16 is", "a\x00b\x00", true},
		{"gzip is", gz(text), true},
		{"a zip behind a program is", "#!/bin/sh\n" + zipped(t, "a", text), true},
		{"an archive that is not opened is", "# v2 git bundle\nabc", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := decode.Whole([]byte(test.data)); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestCodeIsSettledAlmostWhole: what is not settled is decoded anew at every edit.
func TestCodeIsSettledAlmostWhole(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, line string
		least      int // per cent of 30 lines
	}{
		{"Go", "\tif err := w.walk(data, nil, 0); err != nil {\n\t\treturn err\n\t}\n", 90},
		{"CRLF", "\tif (x) {\r\n\t\treturn;\r\n\t}\r\n", 90},
		{"YAML", "key:\n  name: a value\n  other: 'x'\n", 90},
		{"prose", "Lorem ipsum dolor sit amet,\nconsetetur sadipscing elitr\n", 90},
		{"a lockfile", "golang.org/x/net v1.2.3 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", 90},
		{"JSON", "  \"name\": \"value\",\n  \"integrity\": \"sha512-47DEQpj8HBSaTImW5JCeuQeRkm5NMpJWZG3hSuFU==\",\n", 90},
		{"minified code", `function a(b){return"x"===b?c("y",d[0]):e.f(" g",{h:"i"})}`, 80},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			data := []byte(strings.Repeat(test.line, 30))
			got := decode.Settled(data, decode.Range{Start: 3, End: len(data) - 3})
			if (got.End-got.Start)*100 < len(data)*test.least {
				t.Errorf("settled %v of %d bytes", got, len(data))
			}
		})
	}
}

func TestATextWithoutRunsCostsNoAllocation(t *testing.T) {
	data := []byte(strings.Repeat("if err := w.walk(data, nil, 0); err != nil { return err }\n", 100))
	var w decode.Walker
	visit := func(*decode.Piece) {}
	w.Walk(data, decode.Limits{}, visit)
	if n := testing.AllocsPerRun(10, func() { w.Walk(data, decode.Limits{}, visit) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
