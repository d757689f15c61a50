package scanner

import (
	"testing"
	"time"
)

// BenchmarkPrefilters runs both prefilters in turn over the same real text, one core, and reports the ratio
// of their speeds: it holds on a busy machine too.
func BenchmarkPrefilters(b *testing.B) {
	literals := builtinLiterals(b)
	fast, oracle := newRareWindows(literals), newAutomaton(literals)
	var texts [][]byte
	size := 0
	toolchainText(b, 8, func(data []byte) {
		texts = append(texts, data)
		size += len(data)
	})
	var took [2]time.Duration
	runs := 0
	for b.Loop() {
		runs++
		for i, p := range []prefilter{fast, oracle} {
			started := time.Now()
			for _, data := range texts {
				p.each(data, func(int, int, int) bool { return true })
			}
			took[i] += time.Since(started)
		}
	}
	megabytes := float64(size) * float64(runs) / 1e6
	b.ReportMetric(megabytes/took[0].Seconds(), "windows-MB/s")
	b.ReportMetric(megabytes/took[1].Seconds(), "automaton-MB/s")
	b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "times-as-fast")
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
