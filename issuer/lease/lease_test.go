package lease_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/lease"
)

var _ lease.Awaiter = lease.Direct{}

// oneKey is a store of one key.
type oneKey struct {
	issuer.KeyReader
	key *issuer.Key
}

func (s oneKey) Key(context.Context, issuer.KeyID) (issuer.Key, error) { return *s.key, nil }

func TestNoVerificationAfterAnEffectAnswersByTheStateBefore(t *testing.T) {
	t.Parallel()
	keyring, err := issuer.GenerateKeyring(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, id, err := issuer.Mint(rand.Reader, "acme", keyring)
	if err != nil {
		t.Fatal(err)
	}
	key := issuer.Key{ID: id, Family: "acme", Digest: keyring.Digest(text), Status: issuer.StatusActive}
	v := issuer.Verifier{Store: oneKey{key: &key}, Keyring: keyring, Now: time.Now}
	for range 3 { // so that a cache would have it
		if d := v.Verify(t.Context(), text, issuer.Request{}); !d.Valid() {
			t.Fatalf("before: %s", d.Code)
		}
	}
	key.Status = issuer.StatusRevoked
	effect, err := lease.Direct{}.Await(t.Context(), issuer.Token{Generation: 1, Seq: 7})
	if err != nil || !effect.Effective || effect.Seq != 7 || effect.Waited != 0 || len(effect.Fenced) != 0 {
		t.Fatalf("Await = %+v, %v", effect, err)
	}
	if d := v.Verify(t.Context(), text, issuer.Request{}); d.Code != issuer.CodeRevoked {
		t.Errorf("after: %s", d.Code)
	}
}

func TestWhatWasNotCommittedIsNotEffective(t *testing.T) {
	t.Parallel()
	for _, seq := range []issuer.Seq{0, -1} {
		if effect, err := (lease.Direct{}).Await(t.Context(), issuer.Token{Seq: seq}); !errors.Is(err, lease.ErrSeq) || effect.Effective {
			t.Errorf("Await(%d) = %+v, %v", seq, effect, err)
		}
	}
}
