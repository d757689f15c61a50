package patterns

import (
	"fmt"
	"strings"
)

// alphabets spells the named alphabets as sets, by name. The names follow the vendors' habit of naming
// encodings (RFC 4648 for base16, base32, base64), so that a rule file reads like the vendor's page.
var alphabets = [...]struct{ name, set string }{
	{"alnum", "[0-9A-Za-z]"},
	{"alnum-", "[0-9A-Za-z-]"},
	{"alnum_", "[0-9A-Za-z_]"},
	{"alpha", "[A-Za-z]"},
	{"base32-lower", "[a-z2-7]"},
	{"base32-upper", "[A-Z2-7]"},
	{"base36", "[0-9a-z]"},
	{"base58", "[1-9A-HJ-NP-Za-km-z]"},
	{"base62", "[0-9A-Za-z]"},
	{"base64", "[0-9A-Za-z+/=]"},
	{"base64-any", "[0-9A-Za-z+/=_-]"},
	{"base64url", "[0-9A-Za-z_-]"},
	{"base64url.", "[0-9A-Za-z_.-]"},
	{"base64url=", "[0-9A-Za-z_=-]"},
	{"digits", "[0-9]"},
	{"hex", "[0-9a-fA-F]"},
	{"hex-lower", "[0-9a-f]"},
	{"hex-upper", "[0-9A-F]"},
	{"lower", "[a-z]"},
	{"lower-alnum", "[0-9a-z]"},
	{"lower-alnum_", "[0-9a-z_]"},
	{"lower-alnum_-", "[0-9a-z_-]"},
	{"nonspace", "[!-~]"},
	{"upper", "[A-Z]"},
	{"upper-alnum", "[0-9A-Z]"},
	{"url-safe", "[0-9A-Za-z_.~%-]"},
}

// AlphabetNames are the names that Alphabet knows, sorted.
func AlphabetNames() []string {
	names := make([]string, len(alphabets))
	for i, a := range alphabets {
		names[i] = a.name
	}
	return names
}

// Alphabet returns the bytes of an alphabet: a name of [AlphabetNames], or a set of printable ASCII in the
// form "[A-Z2-7_-]": characters and ranges, a "-" at either end stands for itself, no negation, no escapes.
// The table belongs to the caller.
func Alphabet(name string) (*[256]bool, error) {
	for _, a := range alphabets {
		if a.name == name {
			return parseSet(a.set)
		}
	}
	if strings.HasPrefix(name, "[") {
		return parseSet(name)
	}
	return nil, fmt.Errorf("unknown alphabet %q: use a set like [A-Z2-7] or one of %s", name, strings.Join(AlphabetNames(), ", "))
}

func parseSet(set string) (*[256]bool, error) {
	if len(set) < 3 || set[0] != '[' || set[len(set)-1] != ']' {
		return nil, fmt.Errorf("alphabet %q: a set is characters between [ and ]", set)
	}
	body := set[1 : len(set)-1]
	if strings.HasPrefix(body, "^") {
		return nil, fmt.Errorf("alphabet %q: a set cannot be negated, list what it holds", set)
	}
	var table [256]bool
	for i := 0; i < len(body); i++ {
		from, to := body[i], body[i]
		if i+2 < len(body) && body[i+1] == '-' {
			to = body[i+2]
			i += 2
		}
		if from < '!' || to > '~' || from > to {
			return nil, fmt.Errorf("alphabet %q: %q-%q is no range of printable ASCII", set, from, to)
		}
		for c := int(from); c <= int(to); c++ {
			table[c] = true
		}
	}
	return &table, nil
}

// size is the number of bytes in the alphabet.
func size(table *[256]bool) int {
	n := 0
	for _, in := range table {
		if in {
			n++
		}
	}
	return n
}

// members are the bytes of the alphabet in order.
func members(table *[256]bool) []byte {
	out := make([]byte, 0, 64)
	for c, in := range table {
		if in {
			out = append(out, byte(c))
		}
	}
	return out
}
