package store

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/keywright/keywright/issuer"
)

// MaxTextBytes is the longest text of one field: an owner, a label, a reason.
const MaxTextBytes = 4096

// field is a text with the name it has for people.
type field struct{ name, text string }

// checkTexts refuses what SQLite would keep and Postgres would not, what is too long, and a key that somebody pasted
// into a reason or a label, before either sees it.
func checkTexts(fields ...field) error {
	for _, f := range fields {
		if len(f.text) > MaxTextBytes {
			return fmt.Errorf("%s: %w, at most %d bytes, this has %d", f.name, ErrText, MaxTextBytes, len(f.text))
		}
		if !utf8.ValidString(f.text) || strings.ContainsRune(f.text, 0) {
			return fmt.Errorf("%s: %w", f.name, ErrText)
		}
		if issuer.HoldsKey(f.text) {
			return fmt.Errorf("%s: %w", f.name, ErrKeyInText)
		}
	}
	return nil
}
