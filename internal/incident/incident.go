package incident

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/keywright/keywright/internal/checksum"
	"github.com/keywright/keywright/scanner"
)

// idRandom is the number of random characters of an [ID]: 95 bits, so ids of different machines never clash.
const idRandom = 16

// NewID makes an id. r must be a CSPRNG: ids stand in links that are sent by mail.
// Errors: what r returned.
func NewID(r io.Reader) (ID, error) {
	const alphabet = checksum.Base62
	const unbiased = 256 - 256%len(alphabet)
	out := make([]byte, 0, idRandom)
	var b [1]byte
	for len(out) < idRandom {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return "", fmt.Errorf("make an incident id: %w", err)
		}
		if int(b[0]) < unbiased {
			out = append(out, alphabet[int(b[0])%len(alphabet)])
		}
	}
	return ID("inc_" + string(out)), nil
}

// maxTextBytes is what [Text] leaves of a text: well below what any store refuses.
const maxTextBytes = 512

// Text makes a text from outside fit for every store: UTF-8 without NUL, and not long. What cannot be written down must
// not keep a key alive.
func Text(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if len(text) <= maxTextBytes {
		return text
	}
	return strings.ToValidUTF8(text[:maxTextBytes], "") + "…"
}

// FromFinding is what is kept of a finding: all but the secret. source names what was scanned.
func FromFinding(f scanner.Finding, source string, seen time.Time) Incident {
	return Incident{
		Fingerprint: f.Fingerprint,
		Pattern:     f.Pattern,
		Vendor:      f.Vendor,
		Name:        f.Name,
		Redacted:    f.Redacted,
		Source:      source,
		Blob:        f.Blob,
		Location:    f.Location,
		Places:      max(f.Total, 1),
		State:       StateOpen,
		FirstSeenAt: seen,
		LastSeenAt:  seen,
	}
}
