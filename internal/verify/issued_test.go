package verify_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/internal/verify"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// one is a store of one key.
type one struct {
	issuer.KeyReader
	key issuer.Key
	err error
}

func (s *one) Key(_ context.Context, id issuer.KeyID) (issuer.Key, error) {
	if s.err != nil {
		return issuer.Key{}, s.err
	}
	if id != s.key.ID {
		return issuer.Key{}, issuer.ErrNotFound
	}
	return s.key, nil
}

type minted struct {
	keyring *issuer.Keyring
	plain   secret.Text
	key     issuer.Key
}

func mint(t *testing.T) minted {
	t.Helper()
	keyring, err := issuer.GenerateKeyring(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	plain, id, err := issuer.Mint(rand.Reader, "acme_live", keyring)
	if err != nil {
		t.Fatal(err)
	}
	return minted{keyring, plain, issuer.Key{
		ID: id, Family: "acme_live", Owner: "billing", Scopes: []issuer.Scope{"orders:read"},
		Digest: keyring.Digest(plain), Status: issuer.StatusActive, CreatedAt: now,
	}}
}

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestIssued(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*minted, *one, *scanner.Finding)
		want   incident.VerdictState
		reason string
		known  bool
	}{
		{"an active key is live", func(*minted, *one, *scanner.Finding) {}, incident.Live, "live", true},
		{"a disabled key is live, since enabling would bring it back", func(_ *minted, s *one, _ *scanner.Finding) { s.key.Status = issuer.StatusDisabled }, incident.Live, "disabled", true},
		{"a revoked key is revoked", func(_ *minted, s *one, _ *scanner.Finding) {
			s.key.Status, s.key.RevokedAt = issuer.StatusRevoked, now
		}, incident.Revoked, "revoked", true},
		{"an expired key is expired", func(_ *minted, s *one, _ *scanner.Finding) { s.key.ExpiresAt = now }, incident.Expired, "expired", true},
		{"an id that the store does not know was never issued", func(_ *minted, s *one, _ *scanner.Finding) { s.key.ID = "000000000000" }, incident.NeverIssued, "id", false},
		{"a known id with another secret was never issued", func(m *minted, s *one, _ *scanner.Finding) { s.key.Digest.Sum[0] ^= 1 }, incident.NeverIssued, "secret", false},
		{"a store that fails leaves it unknown", func(_ *minted, s *one, _ *scanner.Finding) { s.err = errors.New("disk gone") }, incident.Unknown, "disk gone", false},
		{"a missing pepper leaves it unknown", func(_ *minted, s *one, _ *scanner.Finding) { s.key.Digest.PepperVersion = 99 }, incident.Unknown, "pepper", false},
		{"a vendor's key is not ours to judge", func(_ *minted, _ *one, f *scanner.Finding) { f.Pattern = "other.key" }, incident.Unknown, "no verifier", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := mint(t)
			store := &one{key: m.key}
			finding := scanner.Finding{Pattern: patterns.OwnID, Secret: m.plain}
			tt.change(&m, store, &finding)
			clock := func() time.Time { return now }
			got := verify.Issued{Keys: &issuer.Verifier{Store: store, Keyring: m.keyring, Now: clock}, Now: clock}.Verify(t.Context(), finding)
			if got.State != tt.want || !strings.Contains(got.Reason, tt.reason) || !got.CheckedAt.Equal(now) {
				t.Errorf("verdict %+v, want %s because of %q", got, tt.want, tt.reason)
			}
			if (got.KeyID != "") != tt.known || (got.Owner != "") != tt.known {
				t.Errorf("tells whose key it is: %v, want %v", got.KeyID != "", tt.known)
			}
			if strings.Contains(fmt.Sprintf("%+v", got), m.plain.Reveal()[22:]) {
				t.Error("the verdict holds the secret")
			}
		})
	}
}

func TestMintedKeysAreFoundByTheCatalogue(t *testing.T) {
	t.Parallel()
	set, err := patterns.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		m := mint(t)
		findings, skips := s.ScanBytes(t.Context(), scanner.Blob{Data: []byte("token: " + m.plain.Reveal() + "\n")})
		if len(skips) > 0 || len(findings) != 1 || findings[0].Pattern != patterns.OwnID ||
			findings[0].KeyID != string(m.key.ID) || findings[0].Family != "acme_live" || !findings[0].Secret.Equal(m.plain) {
			t.Fatalf("found %+v, skips %v", findings, skips)
		}
	}
}

func TestFirstAsksOnUntilOneKnowsThePattern(t *testing.T) {
	t.Parallel()
	m := mint(t)
	clock := func() time.Time { return now }
	issued := verify.Issued{Keys: &issuer.Verifier{Store: &one{key: m.key}, Keyring: m.keyring, Now: clock}, Now: clock}
	own := scanner.Finding{Pattern: patterns.OwnID, Secret: m.plain}
	if got := (verify.First{always("a vendor"), issued}).Verify(t.Context(), own); got.Reason != "a vendor" {
		t.Errorf("the first answer does not win: %+v", got)
	}
	foreign := scanner.Finding{Pattern: "other.key", Secret: m.plain}
	if got := (verify.First{issued, always("a vendor")}).Verify(t.Context(), foreign); got.Reason != "a vendor" {
		t.Errorf("the one that knows is not asked: %+v", got)
	}
	if got := (verify.First{}).Verify(t.Context(), own); got.State != incident.Unknown {
		t.Errorf("nobody to ask gave %+v", got)
	}
}

type always string

func (a always) Verify(context.Context, scanner.Finding) incident.Verdict {
	return incident.Verdict{State: incident.Live, Reason: string(a)}
}
