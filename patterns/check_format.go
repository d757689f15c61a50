package patterns

import (
	"fmt"
	"slices"
	"strings"

	"github.com/keywright/keywright/internal/checksum"
)

func (f *Format) check() []string {
	var out []string
	if f.Prefix != "" && len(f.Prefixes) > 0 {
		out = append(out, "format has prefix and prefixes: keep one")
	}
	if len(f.Parts) == 0 || len(f.Parts) > maxParts {
		out = append(out, fmt.Sprintf("format needs 1 to %d parts", maxParts))
	}
	out = append(out, f.checkPrefixes()...)
	for i := range f.Parts {
		out = append(out, f.Parts[i].check()...)
	}
	if len(out) > 0 {
		return out
	}
	return slices.Concat(f.checkRuns(), f.checkEdge(), f.checkChecksum())
}

// checkEdge: a match does not begin behind a byte of its first run's alphabet, and values stand behind NAME=.
func (f *Format) checkEdge() []string {
	if !f.Boundary {
		return nil
	}
	for _, part := range f.Parts {
		if part.Literal != "" {
			continue
		}
		table, err := Alphabet(part.Alphabet)
		if err == nil && table['='] {
			return []string{fmt.Sprintf("the first run's alphabet, %s, holds =, so that NAME=value would be taken for a longer run: leave = out", part.Alphabet)}
		}
		return nil
	}
	return nil
}

func (f *Format) checkPrefixes() []string {
	var out []string
	anchored := slices.ContainsFunc(f.Parts, func(p Part) bool { return len(p.Literal) >= minLiteralBytes })
	if f.FreePrefix && (len(f.AllPrefixes()) > 0 || f.Checksum == nil || f.Checksum.Over != "all") {
		out = append(out, "free_prefix goes with no prefix and with a checksum over all: the checksum decides where it begins")
	}
	for _, prefix := range f.AllPrefixes() {
		if len(prefix) > maxPrefixBytes || !printable(prefix) {
			out = append(out, fmt.Sprintf("prefix %q: printable ASCII without blanks, at most %d bytes", prefix, maxPrefixBytes))
		}
		if len(prefix) < minLiteralBytes && !anchored {
			out = append(out, fmt.Sprintf("prefix %q is shorter than %d bytes, and no part is a literal of that length", prefix, minLiteralBytes))
		}
	}
	if len(f.AllPrefixes()) == 0 && !anchored {
		out = append(out, fmt.Sprintf("needs a prefix or a literal part of %d bytes or more", minLiteralBytes))
	}
	return out
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < '!' || r > '~' })
}

func (p *Part) check() []string {
	switch {
	case (p.Literal == "") == (p.Alphabet == ""):
		return []string{"a part is either a literal or an alphabet with a length"}
	case p.Literal != "" && !printable(p.Literal):
		return []string{fmt.Sprintf("literal %q: printable ASCII without blanks", p.Literal)}
	case p.Literal != "" && (p.Min != 0 || p.Max != 0):
		return []string{fmt.Sprintf("literal %q has a length of its own: remove length, min and max", p.Literal)}
	case p.Literal != "":
		return nil
	case p.Min < 1 || p.Max != 0 && p.Max < p.Min || max(p.Min, p.Max) > maxMatchBytes:
		return []string{fmt.Sprintf("a run of %s needs length, or min (1 or more) and max, at most %d", p.Alphabet, maxMatchBytes)}
	}
	if _, err := Alphabet(p.Alphabet); err != nil {
		return []string{err.Error()}
	}
	return nil
}

// checkRuns: where a run of no fixed length ends must be clear from the next byte alone, so that matching
// needs no second try.
func (f *Format) checkRuns() []string {
	var out []string
	for i, part := range f.Parts[:len(f.Parts)-1] {
		if part.Literal != "" || part.Min == part.Max {
			continue
		}
		table, err := Alphabet(part.Alphabet)
		if err != nil {
			return []string{err.Error()}
		}
		if overlaps(table, f.Parts[i+1]) {
			out = append(out, fmt.Sprintf("the run of %s has no fixed length and its alphabet holds the start of the next part: use regex", part.Alphabet))
		}
	}
	return out
}

func overlaps(table *[256]bool, next Part) bool {
	if next.Literal != "" {
		return table[next.Literal[0]]
	}
	other, err := Alphabet(next.Alphabet)
	if err != nil {
		return true
	}
	for c := range table {
		if table[c] && other[c] {
			return true
		}
	}
	return false
}

func (f *Format) checkChecksum() []string {
	c := f.Checksum
	if c == nil {
		return nil
	}
	sum, known := checksum.ByName(c.Name)
	if !known {
		return []string{fmt.Sprintf("unknown checksum %q: one of %s", c.Name, strings.Join(checksum.Names(), ", "))}
	}
	if c.Over != "body" && c.Over != "all" {
		return []string{fmt.Sprintf("checksum over %q: body or all", c.Over)}
	}
	if c.Length < 1 || c.Length > 64 || sum("keywright", c.Length) == "" {
		return []string{fmt.Sprintf("checksum length %d: %s needs more digits, at most 64", c.Length, c.Name)}
	}
	return nil
}
