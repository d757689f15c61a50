// Package secret holds text that cannot be printed by accident.
//
// Knows: how every common way of printing, logging or encoding a value reaches it.
// Must not know: what the text is.
// In: plaintext, once. Out: plaintext, only through [Text.Reveal], whose callers a test lists.
// Promises: fmt, log/slog, encoding/json, encoding/xml, encoding/gob and errors never show the text,
// also when a Text sits in an unexported field.
// Not promised: that the memory is wiped; Go's garbage collector copies nothing but also clears nothing.
package secret

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Redacted is what every accidental print of a [Text] shows.
const Redacted = "[secret]"

// Text is a secret text. The zero value is the empty secret.
//
// The text lies behind a pointer because fmt calls no methods on unexported fields: there it prints
// an address instead of the text.
type Text struct{ text *string }

// New wraps s.
func New(s string) Text { return Text{text: &s} }

// Reveal returns the plaintext. Only the callers that internal/archtest lists may call it.
func (t Text) Reveal() string {
	if t.text == nil {
		return ""
	}
	return *t.text
}

// Len is the length in bytes.
func (t Text) Len() int {
	if t.text == nil {
		return 0
	}
	return len(*t.text)
}

// Equal compares in constant time for equal lengths.
func (t Text) Equal(u Text) bool {
	return subtle.ConstantTimeCompare([]byte(t.Reveal()), []byte(u.Reveal())) == 1
}

// String, GoString and Format make fmt show [Redacted] for every verb.
func (Text) String() string             { return Redacted }
func (Text) GoString() string           { return Redacted }
func (Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Redacted) }

// LogValue makes log/slog show [Redacted].
func (Text) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalText makes encoding/json and encoding/xml show [Redacted].
func (Text) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// GobEncode refuses: a secret never leaves the process.
func (Text) GobEncode() ([]byte, error) { return nil, errors.New("secret: refusing to encode") }
