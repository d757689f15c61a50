package patterns_test

import (
	"testing"

	"github.com/keywright/keywright/patterns"
)

func TestAlphabet(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, alphabet, holds, lacks string
		size                         int
	}{
		{"base32 has no 0, 1, 8 and 9", "base32-upper", "AZ27", "0189a", 32},
		{"base62 is letters and digits", "base62", "azAZ09", "_-+/", 62},
		{"base64url has the dash and the underscore", "base64url", "-_aZ9", "+/=", 64},
		{"a set is read as ranges", "[A-C7]", "ABC7", "D-", 4},
		{"a dash at the end is a dash", "[a-c_-]", "abc_-", "d", 5},
		{"a dash at the start is a dash", "[-ab]", "-ab", "c", 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			table, err := patterns.Alphabet(test.alphabet)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []byte(test.holds) {
				if !table[c] {
					t.Errorf("%s lacks %q", test.alphabet, c)
				}
			}
			for _, c := range []byte(test.lacks) {
				if table[c] {
					t.Errorf("%s holds %q", test.alphabet, c)
				}
			}
			size := 0
			for _, in := range table {
				if in {
					size++
				}
			}
			if size != test.size {
				t.Errorf("%s holds %d bytes, want %d", test.alphabet, size, test.size)
			}
		})
	}
}

func TestEveryNamedAlphabetCanBeRead(t *testing.T) {
	t.Parallel()
	for _, name := range patterns.AlphabetNames() {
		if _, err := patterns.Alphabet(name); err != nil {
			t.Error(err)
		}
	}
}

func TestAlphabetRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, alphabet string }{
		{"an unknown name", "base99"},
		{"an empty name", ""},
		{"an empty set", "[]"},
		{"an open set", "[abc"},
		{"a negated set", "[^a]"},
		{"a range that runs backwards", "[z-a]"},
		{"blanks", "[a b]"},
		{"bytes beyond ASCII", "[a-é]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := patterns.Alphabet(test.alphabet); err == nil {
				t.Errorf("%q was accepted", test.alphabet)
			}
		})
	}
}
