package patterns

import (
	"fmt"
	"strings"
)

// ID names a pattern, `vendor.kind[.variant]`, for ever: a rename lists the old name in Replaces.
type ID string

// OwnID is the pattern of the keys that Keywright itself issues, under any prefix.
const OwnID ID = "keywright.key"

// Pattern is one credential format. Exactly one of Format and Regex is set.
type Pattern struct {
	ID     ID
	Vendor string
	Name   string // for people: "GitHub personal access token (classic)"

	Format *Format // structural: prefix, runs, checksum
	Regex  *Regex  // RE2 with anchoring literals, for what Format cannot say

	// Keywords: at least one must stand within KeywordWindow bytes before the match, any case. Empty: none needed.
	Keywords []string
	// Generic patterns yield to any other pattern that claims the same secret.
	Generic bool
	// Public marks identifiers that are no secret by themselves (an AWS access key id).
	Public bool

	// Reject names texts that have the shape and are no credential: documentation samples.
	Reject []Reject
	// RandomBits is the declared number of random bits, for a body that is not random throughout; 0: by the shape.
	RandomBits float64

	Exposure string // account | project | public-id; empty: not known
	Verify   *Verify
	Revoke   *Revoke

	Replaces   []ID // older names, the first one is the name in fingerprints
	SharedWith []ID // patterns that may claim this one's examples

	Sources         []Source
	Evidence        string // documented | assumed
	Examples        []string
	CounterExamples []CounterExample

	Origin Origin // where the entry stands; the zero value for patterns made in Go
}

// Origin is a place in a rules file.
type Origin struct {
	File string
	Line int // from 1
}

// String is " (file:line)", or empty for patterns made in Go.
func (o Origin) String() string {
	if o.File == "" {
		return ""
	}
	return fmt.Sprintf(" (%s:%d)", o.File, o.Line)
}

// Reject is one kind of secret that is never reported. Exactly one of Contains, Prefix and Suffix is set; case counts.
type Reject struct {
	Name     string `yaml:"name" doc:"why such a text is no credential"`
	Contains string `yaml:"contains" doc:"the secret holds this text"`
	Prefix   string `yaml:"prefix" doc:"the secret begins with this text"`
	Suffix   string `yaml:"suffix" doc:"the secret ends in this text"`
}

// Matches says whether r rejects secret.
func (r Reject) Matches(secret string) bool {
	switch {
	case r.Contains != "":
		return strings.Contains(secret, r.Contains)
	case r.Prefix != "":
		return strings.HasPrefix(secret, r.Prefix)
	case r.Suffix != "":
		return strings.HasSuffix(secret, r.Suffix)
	default:
		return false
	}
}

// Rejects returns the name of the first rule of p.Reject that secret falls under.
func (p *Pattern) Rejects(secret string) (name string, rejected bool) {
	for _, r := range p.Reject {
		if r.Matches(secret) {
			return r.Name, true
		}
	}
	return "", false
}

// StableName is the name that fingerprints use: the first name the pattern ever had.
func (p *Pattern) StableName() ID {
	if len(p.Replaces) > 0 {
		return p.Replaces[0]
	}
	return p.ID
}

// Format is a credential's structure: a prefix, then parts in order, then a checksum. Bytes, no Unicode.
type Format struct {
	Prefix   string   // literal start, at least 3 bytes unless another part is a Literal of 3 or more
	Prefixes []string // alternatives, instead of Prefix
	// FreePrefix: the prefix is any key family's (`[a-z][a-z0-9]*(_[a-z0-9]+)*_`, at most 24 bytes before the
	// last underscore), found backwards from the first Literal; the checksum decides where it begins.
	FreePrefix bool
	Parts      []Part // "body:" in YAML is one part
	Checksum   *Checksum
	// Boundary: the byte before the first and after the last must not belong to the alphabet of the
	// neighbouring part (default true): a longer run is another thing. With a Checksum, which tells by itself,
	// it has no effect.
	Boundary bool
}

// AllPrefixes are the alternatives of the literal start; none for a free prefix.
func (f *Format) AllPrefixes() []string {
	if f.Prefix != "" {
		return []string{f.Prefix}
	}
	return f.Prefixes
}

// Part is either a literal or a run of an alphabet.
type Part struct {
	Literal  string
	Alphabet string // a name of [Alphabets], or a set "[A-Z2-7]"
	Min, Max int    // bytes, inclusive; Max 0 means no end known
}

// Checksum are the last characters of the credential, computed over the rest.
type Checksum struct {
	Name   string `yaml:"name" doc:"algorithm: crc32-base62 or crc32-base36"`
	Over   string `yaml:"over" doc:"what it covers: body, or all (the prefix included)"`
	Length int    `yaml:"length" doc:"characters at the end of the credential"`
}

// Regex is an RE2 expression that is tried only around one of its Literals.
type Regex struct {
	Expr     string
	Literals []string // each match contains one of them
	FoldCase bool     // expression and literals count in any case; (?-i:…) inside takes a part out
	Secret   string   // name of the group that holds the secret; empty: the whole match
	MaxBytes int      // longest match in bytes, the bound of the window
	// MinEntropyBits is the least Shannon entropy of the secret, in bits over its whole length. 0: none.
	MinEntropyBits float64
	// Mint is a template of a synthetic secret for the examples, see docs/pattern-format.md.
	Mint string
}

// Source is the expression as it is compiled, with FoldCase in it.
func (r *Regex) Source() string {
	if r.FoldCase {
		return "(?i)" + r.Expr
	}
	return r.Expr
}

// Verify is a live check by one request. A secret goes only to the Hosts of the entry that claimed it.
type Verify struct {
	Method string
	URL    string
	Hosts  []string
	Auth   string // bearer | basic-user | basic-password | header:NAME | query:NAME
	Live   []int  // status codes; anything in neither list is unknown
	Dead   []int
	Tried  string // date of a run against the vendor; empty: never
}

// Revoke says how a finder may revoke the credential at its vendor.
type Revoke struct {
	GitHubCredentialsRevoke bool `yaml:"github_credentials_revoke" doc:"GitHub's credential revocation endpoint takes it"`
}

// Source is where a format is documented.
type Source struct {
	URL     string `yaml:"url" doc:"the page, https"`
	Checked string `yaml:"checked" doc:"the date it was read, 2026-11-24"`
	Says    string `yaml:"says" doc:"what the page says of the format"`
}

// CounterExample is a text that must not be reported.
type CounterExample struct {
	Text string `yaml:"text" doc:"a text that must not be reported, with ${secret} forms"`
	Why  string `yaml:"why" doc:"why it is no finding"`
}
