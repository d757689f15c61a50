package scanner

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/patterns"
)

// withAutomaton is the scanner with the prefilter that is the oracle.
func withAutomaton(s *Scanner) *Scanner {
	slow, program := *s, *s.program
	program.prefilter = newAutomaton(s.program.prefilter.(*rareWindows).literals)
	slow.program = &program
	return &slow
}

// sameFindings compares what two scanners find in data and returns how many findings that are.
func sameFindings(t *testing.T, a, b *Scanner, name string, data []byte) int {
	t.Helper()
	ctx := context.Background()
	got, gotSkips := a.ScanBytes(ctx, Blob{Data: data})
	want, wantSkips := b.ScanBytes(ctx, Blob{Data: data})
	if len(got) != len(want) || !reflect.DeepEqual(gotSkips, wantSkips) {
		t.Errorf("%s: %d findings and %d skips, want %d and %d", name, len(got), len(gotSkips), len(want), len(wantSkips))
		return 0
	}
	for i := range got {
		if !got[i].Secret.Equal(want[i].Secret) {
			t.Errorf("%s: finding %d is another secret", name, i)
		}
		g, w := got[i], want[i]
		g.Secret, w.Secret = secret.Text{}, secret.Text{}
		if !reflect.DeepEqual(g, w) {
			t.Errorf("%s: finding %d by %s at %+v, want %s at %+v", name, i, g.Pattern, g.Location.Span, w.Pattern, w.Location.Span)
		}
	}
	return len(got)
}

func TestThePrefiltersGiveTheSameFindingsInRealText(t *testing.T) {
	t.Parallel()
	fast := builtinScanner(t)
	slow := withAutomaton(fast)
	toolchainText(t, 16, func(data []byte) { sameFindings(t, fast, slow, fmt.Sprintf("a file of %d bytes", len(data)), data) })
}

// TestThePrefiltersGiveTheSameFindingsInPlantedText plants secrets of every pattern, in clear and encoded, at
// every distance from each other.
func TestThePrefiltersGiveTheSameFindingsInPlantedText(t *testing.T) {
	t.Parallel()
	fast := builtinScanner(t)
	slow := withAutomaton(fast)
	random := rand.New(rand.NewPCG(1, 2))
	found := 0
	for _, p := range fast.set.All() {
		for variant := range p.Variants() {
			data := plant(t, p, variant, random)
			found += sameFindings(t, fast, slow, string(p.ID), data)
		}
	}
	if found < 2*fast.set.Len() {
		t.Errorf("%d findings in texts with secrets of %d patterns", found, fast.set.Len())
	}
}

// plant makes a text with a secret of p in the context of its examples, as it is, in base64 and in hex.
func plant(t *testing.T, p *patterns.Pattern, variant int, random *rand.Rand) []byte {
	t.Helper()
	const letters = "abcdefghij KLMN_-=:\"\n./0123456789"
	var out strings.Builder
	noise := func() {
		for range random.IntN(40) {
			out.WriteByte(letters[random.IntN(len(letters))])
		}
	}
	for _, example := range p.Examples {
		expanded, err := p.ExpandVariant(example, variant)
		if err != nil {
			t.Fatal(err)
		}
		line := expanded.Text
		noise()
		out.WriteString(line)
		noise()
		out.WriteString("\n" + base64.StdEncoding.EncodeToString([]byte(line)))
		noise()
		out.WriteString("\n" + hex.EncodeToString([]byte(line)) + "\n")
	}
	return []byte(out.String())
}
