package issuer

import (
	"errors"
	"fmt"
	"math"
)

// The sizes of format 1, in bytes. Source: docs/adr/0003-key-format.md.
const (
	// Mark names this format and its version, so that a key is attributable under any prefix.
	Mark = "Kw1"

	MaxPrefixLen = 24
	NineLen      = 9 // the random part of the id
	TagLen       = 3 // the part of the id that a keyed hash of prefix and nine gives
	IDLen        = NineLen + TagLen
	SecretLen    = 30
	MarkLen      = len(Mark)
	ChecksumLen  = 6
	// BodyLen is everything after the last underscore.
	BodyLen = IDLen + SecretLen + MarkLen + ChecksumLen
	// MaxKeyLen is the longest possible key.
	MaxKeyLen = MaxPrefixLen + 1 + BodyLen
)

// ErrPrefix says that a prefix breaks the grammar of [Prefix].
var ErrPrefix = errors.New("a prefix is lower-case letters and digits in words joined by single underscores, starts with a letter and has at most 24 bytes")

// Valid is nil, or [ErrPrefix].
func (p Prefix) Valid() error {
	if len(p) == 0 || len(p) > MaxPrefixLen || !isLower(p[0]) || p[len(p)-1] == '_' {
		return ErrPrefix
	}
	for i := 1; i < len(p); i++ {
		switch c := p[i]; {
		case isLower(c) || isDigit(c):
		case c == '_' && p[i-1] != '_':
		default:
			return ErrPrefix
		}
	}
	return nil
}

// Valid is whether id has the shape of a key id; it says nothing about the tag.
func (id KeyID) Valid() bool { return len(id) == IDLen && isBase62(string(id)) }

// Field is one part of a key, in the order of writing.
type Field struct {
	Name    string // "prefix", "id", "secret", "mark", "checksum"
	Length  int    // bytes
	Meaning string
}

// Format describes the keys of one family to a person who chooses a prefix.
type Format struct {
	Prefix      Prefix
	Length      int     // bytes of a whole key; all keys of a family have the same
	EntropyBits float64 // of the secret part: 30·log2 62 = 178.6
	Regexp      string  // RE2; exactly the shape, without the checksum rule
	Example     string  // has the shape, and a checksum that does not hold
	Fields      []Field
}

// FormatOf describes the keys of a prefix. It does not judge the prefix: see [Prefix.Valid].
func FormatOf(prefix Prefix) Format {
	return Format{
		Prefix:      prefix,
		Length:      len(prefix) + 1 + BodyLen,
		EntropyBits: SecretLen * math.Log2(62),
		Regexp:      fmt.Sprintf(`\b%s_[0-9A-Za-z]{%d}%s[0-9A-Za-z]{%d}\b`, prefix, IDLen+SecretLen, Mark, ChecksumLen),
		Example:     example(prefix),
		Fields: []Field{
			{"prefix", len(prefix), "the key family, then an underscore"},
			{"id", IDLen, "public: 9 random characters and a 3-character tag; logs and lists name a key by it"},
			{"secret", SecretLen, "random; shown once, never stored"},
			{"mark", MarkLen, "fixed: names this format and its version"},
			{"checksum", ChecksumLen, "CRC-32/IEEE of everything before it in base62; anyone can check it offline"},
		},
	}
}

// example fills the shape with letters that name the fields. Its checksum digits stand for a value over
// 2^32, so that no scanner can take it for a key whatever the prefix is.
func example(prefix Prefix) string {
	fill := func(c byte, n int) string {
		out := make([]byte, n)
		for i := range out {
			out[i] = c
		}
		return string(out)
	}
	return string(prefix) + "_" + fill('i', IDLen) + fill('s', SecretLen) + Mark + fill('c', ChecksumLen)
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isBase62(text string) bool {
	for i := 0; i < len(text); i++ {
		if c := text[i]; !isLower(c) && !isDigit(c) && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
