package issuer

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"hash"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/secret"
)

// countingHash counts the digests that are made.
type countingHash struct {
	hash.Hash
	sums *int
}

func (c countingHash) Sum(b []byte) []byte {
	*c.sums++
	return c.Hash.Sum(b)
}

// oneRow is a store of one key.
type oneRow struct {
	KeyReader
	key Key
}

func (r oneRow) Key(_ context.Context, id KeyID) (Key, error) {
	if id != r.key.ID {
		return Key{}, ErrNotFound
	}
	return r.key, nil
}

func TestAnUnknownIDCostsTheSameAsAWrongSecret(t *testing.T) {
	t.Parallel()
	keyring, err := GenerateKeyring(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sums := 0
	pepper := keyring.peppers[1]
	pepper.states.New = func() any {
		return &macState{mac: countingHash{hmac.New(sha256.New, []byte(pepper.raw.Reveal())), &sums}}
	}
	mint := func() (secret.Text, KeyID) {
		text, id, err := Mint(rand.Reader, "acme", keyring)
		if err != nil {
			t.Fatal(err)
		}
		return text, id
	}
	known, id := mint()
	unknown, _ := mint()
	v := Verifier{Store: oneRow{key: Key{ID: id, Family: "acme", Digest: Digest{PepperVersion: 1}}}, Keyring: keyring, Now: time.Now}
	for _, tc := range []struct {
		text secret.Text
		want Code
	}{{known, CodeWrongSecret}, {unknown, CodeUnknownID}} {
		sums = 0
		if d := v.Verify(t.Context(), tc.text, Request{}); d.Code != tc.want || sums != 1 {
			t.Errorf("%s, want %s: %d digests", d.Code, tc.want, sums)
		}
	}
}
