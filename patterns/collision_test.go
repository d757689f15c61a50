package patterns

import (
	"regexp"
	"slices"
	"testing"
)

func TestCollisions(t *testing.T) {
	t.Parallel()
	set, err := NewSet("test",
		&Pattern{ID: "acme.fixed", Format: &Format{Prefix: "acme_", Parts: []Part{{Alphabet: "base62", Min: 36, Max: 36}}}},
		&Pattern{ID: "acme.open", Format: &Format{Prefixes: []string{"open_live_", "open_test_"}, Parts: []Part{{Alphabet: "alnum", Min: 10, Max: 99}}}},
		&Pattern{ID: "acme.keyword", Regex: &Regex{Expr: "word_.{3}(?P<s>[a-z]{9})", Literals: []string{"word_"}, Secret: "s", Mint: "{lower:9}"}},
		&Pattern{ID: "acme.regex", Regex: &Regex{Expr: "rx_[a-z]{9}", Literals: []string{"rx_"}, Mint: "rx_{lower:9}"}},
		&Pattern{ID: OwnID, Format: &Format{FreePrefix: true, Parts: []Part{{Alphabet: "base62", Min: 42, Max: 42}, {Literal: "Kw1"}}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, prefix string
		want         []Collision
	}{
		{"a prefix of nobody", "mine_live", nil},
		{"the same start with another length only confuses people", "acme", []Collision{{Pattern: "acme.fixed", Literal: "acme_"}}},
		{"a longer start counts", "acme_live", []Collision{{Pattern: "acme.fixed", Literal: "acme_"}}},
		{"a shorter start counts", "open", []Collision{{Pattern: "acme.open", Literal: "open_live_"}, {Pattern: "acme.open", Literal: "open_test_"}}},
		{"a shape that fits claims the key", "open_live", []Collision{{Pattern: "acme.open", Literal: "open_live_", Claimed: true}}},
		{"a keyword near a secret is no start", "word", nil},
		{"a regex that begins with its literal", "rx", []Collision{{Pattern: "acme.regex", Literal: "rx_"}}},
		{"the beginning of a word is another word", "acm", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := Collisions(set, test.prefix); !slices.Equal(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestTheExpressionOfAFormatTakesItsMintedCredentials(t *testing.T) {
	t.Parallel()
	for _, p := range builtinSet(t).All() {
		if p.Format == nil {
			continue
		}
		re, err := regexp.Compile(`\A(?:` + p.Expression() + `)\z`)
		if err != nil {
			t.Errorf("%s: %v", p.ID, err)
			continue
		}
		for v := range p.Variants() {
			if e, err := p.ExpandVariant("${secret}", v); err != nil || !re.MatchString(e.Secret) {
				t.Errorf("%s: variant %d is not of the expression (%v)", p.ID, v, err)
			}
		}
	}
}
