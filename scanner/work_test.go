package scanner

import (
	"strings"
	"testing"

	"github.com/keywright/keywright/patterns"
)

// hostilePatterns have every form whose work could grow faster than the text.
func hostilePatterns() []*patterns.Pattern {
	return []*patterns.Pattern{
		{ID: "a.free", Format: &patterns.Format{
			FreePrefix: true, Parts: []patterns.Part{{Alphabet: "base62", Min: 42, Max: 42}, {Literal: "Kw1"}},
			Checksum: &patterns.Checksum{Name: "crc32-base62", Over: "all", Length: 6},
		}},
		{ID: "a.open", Format: &patterns.Format{Prefix: "abc_", Boundary: true, Parts: []patterns.Part{{Alphabet: "alnum_", Min: 20}}}},
		{ID: "a.split", Format: &patterns.Format{Prefix: "aaa", Parts: []patterns.Part{
			{Alphabet: "lower", Min: 1, Max: 100}, {Literal: "a"}, {Alphabet: "lower", Min: 1, Max: 100}, {Literal: "-"},
		}}},
		{ID: "a.before", Format: &patterns.Format{Parts: []patterns.Part{{Alphabet: "lower", Min: 10, Max: 200}, {Literal: "aaa-"}, {Alphabet: "digits", Min: 5, Max: 5}}}},
		{ID: "a.regex", Regex: &patterns.Regex{Expr: `(?:secret|token).{0,100}x{8}`, Literals: []string{"secret", "token"}, MaxBytes: 128}},
		{ID: "a.wide", Regex: &patterns.Regex{Expr: `BEGIN[\s\S]{0,200}END`, Literals: []string{"BEGIN"}, MaxBytes: 208}},
		{ID: "a.generic", Generic: true, Regex: &patterns.Regex{Expr: `(?P<s>\S{8,64}) is the password`, Literals: []string{"password"}, Secret: "s", MaxBytes: 96}},
	}
}

// TestTheWorkGrowsWithTheTextOnly counts the bytes that the rungs look at: twice the text is twice the work
// whatever the text is, and a text costs at most a bounded number of looks at each byte.
func TestTheWorkGrowsWithTheTextOnly(t *testing.T) {
	t.Parallel()
	program, err := compile(hostilePatterns())
	if err != nil {
		t.Fatal(err)
	}
	const size = 32 << 10
	for _, test := range []struct{ name, unit string }{
		{"the mark of a key over and over", "Kw1"},
		{"keys without a checksum", "a_" + strings.Repeat("b", 42) + "Kw1000000"},
		{"prefixes of one letter", strings.Repeat("a", 24) + "_" + strings.Repeat("0", 42) + "Kw1000000"},
		{"a prefix in its own body", "abc_"},
		{"one letter", "a"},
		{"an anchor behind a long run", strings.Repeat("a", 300) + "aaa-1234"},
		{"a word of an expression", "secret"},
		{"a window that is opened and never closed", "BEGIN"},
		{"a window that is closed", "BEGIN END"},
		{"a word that is looked for behind", "x password"},
		{"matches side by side", "abcdefgh is the password "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			work := func(n int) int64 {
				p := newPass(program)
				p.reset([]byte(strings.Repeat(test.unit, n/len(test.unit))), nil, nil, 1<<30)
				p.run()
				work := p.work
				for i := range p.states {
					if e := program.rules[i].expression; e != nil {
						work += p.states[i].expression.steps / e.shape().size
					}
				}
				return work
			}
			one, two := work(size), work(2*size)
			if two > one*5/2 {
				t.Errorf("twice the text is %d times the work, in hundredths", two*100/one)
			}
			const looksAtOneByte = 1000
			if one > looksAtOneByte*size {
				t.Errorf("%d looks at a byte", one/size)
			}
			t.Logf("%d looks at a byte", one/size)
		})
	}
}

// TestALargeExpressionReadsAnHonestTextToItsEnd: its literal stands all over the text, as in generated code,
// and one look at each byte may cost more steps than a small expression has for a byte.
func TestALargeExpressionReadsAnHonestTextToItsEnd(t *testing.T) {
	t.Parallel()
	program, err := compile([]*patterns.Pattern{{ID: "a.large", Regex: &patterns.Regex{
		Expr: `(?:^|[^a-z.])[01]\.A[a-z]{20,900}\.[a-z]{200,1000}[a-z]{0,1000}[a-z]{0,1000}[a-z]{0,1000}`, Literals: []string{"0.A", "1.A"}, MaxBytes: 4900,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	p := newPass(program)
	p.reset([]byte(strings.Repeat("v_0.AuxInt = int64(v_1.AuxInt)\n", 1<<15)), nil, nil, 10)
	p.run()
	if p.spent {
		t.Errorf("%d instructions: the budget is spent", program.rules[0].expression.shape().size)
	}
}
