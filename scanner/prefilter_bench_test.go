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

// BenchmarkManyLiterals compares the catalogue's literals with ten times as many, as a user's rules may bring.
func BenchmarkManyLiterals(b *testing.B) {
	few := builtinLiterals(b)
	many := slices.Clone(few)
	random := rand.New(rand.NewPCG(1, 2))
	for len(many) < 10*len(few) {
		text := make([]byte, 4+random.IntN(8))
		for i := range text {
			text[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[random.IntN(36)]
		}
		text[len(text)-1] = "_-="[random.IntN(3)]
		many = append(many, literal{text: string(text)})
	}
	speeds := sideBySide(b, newRareWindows(few), newRareWindows(many))
	b.ReportMetric(speeds[0], "few-MB/s")
	b.ReportMetric(speeds[1], "many-MB/s")
	b.ReportMetric(speeds[0]/speeds[1], "times-the-cost")
}

// sideBySide lets the prefilters take turns at the text and returns the best speed of each, in MB/s: the
// others are slower by what else the machine does.
func sideBySide(b *testing.B, prefilters ...prefilter) []float64 {
	b.Helper()
	var texts [][]byte
	size := 0
	toolchainText(b, 8, func(data []byte) {
		texts = append(texts, data)
		size += len(data)
	})
	took := make([]time.Duration, len(prefilters))
	for b.Loop() {
		for i, p := range prefilters {
			started := time.Now()
			for _, data := range texts {
				p.within(data, 0, len(data), func(int, int, int) bool { return true })
			}
			if t := time.Since(started); took[i] == 0 || t < took[i] {
				took[i] = t
			}
		}
	}
	speeds := make([]float64, len(prefilters))
	for i := range took {
		speeds[i] = float64(size) / 1e6 / took[i].Seconds()
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
