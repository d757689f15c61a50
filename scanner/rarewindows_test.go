package scanner

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keywright/keywright/patterns"
)

// hitsOf are the hits of a prefilter in the order in which it gives them.
func hitsOf(p prefilter, data []byte) []hit {
	var out []hit
	p.within(data, 0, len(data), &hitQueue{visit: func(n, start, end int) bool {
		out = append(out, hit{n, start, end})
		return true
	}})
	return out
}

func drawLiterals(t *rapid.T) []literal {
	seen := map[literal]bool{}
	var out []literal
	for range rapid.IntRange(1, 12).Draw(t, "literals") {
		l := literal{text: rapid.StringMatching(`[abAB_1]{3,7}`).Draw(t, "text"), fold: rapid.Bool().Draw(t, "fold")}
		if len(l.text) == minAnchor {
			l.before, l.after = drawSet(t, "before"), drawSet(t, "after")
		}
		if !seen[l] {
			seen[l] = true
			out = append(out, l)
		}
	}
	return out
}

func drawSet(t *rapid.T, label string) byteSet {
	var s byteSet
	for _, c := range rapid.StringMatching(`[abAB_1x]{0,4}`).Draw(t, label) {
		s.add(byte(c))
	}
	return s
}

func TestTheRareWindowsGiveTheHitsOfTheAutomaton(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		literals := drawLiterals(t)
		fast, oracle := newRareWindows(literals), newAutomaton(literals)
		data := []byte(rapid.StringMatching(`[abAB_1x\x00]{0,120}`).Draw(t, "data"))
		want := hitsOf(oracle, data)
		if got := hitsOf(fast, data); !slices.Equal(got, want) {
			t.Fatalf("hits %v, want %v", got, want)
		}
		stopAfter := rapid.IntRange(1, len(want)+1).Draw(t, "stop after")
		n := 0
		fast.within(data, 0, len(data), &hitQueue{visit: func(int, int, int) bool { n++; return n < stopAfter }})
		if n != min(stopAfter, len(want)) {
			t.Fatalf("%d hits after being told to stop at %d of %d", n, stopAfter, len(want))
		}
	})
}

func TestAShortLiteralInAnyCaseIsFoundBesideItsNeighbour(t *testing.T) {
	t.Parallel()
	var before, after byteSet
	before.add('-')
	after.add('=')
	for _, test := range []struct {
		name string
		l    literal
		data string
	}{
		{"its neighbour before is known", literal{text: "b1b", fold: true, before: before}, "-B1B"},
		{"its neighbour behind is known", literal{text: "b1b", fold: true, after: after}, "-b1B="},
		{"no neighbour is known", literal{text: "b1b", fold: true}, "-B1b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := hitsOf(newRareWindows([]literal{test.l}), []byte(test.data)); !slices.Equal(got, []hit{{0, 1, 4}}) {
				t.Errorf("hits %v", got)
			}
		})
	}
}

func builtinScanner(t testing.TB) *Scanner {
	t.Helper()
	set, err := patterns.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(set, Options{NoFingerprints: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// builtinLiterals are those of the catalogue.
func builtinLiterals(t testing.TB) []literal {
	t.Helper()
	set, err := patterns.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	_, literals, err := compileRules(set.All())
	if err != nil {
		t.Fatal(err)
	}
	return literals
}

func TestTheRareWindowsGiveTheHitsOfTheAutomatonOnRealText(t *testing.T) {
	t.Parallel()
	literals := builtinLiterals(t)
	fast, oracle := newRareWindows(literals), newAutomaton(literals)
	hits := 0
	toolchainText(t, 8, func(data []byte) {
		want := hitsOf(oracle, data)
		hits += len(want)
		if got := hitsOf(fast, data); !slices.Equal(got, want) {
			t.Errorf("%d hits in %d bytes, want %d", len(got), len(data), len(want))
		}
	})
	if hits == 0 {
		t.Error("the text holds no literal: nothing was compared")
	}
}

// one is a byte of the set, none of the empty one.
func one(s byteSet) string {
	for c := range s.members {
		return string(rune(c))
	}
	return ""
}

// TestEachLiteralIsFoundAtEachPlaceOfAGroup puts each literal of the catalogue at every distance from the
// start and from the end, so that it meets each probe of the main loop and of the tail.
func TestEachLiteralIsFoundAtEachPlaceOfAGroup(t *testing.T) {
	t.Parallel()
	literals := builtinLiterals(t)
	fast, oracle := newRareWindows(literals), newAutomaton(literals)
	for _, l := range literals {
		text := one(l.before) + l.text + one(l.after)
		for before := range 2*groupBytes + 1 {
			for _, behind := range []int{0, 1, 2, 3, 11, 12, 13, 14, 15, 30} {
				data := []byte(strings.Repeat("~", before) + text + strings.Repeat("~", behind))
				want := hitsOf(oracle, data)
				if got := hitsOf(fast, data); !slices.Equal(got, want) || len(want) == 0 {
					t.Fatalf("literal %q behind %d bytes, before %d: hits %v, want %v", l.text, before, behind, got, want)
				}
			}
		}
	}
}

// TestTextSeldomStopsTheRareWindows holds the reason for their speed: what they let through of real text.
func TestTextSeldomStopsTheRareWindows(t *testing.T) {
	t.Parallel()
	w := newRareWindows(builtinLiterals(t))
	groups, stops := 0, 0
	toolchainText(t, 40, func(data []byte) {
		for at := 0; at+groupReach <= len(data); at += groupBytes {
			groups++
			for i := at; i < at+groupBytes; i += 2 {
				if w.windows.has(uint32(data[i]) | uint32(data[i+1])<<8 | uint32(data[i+2])<<16) {
					stops++
					break
				}
			}
		}
	})
	const oneOf = 12
	if stops*oneOf > groups {
		t.Errorf("%d of %d groups of probes are stopped at, want at most one of %d", stops, groups, oneOf)
	}
	t.Logf("%d of %d groups of probes are stopped at", stops, groups)
}

func FuzzRareWindows(f *testing.F) {
	f.Add([]byte("ghp_ Kw1 secret_key SK0a AKIA"), []byte("Kw1"), true)
	f.Add([]byte(strings.Repeat("Kw1", 30)), []byte("w1K"), false)
	f.Add([]byte(" KW1  Kw1 xkW1"), []byte("kw1"), true)
	builtin := builtinLiterals(f)
	f.Fuzz(func(t *testing.T, data, text []byte, fold bool) {
		if len(text) < minAnchor {
			return
		}
		literals := append(slices.Clone(builtin[:40]), literal{text: string(text), fold: fold})
		want := hitsOf(newAutomaton(literals), data)
		if got := hitsOf(newRareWindows(literals), data); !slices.Equal(got, want) {
			t.Fatalf("hits %v, want %v", got, want)
		}
	})
}
