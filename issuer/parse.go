package issuer

import (
	"strings"

	"github.com/keywright/keywright/internal/checksum"
	"github.com/keywright/keywright/internal/secret"
)

// MaxPresentedLen caps, in bytes, what [Parse] looks at: a key of 76, each byte percent-encoded, and the
// schemes around it fit several times.
const MaxPresentedLen = 1024

// Plaintext is a key in clear. It is an alias so that users outside of this module can name the type.
type Plaintext = secret.Text

// Present wraps what a client presented as its key.
func Present(text string) Plaintext { return secret.New(text) }

// ParseReason says why a text is not a key of ours. Stable.
type ParseReason string

// The reasons.
const (
	ReasonEmpty    ParseReason = "empty"
	ReasonTooLong  ParseReason = "too_long"
	ReasonScheme   ParseReason = "scheme"   // a scheme other than Bearer
	ReasonEncoding ParseReason = "encoding" // a broken percent escape in a secret-token URI
	ReasonCharset  ParseReason = "charset"  // a character outside [0-9A-Za-z_]
	ReasonPrefix   ParseReason = "prefix"   // no prefix, or one that breaks the grammar
	ReasonLength   ParseReason = "length"   // not 51 characters after the last underscore
	ReasonMark     ParseReason = "mark"     // not a key of this format
	ReasonChecksum ParseReason = "checksum" // mistyped, cut or invented
)

// ParseError says why a text is not a key. It never holds any of the text.
type ParseError struct{ Reason ParseReason }

func (e *ParseError) Error() string { return "not a key: " + string(e.Reason) }

// Constants in all but name: made once so that rejecting garbage costs no memory.
var (
	errEmpty    = &ParseError{ReasonEmpty}
	errTooLong  = &ParseError{ReasonTooLong}
	errScheme   = &ParseError{ReasonScheme}
	errEncoding = &ParseError{ReasonEncoding}
	errCharset  = &ParseError{ReasonCharset}
	errPrefix   = &ParseError{ReasonPrefix}
	errLength   = &ParseError{ReasonLength}
	errMark     = &ParseError{ReasonMark}
	errChecksum = &ParseError{ReasonChecksum}
)

// Parsed is a text that has the format and whose checksum holds. Nothing says yet that it was ever issued.
type Parsed struct {
	Prefix    Prefix
	ID        KeyID
	Canonical secret.Text // the key alone, without white space and schemes
}

// Parse recognises a key.
//
// Accepted around it: white space, a `Bearer ` scheme in any case (RFC 6750), a `secret-token:` URI,
// percent-decoded (RFC 8959), and a Bearer that holds such a URI.
// Errors: *ParseError only.
func Parse(presented secret.Text) (Parsed, error) {
	found, err := parse(presented)
	if err != nil {
		return Parsed{}, err
	}
	return Parsed{Prefix: found.prefix, ID: found.id, Canonical: secret.New(found.text)}, nil
}

// parts is a [Parsed] in clear, for the length of one call: without the pointer of a secret.Text it costs no memory.
type parts struct {
	prefix Prefix
	id     KeyID
	text   string
}

func parse(presented secret.Text) (parts, error) {
	text, err := unwrap(presented.Reveal())
	if err != nil {
		return parts{}, err
	}
	return parseKey(text)
}

// unwrap removes what may stand around a key.
func unwrap(text string) (string, error) {
	if len(text) > MaxPresentedLen {
		return "", errTooLong
	}
	text = strings.TrimSpace(text)
	if word, rest, found := cutWord(text); found || strings.EqualFold(word, "bearer") {
		switch {
		case strings.EqualFold(word, "bearer"):
			text = rest
		case isWord(word):
			return "", errScheme
		}
	}
	const uri = "secret-token:"
	if len(text) >= len(uri) && strings.EqualFold(text[:len(uri)], uri) {
		return percentDecode(text[len(uri):])
	}
	return text, nil
}

// cutWord splits at the first run of spaces and tabs.
func cutWord(text string) (word, rest string, found bool) {
	i := strings.IndexAny(text, " \t")
	if i < 0 {
		return text, "", false
	}
	return text[:i], strings.TrimLeft(text[i:], " \t"), true
}

func isWord(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") == ""
}

// percentDecode decodes RFC 3986 escapes; unlike a query, "+" stands for itself.
func percentDecode(text string) (string, error) {
	if !strings.Contains(text, "%") {
		return text, nil
	}
	var out strings.Builder
	out.Grow(len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			out.WriteByte(text[i])
			continue
		}
		if i+2 >= len(text) {
			return "", errEncoding
		}
		high, ok1 := hexValue(text[i+1])
		low, ok2 := hexValue(text[i+2])
		if !ok1 || !ok2 {
			return "", errEncoding
		}
		out.WriteByte(high<<4 | low)
		i += 2
	}
	return out.String(), nil
}

// hexValue is false for what is no hexadecimal digit.
func hexValue(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	default:
		return 0, false
	}
}

func parseKey(text string) (parts, error) {
	if err := checkCharacters(text); err != nil {
		return parts{}, err
	}
	cut := strings.LastIndexByte(text, '_')
	if cut < 0 || Prefix(text[:cut]).Valid() != nil {
		return parts{}, errPrefix
	}
	prefix, body := text[:cut], text[cut+1:]
	if len(body) != BodyLen {
		return parts{}, errLength
	}
	if body[IDLen+SecretLen:BodyLen-ChecksumLen] != Mark {
		return parts{}, errMark
	}
	covered := text[:len(text)-ChecksumLen]
	if !checksum.CRC32Base62Holds(covered, text[len(covered):]) {
		return parts{}, errChecksum
	}
	return parts{prefix: Prefix(prefix), id: KeyID(body[:IDLen]), text: text}, nil
}

func checkCharacters(text string) error {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c != '_' && !isLower(c) && !isDigit(c) && (c < 'A' || c > 'Z') {
			return errCharset
		}
	}
	switch {
	case text == "":
		return errEmpty
	case len(text) > MaxKeyLen:
		return errTooLong
	default:
		return nil
	}
}
