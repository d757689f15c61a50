package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
)

// SignatureHeader carries the HMAC of the body. The older X-Hub-Signature (SHA-1) is not looked at.
const SignatureHeader = "X-Hub-Signature-256"

const signaturePrefix = "sha256="

var errNoSignature = errors.New("one X-Hub-Signature-256 header of the form sha256=<64 hex> is needed")

// Sign returns the value of [SignatureHeader] for a body: "sha256=" and 64 hex digits of HMAC-SHA-256.
// Source: docs.github.com, "Validating webhook deliveries", read 2026-11-23.
func Sign(key, body []byte) string {
	sum := mac(key, body)
	return signaturePrefix + hex.EncodeToString(sum[:])
}

func mac(key, body []byte) [sha256.Size]byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write(body) // a hash never fails
	return [sha256.Size]byte(h.Sum(nil))
}

// signatureOf reads the header's value. Several headers are refused: a proxy might judge another one than we do.
func signatureOf(header http.Header) (sum [sha256.Size]byte, err error) {
	values := header.Values(SignatureHeader)
	if len(values) != 1 {
		return sum, errNoSignature
	}
	digits, ok := strings.CutPrefix(values[0], signaturePrefix)
	if !ok || len(digits) != hex.EncodedLen(len(sum)) {
		return sum, errNoSignature
	}
	if _, err := hex.Decode(sum[:], []byte(digits)); err != nil {
		return sum, errNoSignature
	}
	return sum, nil
}

// signedByAny compares in constant time and always tries every secret, so that the time does not tell which
// one matched.
func signedByAny(secrets [][]byte, body []byte, sum [sha256.Size]byte) bool {
	matched := false
	for _, key := range secrets {
		want := mac(key, body)
		if hmac.Equal(want[:], sum[:]) {
			matched = true
		}
	}
	return matched
}
