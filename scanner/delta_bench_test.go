package scanner

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/keywright/keywright/scanner/decode"
)

// BenchmarkDelta scans made-up histories of the toolchain's source text, each version with a few lines less and
// a few new ones, delta-aware and in full by turns. It reports the share of the bytes that the prefilter goes through, and the time as a
// share of the full scan's.
func BenchmarkDelta(b *testing.B) {
	s := builtinScanner(b)
	var histories [][]version
	size, random := 0, rand.New(rand.NewPCG(1, 9))
	toolchainText(b, 60, func(data []byte) {
		if len(data) < 2000 || decode.Whole(data) {
			return // too short to be edited, or an archive
		}
		history := []version{{parent: -1, data: data}}
		for n := range 20 {
			edited, segments := editLines(random, history[n].data)
			history = append(history, version{n, edited, segments})
			size += len(edited)
		}
		histories = append(histories, history)
	})
	ways := [2]*worker{newWorker(s), newWorker(s.with(func(o *Options) { o.FullScan = true }))}
	var took [2]time.Duration
	b.SetBytes(int64(size))
	for b.Loop() {
		for i, w := range ways {
			w.carrier.looked = 0
			started := time.Now()
			for _, history := range histories {
				var traces *Traces
				for n, v := range history {
					lent := Lent{Blob: Blob{Data: v.data}, IsBase: true}
					if n > 0 {
						lent.Base, lent.Segments = traces, v.segments
					}
					_, traces = w.guarded(lent)
				}
			}
			if t := time.Since(started); took[i] == 0 || t < took[i] {
				took[i] = t
			}
		}
	}
	b.ReportMetric(float64(ways[0].carrier.looked)/float64(ways[1].carrier.looked), "of-the-bytes")
	b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "of-the-time")
	b.ReportMetric(float64(size)/1e6/took[0].Seconds(), "delta-MB/s")
	b.ReportMetric(float64(size)/1e6/took[1].Seconds(), "full-MB/s")
}

// editLines replaces a stretch of some bytes at three places, as a commit does.
func editLines(random *rand.Rand, base []byte) (data []byte, segments []Segment) {
	at := 0
	for n := range 3 {
		next := at + random.IntN((len(base)-at)/(3-n)+1)
		gone := min(random.IntN(80), len(base)-next)
		if next > at {
			data, segments = append(data, base[at:next]...), append(segments, Segment{Len: next - at, From: at})
		}
		from := random.IntN(len(base))
		fresh := base[from:min(len(base), from+1+random.IntN(120))]
		data, segments = append(data, fresh...), append(segments, Segment{Len: len(fresh), From: Inserted})
		at = next + gone
	}
	if at < len(base) {
		data, segments = append(data, base[at:]...), append(segments, Segment{Len: len(base) - at, From: at})
	}
	return data, segments
}
