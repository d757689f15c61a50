package patterns

import (
	"fmt"
	"strconv"
	"strings"
)

// piece is a stretch of a synthetic credential. Exactly one of literal, choices, table, pem and jwt is set.
type piece struct {
	literal  string
	choices  []string   // one of them
	table    *[256]bool // a run of min to max bytes of it
	min, max int        // max 0: no end known
	pem      string     // a PEM block of this label
	jwt      bool       // a JSON web token
}

// parseTemplate reads the `mint:` template of a regex. Literal text with directives in braces:
//
//	{base32-upper:16}  {[A-F0-9]:8}  {base64url:20-74}  {a|b|c}  {pem:RSA PRIVATE KEY}  {jwt}  {{  }}
//
// What it stands for has at most maxMatchBytes.
func parseTemplate(template string) ([]piece, error) {
	pieces, err := splitTemplate(template)
	if err != nil {
		return nil, err
	}
	longest := 0
	for _, piece := range pieces {
		longest += max(piece.min, piece.max)
	}
	if longest > maxMatchBytes {
		return nil, fmt.Errorf("template %q makes more than %d bytes", template, maxMatchBytes)
	}
	return pieces, nil
}

func splitTemplate(template string) ([]piece, error) {
	var out []piece
	for rest := template; rest != ""; {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			return append(out, piece{literal: rest}), nil
		}
		if open+1 < len(rest) && rest[open+1] == rest[open] {
			out = append(out, piece{literal: rest[:open+1]})
			rest = rest[open+2:]
			continue
		}
		end := strings.IndexByte(rest, '}')
		if rest[open] == '}' || end < 0 {
			return nil, fmt.Errorf("template %q: a single brace, write {{ or }}", template)
		}
		if open > 0 {
			out = append(out, piece{literal: rest[:open]})
		}
		next, err := parseDirective(rest[open+1 : end])
		if err != nil {
			return nil, fmt.Errorf("template %q: %w", template, err)
		}
		out, rest = append(out, next), rest[end+1:]
	}
	return out, nil
}

func parseDirective(text string) (piece, error) {
	if text == "jwt" {
		return piece{jwt: true}, nil
	}
	if label, ok := strings.CutPrefix(text, "pem:"); ok && label != "" {
		return piece{pem: label}, nil
	}
	if colon := strings.LastIndexByte(text, ':'); colon > 0 {
		return parseRun(text[:colon], text[colon+1:])
	}
	if strings.Contains(text, "|") {
		return piece{choices: strings.Split(text, "|")}, nil
	}
	return piece{}, fmt.Errorf("{%s} is none of {alphabet:length}, {a|b}, {pem:LABEL}, {jwt}", text)
}

func parseRun(alphabet, length string) (piece, error) {
	table, err := Alphabet(alphabet)
	if err != nil {
		return piece{}, err
	}
	low, high, ranged := strings.Cut(length, "-")
	if !ranged {
		high = low
	}
	least, err1 := strconv.Atoi(low)
	most, err2 := strconv.Atoi(high)
	if err1 != nil || err2 != nil || least < 1 || most < least || most > maxMatchBytes {
		return piece{}, fmt.Errorf("{%s:%s}: the length is a number or a range like 20-74", alphabet, length)
	}
	return piece{table: table, min: least, max: most}, nil
}

// pieces are the body of a format, without prefix and checksum.
func (f *Format) pieces() ([]piece, error) {
	out := make([]piece, len(f.Parts))
	for i, part := range f.Parts {
		if part.Literal != "" {
			out[i] = piece{literal: part.Literal}
			continue
		}
		table, err := Alphabet(part.Alphabet)
		if err != nil {
			return nil, err
		}
		out[i] = piece{table: table, min: part.Min, max: part.Max}
	}
	return out, nil
}
