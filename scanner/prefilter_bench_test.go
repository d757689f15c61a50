package scanner

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// BenchmarkPrefilters runs both prefilters in turn over the same real text, one core, and reports the ratio
// of their speeds.
func BenchmarkPrefilters(b *testing.B) {
	literals := builtinLiterals(b)
	speeds := sideBySide(b, newRareWindows(literals), newAutomaton(literals))
	b.ReportMetric(speeds[0], "windows-MB/s")
	b.ReportMetric(speeds[1], "automaton-MB/s")
	b.ReportMetric(speeds[0]/speeds[1], "times-as-fast")
}

// BenchmarkCatalogueGrowth compares 300 literals with 3,000, of the shapes that catalogues and users' rules have, and
// reports how many times the cost the many are.
func BenchmarkCatalogueGrowth(b *testing.B) {
	all := madeUpLiterals(3000)
	speeds := sideBySide(b, newRareWindows(all[:300]), newRareWindows(all))
	b.ReportMetric(speeds[0], "few-MB/s")
	b.ReportMetric(speeds[1], "many-MB/s")
	b.ReportMetric(speeds[0]/speeds[1], "times-the-cost")
}

// madeUpLiterals are prefixes of 4 to 8 bytes with their separator, and in the third place a name in any case with a
// word behind it.
func madeUpLiterals(n int) []literal {
	random := rand.New(rand.NewPCG(1, 2))
	const consonants, vowels = "bcdfghjklmnpqrstvwxz", "aeiouy"
	name := func(syllables int) string {
		var out []byte
		for range syllables {
			out = append(out, consonants[random.IntN(len(consonants))], vowels[random.IntN(len(vowels))])
		}
		return string(out)
	}
	seen := map[string]bool{}
	var out []literal
	for len(out) < n {
		l := literal{text: name(3+random.IntN(2)) + []string{"_token", "_secret", "-api-key", "apikey", "password"}[random.IntN(5)], fold: true}
		if len(out)%3 != 2 {
			letters := "abcdefghijklmnopqrstuvwxyz0123456789"
			text := make([]byte, 3+random.IntN(5))
			for i := range text {
				text[i] = letters[random.IntN(len(letters))]
			}
			l = literal{text: string(text) + string("_-_.:"[random.IntN(5)])}
		}
		if !seen[l.text] {
			seen[l.text] = true
			out = append(out, l)
		}
	}
	return out
}

// sideBySide lets the prefilters take turns at the texts and returns the speed of each, in MB/s, by the best time at each
// text: the others are longer by what else the machine does.
func sideBySide(b *testing.B, prefilters ...prefilter) []float64 {
	b.Helper()
	var texts [][]byte
	size := 0
	toolchainText(b, 8, func(data []byte) {
		texts = append(texts, data)
		size += len(data)
	})
	q := &hitQueue{visit: func(int, int, int) bool { return true }}
	best := make([][]time.Duration, len(prefilters))
	for i := range best {
		best[i] = slices.Repeat([]time.Duration{time.Hour}, len(texts))
	}
	for b.Loop() {
		for i, p := range prefilters {
			for j, data := range texts {
				started := time.Now()
				p.within(data, 0, len(data), q)
				best[i][j] = min(best[i][j], time.Since(started))
			}
		}
	}
	speeds := make([]float64, len(prefilters))
	for i := range best {
		sum := time.Duration(0)
		for _, t := range best[i] {
			sum += t
		}
		speeds[i] = float64(size) / 1e6 / sum.Seconds()
	}
	return speeds
}

// BenchmarkNew makes a scanner of the catalogue, which each process that scans does once.
func BenchmarkNew(b *testing.B) {
	literals := builtinLiterals(b)
	b.Run("the tables of the windows", func(b *testing.B) {
		for b.Loop() {
			newRareWindows(literals)
		}
	})
	b.Run("all of it", func(b *testing.B) {
		for b.Loop() {
			builtinScanner(b)
		}
	})
}
