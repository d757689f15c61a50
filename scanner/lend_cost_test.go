//go:build !race

package scanner

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// Not under the race detector: there the pools of package regexp forget some of what they are given, on purpose.
func TestABlobWithoutAClaimCostsNoAllocation(t *testing.T) {
	s := builtinScanner(t)
	w := newWorker(s)
	random := rand.New(rand.NewPCG(1, 8))
	data := []byte(strings.Repeat("func f(token string) error { return nil } // AKIA secret ", 50))
	edited, segments := (&writer{random, []string{"x"}}).edit(data)
	_, traces := w.guarded(Lent{Blob: Blob{Data: data}, IsBase: true})
	if traces == nil || len(traces.hits) == 0 {
		t.Fatal("no traces")
	}
	for _, test := range []struct {
		name string
		lent Lent
		most float64
	}{
		{"alone", Lent{Blob: Blob{Data: data}}, 0},
		{"made from another", Lent{Blob: Blob{Data: edited}, Base: traces, Segments: segments}, 0},
		{"of which others are made", Lent{Blob: Blob{Data: data}, IsBase: true}, 2},
	} {
		if n := testing.AllocsPerRun(50, func() { w.guarded(test.lent) }); n > test.most {
			t.Errorf("%s: %v allocations, want at most %v", test.name, n, test.most)
		}
	}
}
