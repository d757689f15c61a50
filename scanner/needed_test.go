package scanner

import (
	"regexp/syntax"
	"testing"
)

func TestNeededByteStandsInEachMatchAndInNoLiteral(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, expr string
		literals   []string
		want       string // empty: none
	}{
		{"a byte behind the literal", `://\w+@`, []string{"://"}, "@"},
		{"a sign before a letter", `tokenx=`, []string{"token"}, "="},
		{"a letter when there is no sign", `token_?z`, []string{"token"}, "z"},
		{"one in both alternatives", `key(?:=a|b=)`, []string{"key"}, "="},
		{"none in only one of them", `key(?:=|:)`, []string{"key"}, ""},
		{"none that may be left out", `key=?:*(?:@){0,3}`, []string{"key"}, ""},
		{"one that is repeated", `key(?:[=]{2,3})+`, []string{"key"}, "="},
		{"one in a group", `key(?P<s>\w+;)`, []string{"key"}, ";"},
		{"no letter in any case", `(?i)tokenz`, []string{"token"}, ""},
		{"a sign beside letters in any case", `(?i)token-z`, []string{"token"}, "-"},
		{"no letter beyond ASCII", `keyé`, []string{"key"}, ""},
		{"none of the literal's own", `key=`, []string{"key="}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tree, err := syntax.Parse(test.expr, syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if needed, known := neededByte(tree, test.literals); known {
				got = string(rune(needed))
			}
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestNeededBytesStandInTheCataloguesExamples(t *testing.T) {
	t.Parallel()
	tested := 0
	for _, r := range builtinScanner(t).program.rules {
		if r.expression == nil || !r.expression.shape().needsByte {
			continue
		}
		tested++
		for _, example := range r.pattern.Examples {
			for variant := range r.pattern.Variants() {
				expanded, err := r.pattern.ExpandVariant(example, variant)
				if err != nil {
					t.Fatal(err)
				}
				if shape := r.expression.shape(); shape.lacks([]byte(expanded.Text)) {
					t.Errorf("%s: %q is not in an example", r.pattern.ID, shape.needed)
				}
			}
		}
	}
	if tested == 0 {
		t.Error("no expression needs a byte")
	}
}
