package patterns

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/keywright/keywright/internal/checksum"
)

// Collision is a pattern of the catalogue whose literal start and a key family's prefix are one another's
// beginning.
type Collision struct {
	Pattern ID
	Name    string
	Literal string // the pattern's start
	// Claimed: the whole shape fits too, so that a key of the family would be taken for this credential.
	// Otherwise only people can confuse the two.
	Claimed bool
}

// Collisions are the patterns that a key family named prefix (without the last underscore) collides with, in
// the set's order. The pattern of our own keys is left out: it takes any prefix.
func Collisions(set *Set, prefix string) []Collision {
	start := prefix + "_"
	key := sampleKey(start)
	var out []Collision
	for _, p := range set.All() {
		for _, literal := range p.starts() {
			if strings.HasPrefix(start, literal) || strings.HasPrefix(literal, start) {
				out = append(out, Collision{p.ID, p.Name, literal, p.claims(key)})
			}
		}
	}
	return out
}

// starts are the literals that p's credentials begin with.
func (p *Pattern) starts() []string {
	if p.Format != nil {
		return p.Format.AllPrefixes()
	}
	minted, err := Mint(p, "")
	if err != nil {
		return nil
	}
	var out []string
	for _, literal := range p.Regex.Literals {
		if strings.HasPrefix(minted, literal) {
			out = append(out, literal)
		}
	}
	return out
}

// sampleKey is a key of ours under start: 42 base62, the mark, a valid checksum.
func sampleKey(start string) string {
	m := minter{source: stream(OwnID, start, 0)}
	key := start + m.run([]byte(checksum.Base62), 42) + "Kw1"
	return key + checksum.CRC32Base62(key, 6)
}

// claims says whether p's shape takes key as a whole. Its checksum is not looked at: a pattern that has one
// claims nothing of ours but by an accident of 2^-32.
func (p *Pattern) claims(key string) bool {
	if p.Format != nil && p.Format.Checksum != nil {
		return false
	}
	expr := `\A(?:` + p.Expression() + `)\z`
	if p.Regex != nil {
		expr = p.Expression()
	}
	re, err := regexp.Compile(expr)
	return err == nil && re.MatchString(key)
}

// maxRepeat is the most that RE2 takes as a repetition.
const maxRepeat = 1000

// Expression is the shape as RE2: of a regex what it says, of a format its parts, without boundaries, with
// a checksum as a run, and without an end to runs that may have more than 1000 bytes. For showing to people and for tests; the scanner matches formats without it.
func (p *Pattern) Expression() string {
	if p.Regex != nil {
		return p.Regex.Source()
	}
	var out strings.Builder
	out.WriteString(p.Format.prefixExpression())
	for _, part := range p.Format.Parts {
		out.WriteString(part.expression())
	}
	if c := p.Format.Checksum; c != nil {
		fmt.Fprintf(&out, "[0-9A-Za-z]{%d}", c.Length)
	}
	return out.String()
}

func (f *Format) prefixExpression() string {
	if f.FreePrefix {
		return "[a-z][a-z0-9]*(?:_[a-z0-9]+)*_"
	}
	quoted := make([]string, len(f.AllPrefixes()))
	for i, prefix := range f.AllPrefixes() {
		quoted[i] = regexp.QuoteMeta(prefix)
	}
	if len(quoted) > 1 {
		return "(?:" + strings.Join(quoted, "|") + ")"
	}
	return strings.Join(quoted, "")
}

func (p *Part) expression() string {
	if p.Literal != "" {
		return regexp.QuoteMeta(p.Literal)
	}
	table, err := Alphabet(p.Alphabet)
	if err != nil {
		return "" // a checked pattern has no such part
	}
	class := classExpression(table)
	switch {
	case p.Max == 0 || p.Max > maxRepeat:
		return fmt.Sprintf("%s{%d,}", class, p.Min)
	case p.Min == p.Max:
		return fmt.Sprintf("%s{%d}", class, p.Min)
	default:
		return fmt.Sprintf("%s{%d,%d}", class, p.Min, p.Max)
	}
}

func classExpression(table *[256]bool) string {
	var out strings.Builder
	out.WriteString("[")
	letters := members(table)
	for i := 0; i < len(letters); {
		end := i
		for end+1 < len(letters) && letters[end+1] == letters[end]+1 {
			end++
		}
		fmt.Fprintf(&out, `\x%02x`, letters[i])
		if end > i {
			fmt.Fprintf(&out, `-\x%02x`, letters[end])
		}
		i = end + 1
	}
	return out.String() + "]"
}
