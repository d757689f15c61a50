package scanner

import (
	"bytes"
	"strings"
)

// redactedMark ends what may be shown of a secret.
const redactedMark = "…(redacted)"

// ownIDLen is the length of the public id of a key that Keywright issues.
// Source: docs/adr/0003-key-format.md.
const ownIDLen = 12

// redact shows what the pattern makes public of a match and nothing of the secret, not even its length.
func (r *rule) redact(c claim, text []byte) string {
	start := ""
	switch {
	case c.keyID != "":
		start = c.family + "_" + c.keyID
	case r.structure != nil:
		start = r.publicPrefix(text)
	default:
		start = r.literalStart(text)
	}
	if start == "" {
		return "(redacted)"
	}
	return start + redactedMark
}

// publicPrefix is the literal that a format begins with.
func (r *rule) publicPrefix(text []byte) string {
	f := r.pattern.Format
	for _, prefix := range append([]string{f.Prefix}, f.Prefixes...) {
		if prefix != "" && bytes.HasPrefix(text, []byte(prefix)) {
			return prefix
		}
	}
	if len(f.Parts) > 0 && f.Prefix == "" && len(f.Prefixes) == 0 {
		return f.Parts[0].Literal
	}
	return ""
}

// literalStart is the literal of an expression that the secret begins with, as it stands there.
func (r *rule) literalStart(text []byte) string {
	longest := ""
	for _, l := range r.pattern.Regex.Literals {
		if len(l) > len(longest) && len(text) > len(l) && strings.EqualFold(string(text[:len(l)]), l) &&
			(r.pattern.Regex.FoldCase || string(text[:len(l)]) == l) {
			longest = string(text[:len(l)])
		}
	}
	return longest
}

// randomPart is the match without its public start, for the placeholder rung.
func (r *rule) randomPart(text []byte) []byte {
	if r.structure != nil {
		return text[len(r.publicPrefix(text)):]
	}
	return text[len(r.literalStart(text)):]
}

// keyParts splits a key of ours into its family's prefix and its public id.
func keyParts(text []byte) (family, id string) {
	body := bytes.LastIndexByte(text, '_') + 1
	if body < 1 || len(text)-body < ownIDLen {
		return "", ""
	}
	return string(text[:body-1]), string(text[body : body+ownIDLen])
}
