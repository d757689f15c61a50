package issuer_test

import (
	"crypto/sha256"
	"io"
	"math/rand/v2"
)

// newStream is a reproducible source of random bytes, one per seed.
func newStream(seed string) io.Reader { return rand.NewChaCha8(sha256.Sum256([]byte(seed))) }
