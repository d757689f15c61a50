package laws_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/laws"
)

func TestTheBuiltinCatalogueKeepsTheLaws(t *testing.T) {
	t.Parallel()
	set, err := patterns.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := laws.Check(t.Context(), set, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
}

func sound() *patterns.Pattern {
	return &patterns.Pattern{
		ID: "acme.key", Vendor: "acme", Name: "Acme key",
		Format:   &patterns.Format{Prefix: "acme_", Parts: []patterns.Part{{Alphabet: "base62", Min: 20, Max: 24}}, Boundary: true},
		Examples: []string{"KEY=${secret}"},
		CounterExamples: []patterns.CounterExample{
			{Text: "KEY=${secret.truncated}", Why: "cut"},
		},
	}
}

func TestCheckFindsWhatBreaksALaw(t *testing.T) {
	t.Parallel()
	rival := func() *patterns.Pattern {
		p := sound()
		p.ID, p.Name = "acme.rival", "Rival"
		p.Examples, p.CounterExamples = []string{"rival: acme_x"}, nil
		return p
	}
	for _, test := range []struct {
		name   string
		change func(p *patterns.Pattern)
		others []*patterns.Pattern
		want   string
	}{
		{"a sound pattern", func(*patterns.Pattern) {}, nil, ""},
		{"an example that is not found", func(p *patterns.Pattern) { p.Keywords = []string{"token"} }, nil, "is not found"},
		{"an example in which another pattern finds something", func(p *patterns.Pattern) { p.Examples = []string{"other_0a1b2c3d4e5f6071 ${secret}"} },
			[]*patterns.Pattern{{ID: "other.key", Format: &patterns.Format{Prefix: "other_", Parts: []patterns.Part{{Alphabet: "hex", Min: 16, Max: 16}}}}}, "is also found by other.key"},
		{"an example that a better pattern claims", func(p *patterns.Pattern) { p.ID, p.Generic = "acme.zzz", true }, []*patterns.Pattern{rival()}, "also found by acme.rival"},
		{"the same, shared", func(p *patterns.Pattern) {
			p.ID, p.Generic, p.SharedWith = "acme.zzz", true, []patterns.ID{"acme.rival"}
		}, []*patterns.Pattern{rival()}, ""},
		{"a counter-example that is found", func(p *patterns.Pattern) { p.CounterExamples[0].Text = "KEY=${secret}" }, nil, "counter_example \"KEY=${secret}\" (cut) is found by acme.key"},
		{"a share with nobody", func(p *patterns.Pattern) { p.SharedWith = []patterns.ID{"acme.none"} }, nil, "which is no pattern"},
		{"an entry that breaks its form", func(p *patterns.Pattern) { p.Name = "" }, nil, "has no name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := sound()
			test.change(p)
			set, err := patterns.NewSet("test", append([]*patterns.Pattern{p}, test.others...)...)
			if err != nil {
				t.Fatal(err)
			}
			problems, err := laws.Check(t.Context(), set, func(q *patterns.Pattern) bool { return q == p })
			if err != nil {
				t.Fatal(err)
			}
			if test.want == "" {
				for _, problem := range problems {
					t.Error(problem)
				}
				return
			}
			if len(problems) == 0 || !strings.Contains(problems[0].Error(), test.want) {
				t.Errorf("got %v, want %s", problems, test.want)
			}
		})
	}
}

func TestCheckEndsWithItsContextAndWithoutPatterns(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	set, err := patterns.NewSet("test", sound())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := laws.Check(ctx, set, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("after its end: %v", err)
	}
	empty, err := patterns.NewSet("empty")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := laws.Check(t.Context(), empty, nil); !errors.Is(err, scanner.ErrNoPatterns) {
		t.Errorf("with no patterns: %v", err)
	}
}

// TestAPrivateKeyIsFoundWhateverItsLinesBeginWith: a key in a comment, a quoted mail or a patch is a key.
func TestAPrivateKeyIsFoundWhateverItsLinesBeginWith(t *testing.T) {
	t.Parallel()
	set, err := patterns.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{NoFingerprints: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range set.All() {
		switch p.ID {
		case "private-key.rsa", "private-key.ec", "private-key.openssh", "private-key.pkcs8", "private-key.pgp":
		default:
			continue
		}
		block, err := patterns.Mint(p, "lines")
		if err != nil {
			t.Fatal(err)
		}
		for _, mark := range []string{"+", "# ", "// ", " * ", "> "} {
			text := mark + strings.ReplaceAll(block, "\n", "\n"+mark) + "\n"
			findings, skips := s.ScanBytes(t.Context(), scanner.Blob{Data: []byte(text)})
			if len(findings) != 1 || findings[0].Pattern != p.ID || len(skips) > 0 {
				t.Errorf("%s behind %q: %d findings, skips %v", p.ID, mark, len(findings), skips)
			}
		}
	}
}
