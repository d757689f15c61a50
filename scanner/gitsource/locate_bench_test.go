package gitsource_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
)

// BenchmarkLocate finds the places of some blobs of a history, and says how long that takes against reading the
// history, and with BENCH_GIT set against the same through git.
func BenchmarkLocate(b *testing.B) {
	dir := benchRepo(b)
	for _, n := range []int{1, 200, 10_000} {
		b.Run(fmt.Sprintf("of %d blobs", n), func(b *testing.B) {
			var own, read time.Duration
			for b.Loop() {
				own, read = timeLocate(b, dir, gitsource.Options{}, n)
			}
			b.ReportMetric(own.Seconds()/read.Seconds(), "of-reading")
			if os.Getenv("BENCH_GIT") != "" {
				slow, _ := timeLocate(b, dir, gitsource.Options{ThroughGit: true}, n)
				b.ReportMetric(own.Seconds()/slow.Seconds(), "of-through-git")
			}
		})
	}
}

const locateRuns = 3

// timeLocate returns the times of one locating and of one reading.
func timeLocate(b *testing.B, dir string, options gitsource.Options, n int) (locating, reading time.Duration) {
	b.Helper()
	r, err := gitsource.Open(dir, options)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	h := r.History()
	start := time.Now()
	var all []scanner.BlobID
	for blob, err := range h.Blobs(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
		if blob.Kind == scanner.KindFile {
			all = append(all, blob.ID)
		}
	}
	reading = time.Since(start)
	var ids []scanner.BlobID
	for i := 0; i < len(all); i += max(1, len(all)/n) {
		ids = append(ids, all[i])
	}
	start = time.Now()
	for range locateRuns {
		found, err := h.Locate(b.Context(), ids)
		if err != nil || len(found) == 0 {
			b.Fatalf("located %d blobs, error %v", len(found), err)
		}
	}
	return time.Since(start) / locateRuns, reading
}
