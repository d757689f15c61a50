package decode

import (
	"testing"

	"pgregory.net/rapid"
)

// firstRun is nextRun by looking at each byte.
func firstRun(data []byte, i int) int {
	for start := i; i < len(data); i++ {
		if classes[data[i]]&classBase64 == 0 {
			start = i + 1
		} else if i+1-start == MinRun {
			return start
		}
	}
	return len(data)
}

func TestNextRunMissesNoRun(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		data := []byte{}
		for range rapid.IntRange(0, 8).Draw(t, "words") {
			data = append(data, rapid.StringMatching(`[aB3]{0,22}[ .=]{0,2}`).Draw(t, "word")...)
		}
		for i := 0; i <= len(data); i++ {
			if i > 0 && classes[data[i-1]]&classBase64 != 0 {
				continue
			}
			if got, want := nextRun(data, i), firstRun(data, i); got != want {
				t.Fatalf("from %d: %d, want %d in %q", i, got, want, data)
			}
		}
	})
}
