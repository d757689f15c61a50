//go:build linux

package issuer_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/lease"
)

// BenchmarkVerifyCached is a whole verification of a key that is in memory: checksum, lease, lookup, digest, judgement.
func BenchmarkVerifyCached(b *testing.B) {
	v, text := cachedVerifier(b)
	b.ReportAllocs()
	for b.Loop() {
		if d := v.Verify(b.Context(), text, issuer.Request{}); !d.Valid() {
			b.Fatal(d.Code, d.Err)
		}
	}
}

// BenchmarkVerifyCachedParallel is the same from all cores at once.
func BenchmarkVerifyCachedParallel(b *testing.B) {
	v, text := cachedVerifier(b)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if d := v.Verify(context.Background(), text, issuer.Request{}); !d.Valid() {
				b.Error(d.Code, d.Err)
			}
		}
	})
}

// oneStore has one key and one node that nobody revokes.
type oneStore struct {
	lease.Store
	key issuer.Key
}

func (s *oneStore) Join(context.Context, lease.Incarnation, string) (issuer.Token, error) {
	return issuer.Token{Generation: 1, Seq: 1}, nil
}

func (s *oneStore) Renew(context.Context, lease.Incarnation, issuer.Seq) (lease.Renewal, error) {
	return lease.Renewal{At: issuer.Token{Generation: 1, Seq: 1}, Term: lease.MaxTerm, Wait: lease.MaxTerm, Settled: true}, nil
}

func (s *oneStore) KeyAt(context.Context, issuer.KeyID) (issuer.Snapshot, error) {
	return issuer.Snapshot{At: issuer.Token{Generation: 1, Seq: 1}, Now: time.Now(), Key: &s.key}, nil
}

func (*oneStore) Leave(context.Context, lease.Incarnation) error { return nil }

func (*oneStore) Listen(ctx context.Context, _ func()) error {
	<-ctx.Done()
	return nil
}

// cachedVerifier has the machine's own clock, and a key in memory.
func cachedVerifier(tb testing.TB) (*issuer.Verifier, issuer.Plaintext) {
	tb.Helper()
	keyring, err := issuer.GenerateKeyring(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	text, id, err := issuer.Mint(rand.Reader, "acme", keyring)
	if err != nil {
		tb.Fatal(err)
	}
	clock, err := lease.NewClock()
	if err != nil {
		tb.Fatal(err)
	}
	store := &oneStore{key: issuer.Key{
		ID: id, Family: "acme", Owner: "alice", Digest: keyring.Digest(text), Status: issuer.StatusActive,
		Scopes: []issuer.Scope{"orders:*"}, ExpiresAt: time.Now().Add(time.Hour),
	}}
	node, err := lease.Start(lease.Options{Store: store, Name: "bench", Clock: clock})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = node.Close() })
	v := &issuer.Verifier{Cache: node, Keyring: keyring, Now: time.Now}
	if d := v.Verify(context.Background(), text, issuer.Request{}); !d.Valid() {
		tb.Fatal(d.Code, d.Err)
	}
	return v, text
}
