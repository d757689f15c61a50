package decode

import (
	"testing"

	"pgregory.net/rapid"
)

// TestNextWordPassesNothingThatDecodes holds nextWord against a walk over every word.
func TestNextWordPassesNothingThatDecodes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		data := []byte{}
		for range rapid.IntRange(0, 6).Draw(t, "pieces") {
			form := rapid.SampledFrom([]string{
				`[aB3z]{0,22}[ .=]{0,2}`, `(61[ :,]){1,30}`, `(0x6[1a], ?){1,24}`, `(6162 ){1,12}`, `[ \t\n]{1,30}`,
				`(00000010: (6162 ){8} ab\.\.ab\n){1,3}`, `(6[1a] ){16} \|[ab.]{16}\|\n`,
			}).Draw(t, "form")
			data = append(data, rapid.StringMatching(form).Draw(t, "piece")...)
		}
		decoded := false
		w := &Walker{}
		w.start(data, Limits{MaxDepth: 1}, func(*Piece) { decoded = true })
		for i := 0; i < len(data); {
			if cut := i > 0 && classes[data[i-1]]&classBase64 != 0 && classes[data[i]]&classBase64 != 0; cut {
				i++
				continue
			}
			next := nextWord(data, i, len(data))
			for at := wordStart(data, i); at < next; {
				end, _, all := stretch(data, at)
				if end-at >= MinRun {
					t.Fatalf("from %d to %d passes a run at %d in %q", i, next, at, data)
				}
				if mayBeHexGroup(data[at:end], all) {
					w.hexBytes(data, at, true, nil, 0)
				}
				if decoded {
					t.Fatalf("from %d to %d passes bytes written apart at %d in %q", i, next, at, data)
				}
				at = wordStart(data, end)
			}
			i++
		}
	})
}
