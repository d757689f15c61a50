package decode

import (
	"math/rand/v2"
	"testing"
)

// TestNoBorderIsPassedOver compares the search for borders with a look at each place.
func TestNoBorderIsPassedOver(t *testing.T) {
	t.Parallel()
	found := 0
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 3))
		data := make([]byte, 1+r.IntN(300))
		letters := []string{"ab \n\"{}", "aB0= \t{\n", "61 :\n  {", "abcdefgh(){};, \"\"\t", "\\n\n+-#*> {"}[r.IntN(5)]
		for i := range data {
			data[i] = letters[r.IntN(len(letters))]
		}
		lo := r.IntN(len(data))
		first := lo + 1
		for first <= len(data) && !border(data, lo, first) {
			first++
		}
		got := firstBorder(data, lo, len(data))
		if got != first && (got <= len(data) || first <= len(data)) {
			t.Fatalf("seed %d: the first border behind %d is %d, want %d", seed, lo, got, first)
		}
		if first > len(data) {
			continue
		}
		found++
		last := len(data)
		for last > first && !border(data, lo, last) {
			last--
		}
		if got := lastBorder(data, lo, first, len(data)); got != last {
			t.Fatalf("seed %d: the last border is %d, want %d", seed, got, last)
		}
	}
	if found < 1000 {
		t.Errorf("%d texts have a border", found)
	}
}
