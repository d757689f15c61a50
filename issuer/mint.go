package issuer

import (
	"errors"
	"fmt"
	"io"

	"github.com/keywright/keywright/internal/checksum"
	"github.com/keywright/keywright/internal/secret"
)

// ErrRandom says that a random source gave bytes that no CSPRNG gives: more than 1024 in a row outside the
// accepted range, which chance does once in 2^5120.
var ErrRandom = errors.New("the random source is broken")

// Mint makes a key and returns its only plaintext copy.
//
// Shape: prefix, "_", then 51 base62: id 12 (9 random, 3 tag), secret 30, mark 3, checksum 6.
// Strength: 178.6 bits in secret (30·log2 62). r must be a CSPRNG.
// Errors: ErrPrefix if the prefix breaks the grammar; ErrNoTagKey if tags holds none; else what r returned.
// Source: docs/adr/0003-key-format.md.
func Mint(r io.Reader, prefix Prefix, tags *Keyring) (secret.Text, KeyID, error) {
	if err := prefix.Valid(); err != nil {
		return secret.Text{}, "", fmt.Errorf("mint key: %w", err)
	}
	random, err := randomBase62(r, NineLen+SecretLen)
	if err != nil {
		return secret.Text{}, "", fmt.Errorf("mint key: read random bytes: %w", err)
	}
	nine, body := random[:NineLen], random[NineLen:]
	tag, err := tags.Tag(prefix, nine)
	if err != nil {
		return secret.Text{}, "", fmt.Errorf("mint key: %w", err)
	}
	covered := string(prefix) + "_" + nine + tag + body + Mark
	return secret.New(covered + checksum.CRC32Base62(covered, ChecksumLen)), KeyID(nine + tag), nil
}

// randomBase62 draws n characters by rejection sampling: of the 256 byte values the lowest 248 = 4·62 are
// taken modulo 62, the others are skipped, so that every character is equally likely. Bytes are used in
// the order read and none is read beyond the last one used, so that test vectors can name them.
func randomBase62(r io.Reader, n int) (string, error) {
	const accepted = 4 * 62
	const maxRejectedInARow = 1024
	out := make([]byte, 0, n)
	buf := make([]byte, n)
	for rejected := 0; len(out) < n; {
		missing := buf[:n-len(out)]
		if _, err := io.ReadFull(r, missing); err != nil {
			return "", err
		}
		for _, b := range missing {
			if b >= accepted {
				rejected++
				continue
			}
			rejected = 0
			out = append(out, checksum.Base62[b%62])
		}
		if rejected > maxRejectedInARow {
			return "", ErrRandom
		}
	}
	clear(buf)
	return string(out), nil
}
