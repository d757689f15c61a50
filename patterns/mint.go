package patterns

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/keywright/keywright/internal/checksum"
)

// mintedFamily is the prefix of synthetic credentials whose format leaves the prefix open.
const mintedFamily = "acme_mint_"

// openEnd is how many bytes over the least a run without an end gets at most.
const openEnd = 64

// Mint makes a synthetic credential of the pattern: the right shape, a valid checksum, no meaning. The same
// pattern and seed give the same bytes in every run and release, so nothing token-shaped needs to be stored.
//
// It is not random for an attacker and must never be used as a key.
// Errors: a regex without a mint template, or one that cannot be read.
func Mint(p *Pattern, seed string) (string, error) {
	return p.mint(seed, 0, everyLength)
}

// lengthRule chooses the length of runs that have several.
type lengthRule int

const (
	everyLength lengthRule = iota // the shortest, the longest, one between, by variant
	shortest
	longestLength
)

// Variants is how many synthetic credentials together show every alternative prefix and the extremes of
// every length. At least 1.
func (p *Pattern) Variants() int {
	n := 1
	pieces, err := p.body()
	if err != nil {
		return n
	}
	if p.Format != nil {
		n = max(n, len(p.Format.AllPrefixes()))
	}
	for _, piece := range pieces {
		n = max(n, len(piece.choices))
		if piece.table != nil && piece.min != piece.max || piece.pem != "" || piece.jwt {
			n = max(n, 3)
		}
	}
	return n
}

func (p *Pattern) body() ([]piece, error) {
	switch {
	case p.Format != nil:
		return p.Format.pieces()
	case p.Regex == nil || p.Regex.Mint == "":
		return nil, fmt.Errorf("pattern %s: the regex has no mint template for ${secret}", p.ID)
	default:
		return parseTemplate(p.Regex.Mint)
	}
}

func (p *Pattern) mint(seed string, variant int, lengths lengthRule) (string, error) {
	pieces, err := p.body()
	if err != nil {
		return "", err
	}
	m := minter{source: stream(p.ID, seed, variant), variant: variant, lengths: lengths}
	var body strings.Builder
	for _, piece := range pieces {
		body.WriteString(m.render(piece))
	}
	if p.Format == nil {
		return body.String(), nil
	}
	return p.Format.frame(body.String(), variant)
}

// frame puts the prefix before a body and the checksum after it.
func (f *Format) frame(body string, variant int) (string, error) {
	prefix := ""
	if all := f.AllPrefixes(); len(all) > 0 {
		prefix = all[variant%len(all)]
	} else if f.FreePrefix {
		prefix = mintedFamily
	}
	if f.Checksum == nil {
		return prefix + body, nil
	}
	sum, known := checksum.ByName(f.Checksum.Name)
	if !known {
		return "", fmt.Errorf("unknown checksum %q", f.Checksum.Name)
	}
	covered := body
	if f.Checksum.Over == "all" {
		covered = prefix + body
	}
	return prefix + body + sum(covered, f.Checksum.Length), nil
}

func stream(id ID, seed string, variant int) *rand.Rand {
	key := sha256.Sum256(fmt.Appendf(nil, "keywright/mint/1\x00%s\x00%s\x00%d", id, seed, variant))
	return rand.New(rand.NewChaCha8(key)) //nolint:gosec // test texts that must repeat, no keys
}

type minter struct {
	source  *rand.Rand
	variant int
	lengths lengthRule
}

func (m *minter) render(p piece) string {
	switch {
	case p.literal != "":
		return p.literal
	case len(p.choices) > 0:
		return p.choices[m.variant%len(p.choices)]
	case p.pem != "":
		return m.pem(p.pem)
	case p.jwt:
		return m.jwt()
	default:
		return m.run(mintable(p.table), m.length(p.min, p.max))
	}
}

func (m *minter) length(least, most int) int {
	if most == 0 {
		most = least + openEnd
	}
	if m.lengths == shortest {
		return least
	}
	if m.lengths == longestLength {
		return most
	}
	return []int{least, most, (least + most) / 2}[m.variant%3]
}

func (m *minter) run(letters []byte, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = letters[m.source.IntN(len(letters))]
	}
	return string(out)
}

// mintable leaves out what examples in shells, JSON and YAML would have to escape, and the padding of
// base64, unless nothing else is there.
func mintable(table *[256]bool) []byte {
	const plain = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.~+/-"
	var out []byte
	for _, c := range []byte(plain) {
		if table[c] {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return members(table)
	}
	return out
}

// pem is a block with lines of 64 characters and a shorter last one; the third variant has the headers of
// RFC 1421 encryption, where the label can have them.
func (m *minter) pem(label string) string {
	const base64Letters = checksum.Base62 + "+/"
	var out strings.Builder
	out.WriteString("-----BEGIN " + label + "-----\n")
	pgp := strings.HasPrefix(label, "PGP")
	if pgp {
		out.WriteString("\n")
	} else if m.variant%3 == 2 && !strings.HasPrefix(label, "OPENSSH") {
		out.WriteString("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC," + m.run([]byte("0123456789ABCDEF"), 32) + "\n\n")
	}
	start := map[bool]string{true: "lQ", false: "MI"}[pgp]
	if strings.HasPrefix(label, "OPENSSH") {
		start = "b3BlbnNzaC1rZXktdjEA"
	}
	out.WriteString(start + m.run([]byte(base64Letters), 64-len(start)) + "\n")
	for range m.length(2, 48) {
		out.WriteString(m.run([]byte(base64Letters), 64) + "\n")
	}
	out.WriteString(m.run([]byte(base64Letters), 22) + "==\n")
	if pgp {
		out.WriteString("=" + m.run([]byte(base64Letters), 4) + "\n")
	}
	out.WriteString("-----END " + label + "-----")
	return out.String()
}

// jwt is a JSON web token (RFC 7519) with a signature of 32, 256 or 64 bytes.
func (m *minter) jwt() string {
	heads := []string{
		`{"alg":"HS256","typ":"JWT"}`,
		`{"typ":"JWT","alg":"RS256","kid":"` + m.run([]byte(checksum.Base36), 16) + `"}`,
		`{"alg":"ES256"}`,
	}
	claims := fmt.Sprintf(`{"sub":%q,"iat":%d,"scope":"read"}`, m.run([]byte(checksum.Base36), 20), 1_700_000_000+m.source.IntN(1<<24))
	signature := make([]byte, []int{32, 256, 64}[m.variant%3])
	for i := range signature {
		signature[i] = byte(m.source.Uint32()) //nolint:gosec // the low byte is meant
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(heads[m.variant%3])) + "." + encode([]byte(claims)) + "." + encode(signature)
}
