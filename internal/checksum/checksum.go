// Package checksum computes the public check digits that credential formats carry, by name.
//
// Knows: the algorithms, each with its public source. Must not know: patterns, prefixes, where the
// digits stand in a credential.
// In: the covered text. Out: the digits as text. Pure, no allocation beyond the result.
package checksum

import (
	"hash/crc32"
	"slices"
	"strings"
)

// Base62 is the alphabet that GitHub, npm and Keywright use, digits first.
const Base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// Base36 is the lower-case alphabet of GitLab's routable tokens.
const Base36 = "0123456789abcdefghijklmnopqrstuvwxyz"

// Func returns the check digits of text, exactly length characters, padded on the left with the
// alphabet's zero. Where the value does not fit, the digits are those that no valid text can equal:
// the empty string.
type Func func(text string, length int) string

// byName are the known algorithms.
//
//   - crc32-base62: CRC-32/IEEE in base62. GitHub tokens (github.blog, "Behind GitHub's new authentication
//     token formats", 2021-04-05), npm tokens, and Keywright's own keys (docs/adr/0003-key-format.md).
//   - crc32-base36: CRC-32/IEEE in lower-case base36: GitLab's routable tokens (docs.gitlab.com, "Token
//     overview", read 2026-11-23).
var byName = map[string]Func{
	"crc32-base62": func(text string, length int) string {
		return digits(crc32.ChecksumIEEE([]byte(text)), Base62, length)
	},
	"crc32-base36": func(text string, length int) string {
		return digits(crc32.ChecksumIEEE([]byte(text)), Base36, length)
	},
}

// ByName returns the algorithm, or false when none has that name.
func ByName(name string) (Func, bool) {
	f, ok := byName[name]
	return f, ok
}

// Names are the known names, sorted.
func Names() []string {
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// CRC32Base62 is the algorithm "crc32-base62" without the look-up by name.
func CRC32Base62(text string, length int) string {
	return digits(crc32.ChecksumIEEE([]byte(text)), Base62, length)
}

// CRC32Base62Holds says whether the digits are CRC32Base62 of text. It costs no memory, so that it can stand before every
// verification.
func CRC32Base62Holds(text, digits string) bool {
	// Byte by byte: the library's faster ways want a []byte, which would have to be copied to the heap.
	crc := ^uint32(0)
	for i := range len(text) {
		crc = crc32.IEEETable[byte(crc&0xff)^text[i]] ^ crc>>8
	}
	crc = ^crc
	for i := len(digits) - 1; i >= 0; i-- {
		if digits[i] != Base62[crc%62] {
			return false
		}
		crc /= 62
	}
	return crc == 0
}

func digits(value uint32, alphabet string, length int) string {
	out := []byte(strings.Repeat(alphabet[:1], length))
	base := uint32(len(alphabet)) //nolint:gosec // an alphabet has at most 62 characters
	for i := length - 1; i >= 0 && value > 0; i-- {
		out[i] = alphabet[value%base]
		value /= base
	}
	if value > 0 {
		return ""
	}
	return string(out)
}
