package scanner

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/keywright/keywright/patterns"
)

// barrenPatterns have expressions of all looks, with narrow windows, and what decides about a match in front of it.
func barrenPatterns() []*patterns.Pattern {
	return []*patterns.Pattern{
		{ID: "a.at", Regex: &patterns.Regex{Expr: `key_[a-z]{4,12}\b`, Literals: []string{"key_"}, MaxBytes: 20}},
		{ID: "a.by", Regex: &patterns.Regex{Expr: `[0-9]{2,6}word[0-9]{2,6}`, Literals: []string{"word"}, MaxBytes: 16}},
		{ID: "a.edge", Regex: &patterns.Regex{Expr: `\bx{0,9}edge(?:$|[^0-9])`, Literals: []string{"edge"}, MaxBytes: 14}},
		{ID: "a.near", Keywords: []string{"vendor"}, Regex: &patterns.Regex{Expr: `key_[a-z]{4}[0-9]+`, Literals: []string{"key_"}, MaxBytes: 24}},
		{ID: "a.bits", Regex: &patterns.Regex{Expr: `word=(?P<s>[a-z0-9]{6,12})`, Literals: []string{"word", "edge"}, Secret: "s", MaxBytes: 24, MinEntropyBits: 14}},
		{ID: "a.shape", Format: &patterns.Format{Prefix: "word", Boundary: true, Parts: []patterns.Part{{Alphabet: "digits", Min: 6, Max: 8}}}},
	}
}

var barrenWords = []string{"key_", "word", "edge", "word=", "=", "abcd", "qwer", "12", "345678", "x", "xx", " ", "\n", "a9b8c7", "aaaaaaa", "vendor "}

// barrenText has places of literals between stretches that hold nothing, about as long as what decides about a place.
func barrenText(r *rand.Rand) []byte {
	var out []byte
	for range 1 + r.IntN(4) {
		out = append(out, strings.Repeat("~", r.IntN(KeywordWindow+60))...)
		for range 1 + r.IntN(6) {
			out = append(out, barrenWords[r.IntN(len(barrenWords))]...)
		}
	}
	return append(out, strings.Repeat("~", r.IntN(40))...)
}

// barrenEdit changes a few bytes of a text, somewhere or at its ends.
func barrenEdit(r *rand.Rand, base []byte) version {
	var v version
	put := func(from int, text []byte) {
		if len(text) > 0 {
			v.data, v.segments = append(v.data, text...), append(v.segments, Segment{Len: len(text), From: from})
		}
	}
	at := 0
	for range 1 + r.IntN(2) {
		next := at + r.IntN(len(base)-at+1)
		put(at, base[at:next])
		if r.IntN(3) > 0 {
			put(Inserted, []byte(barrenWords[r.IntN(len(barrenWords))]))
		}
		at = min(len(base), next+r.IntN(6))
	}
	if r.IntN(4) > 0 {
		put(at, base[at:])
	}
	if len(v.data) == 0 {
		put(Inserted, barrenText(r))
	}
	return v
}

// TestWhatIsBarrenStaysBarren compares the claims and the state of each rule after a scan that knows what was barren in the text before with
// those of a scan that knows nothing.
func TestWhatIsBarrenStaysBarren(t *testing.T) {
	t.Parallel()
	program, err := compile(barrenPatterns())
	if err != nil {
		t.Fatal(err)
	}
	s := &Scanner{program: program, options: Options{Limits: Limits{MaxMatchesPerBlob: 1000}}}
	s.options.Limits.Decode.MaxDepth = -1
	spared, claims := 0, 0
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 12))
		known, plain := newWorker(s), newWorker(s)
		var traces *Traces
		v := version{data: barrenText(r)}
		for n := range 8 {
			lent := Lent{Blob: Blob{Data: v.data}, IsBase: true}
			want, _ := plain.scan(lent)
			lent.Base, lent.Segments = traces, v.segments
			var got blobResult
			got, traces = known.scan(lent)
			claims += len(want.claims)
			if !slices.EqualFunc(got.claims, want.claims, func(a, b placedClaim) bool { return a.rule == b.rule && a.span == b.span && a.digest == b.digest }) {
				t.Fatalf("seed %d, version %d: %d claims, want %d", seed, n, len(got.claims), len(want.claims))
			}
			v = barrenEdit(r, v.data)
		}
		spared += int(plain.pass.looks - known.pass.looks)
	}
	if spared < 1000 || claims < 1000 {
		t.Errorf("%d looks were spared, there were %d claims: too few to tell anything", spared, claims)
	}
}

func TestAStretchHoldsWhatDecidesAboutAWindow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		s           Segment
		at          int
		left, right int
		holds       bool
	}{
		{"all of it inside", Segment{Len: 1000, From: 10}, 10, 10 + KeywordWindow, 1009, true},
		{"a keyword might be cut", Segment{Len: 1000, From: 10}, 10, 9 + KeywordWindow, 1009, false},
		{"the byte behind it is another", Segment{Len: 1000, From: 10}, 10, 500, 1010, false},
		{"it is cut where both texts begin", Segment{Len: 1000}, 0, -7, 500, true},
		{"it is cut where only this text begins", Segment{Len: 1000, From: 10}, 0, -7, 500, false},
		{"it is cut where both texts end", Segment{Len: 1000, From: 4000}, 1000, 1500, 2300, true},
		{"it is cut where only this text ends", Segment{Len: 1000, From: 10}, 1000, 1500, 2300, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := stretchOf(test.s, test.at, 2000, 5000).holds(test.left, test.right); got != test.holds {
				t.Errorf("holds is %v", got)
			}
		})
	}
	if (stretch{}).holds(200, 300) {
		t.Error("a stretch of no length holds something")
	}
}
