package scanner

import (
	"fmt"

	"github.com/keywright/keywright/internal/checksum"
	"github.com/keywright/keywright/patterns"
)

// canaryPattern is a format that nobody issues. It is compiled beside the others, so that finding its
// secret proves the prefilter, the shape and the checksum of the process that runs.
func canaryPattern() *patterns.Pattern {
	return &patterns.Pattern{
		ID: "keywright.canary",
		Format: &patterns.Format{
			Prefix:   "kwcanary_",
			Parts:    []patterns.Part{{Alphabet: "base62", Min: 24, Max: 24}},
			Checksum: &patterns.Checksum{Name: "crc32-base62", Over: "all", Length: 6},
			Boundary: true,
		},
	}
}

// canarySecret makes a secret of the canary's format. It is no secret of anyone.
func canarySecret() string {
	text := "kwcanary_" + "0Nightingale1Wren2Robin3"
	return text + checksum.CRC32Base62(text, 6)
}

// prove scans a canary as a worker would scan a blob, once as it is and once with a wrong checksum.
func (s *Scanner) prove() error {
	good := canarySecret()
	bad := good[:len(good)-1] + "!"
	if !s.scanBlob(Blob{Data: []byte("canary: " + good + "\n")}).canary {
		return fmt.Errorf("%w: %d patterns are compiled and it is silent", ErrCanary, s.set.Len())
	}
	if s.scanBlob(Blob{Data: []byte("canary: " + bad + "\n")}).canary {
		return fmt.Errorf("%w: it takes a wrong checksum for a right one", ErrCanary)
	}
	return nil
}
