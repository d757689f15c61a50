package patterns

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// alphabetSets spells the named alphabets as sets. The names follow the vendors' habit of naming encodings
// (RFC 4648 for base16, base32, base64), so that a rule file reads like the vendor's page.
func alphabetSets() map[string]string {
	return map[string]string{
		"digits":        "[0-9]",
		"hex-lower":     "[0-9a-f]",
		"hex-upper":     "[0-9A-F]",
		"hex":           "[0-9a-fA-F]",
		"base32-upper":  "[A-Z2-7]",
		"base32-lower":  "[a-z2-7]",
		"base36":        "[0-9a-z]",
		"base58":        "[1-9A-HJ-NP-Za-km-z]",
		"base62":        "[0-9A-Za-z]",
		"base64":        "[0-9A-Za-z+/=]",
		"base64url":     "[0-9A-Za-z_-]",
		"base64url.":    "[0-9A-Za-z_.-]",
		"base64url=":    "[0-9A-Za-z_=-]",
		"base64-any":    "[0-9A-Za-z+/=_-]",
		"lower":         "[a-z]",
		"upper":         "[A-Z]",
		"alpha":         "[A-Za-z]",
		"alnum":         "[0-9A-Za-z]",
		"alnum_":        "[0-9A-Za-z_]",
		"alnum-":        "[0-9A-Za-z-]",
		"lower-alnum":   "[0-9a-z]",
		"lower-alnum_":  "[0-9a-z_]",
		"lower-alnum_-": "[0-9a-z_-]",
		"upper-alnum":   "[0-9A-Z]",
		"url-safe":      "[0-9A-Za-z_.~%-]",
		"nonspace":      "[!-~]",
	}
}

// AlphabetNames are the names that Alphabet knows, sorted.
func AlphabetNames() []string { return slices.Sorted(maps.Keys(alphabetSets())) }

// Alphabet returns the bytes of an alphabet: a name of [AlphabetNames], or a set of printable ASCII in the
// form "[A-Z2-7_-]": characters and ranges, a "-" at either end stands for itself, no negation, no escapes.
// The table belongs to the caller.
func Alphabet(name string) (*[256]bool, error) {
	if set, named := alphabetSets()[name]; named {
		return parseSet(set)
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
