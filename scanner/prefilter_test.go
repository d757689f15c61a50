package scanner

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// naive is the oracle of a prefilter: it looks for each literal by itself.
func naive(literals []literal, data string) []string {
	var hits []string
	for n, l := range literals {
		text, in := l.text, data
		if l.fold {
			text, in = asciiLower(text), asciiLower(data)
		}
		for i := 0; i+len(text) <= len(in); i++ {
			if strings.HasPrefix(in[i:], text) {
				hits = append(hits, fmt.Sprint(n, i))
			}
		}
	}
	slices.Sort(hits)
	return hits
}

func asciiLower(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = foldByte(b[i])
	}
	return string(b)
}

func TestThePrefilterFindsEveryLiteralAtEveryPlace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seen := map[literal]bool{}
		var literals []literal
		for range rapid.IntRange(1, 8).Draw(t, "literals") {
			l := literal{text: rapid.StringMatching(`[abAB_1]{1,4}`).Draw(t, "text"), fold: rapid.Bool().Draw(t, "fold")}
			if !seen[l] {
				seen[l] = true
				literals = append(literals, l)
			}
		}
		data := rapid.StringMatching(`[abAB_1x]{0,60}`).Draw(t, "data")
		var got []string
		newAutomaton(literals).each([]byte(data), func(n, start, end int) bool {
			if end-start != len(literals[n].text) {
				t.Fatalf("a hit of %d bytes for %q", end-start, literals[n].text)
			}
			got = append(got, fmt.Sprint(n, start))
			return true
		})
		slices.Sort(got)
		if want := naive(literals, data); !slices.Equal(got, want) {
			t.Fatalf("hits %v, want %v", got, want)
		}
	})
}

func TestThePrefilterFoldsNoByteBeyondASCII(t *testing.T) {
	t.Parallel()
	a := newAutomaton([]literal{{text: "k\xe9y", fold: true}})
	hits := 0
	a.each([]byte("K\xe9Y k\xc9y"), func(int, int, int) bool { hits++; return true })
	if hits != 1 {
		t.Errorf("%d hits, want 1", hits)
	}
}
