//go:build linux

package lease_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/store/sqlite"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/lease"
)

// liveNode renews by itself, by the machine's clock.
func liveNode(t *testing.T, store lease.Store, name string, keyring *issuer.Keyring) (*lease.Node, *issuer.Verifier) {
	t.Helper()
	clock, err := lease.NewClock()
	if err != nil {
		t.Fatal(err)
	}
	n, err := lease.Start(lease.Options{Store: store, Name: name, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n, &issuer.Verifier{Cache: n, Keyring: keyring, Now: time.Now}
}

// live is one round: several nodes that know a key, a revocation, and what each says from then on.
func live(t *testing.T, open func() lease.Store, keyring *issuer.Keyring, issue func() (issuer.Plaintext, issuer.KeyID), revoke func(issuer.KeyID) issuer.Token) {
	t.Helper()
	var verifiers []*issuer.Verifier
	for _, name := range []string{"a", "b", "c"} {
		_, v := liveNode(t, open(), name, keyring)
		verifiers = append(verifiers, v)
	}
	revoker := open()
	for range 10 {
		text, id := issue()
		for _, v := range verifiers {
			if d := v.Verify(t.Context(), text, issuer.Request{}); !d.Valid() {
				t.Fatalf("before: %s, %v", d.Code, d.Err)
			}
		}
		effect, err := (&lease.Everywhere{Store: revoker}).Await(t.Context(), revoke(id))
		if err != nil || !effect.Effective {
			t.Fatalf("Await = %+v, %v", effect, err)
		}
		var all sync.WaitGroup
		for _, v := range verifiers {
			all.Go(func() {
				if d := v.Verify(context.Background(), text, issuer.Request{}); d.Valid() {
					t.Errorf("after %+v: %s", effect, d.Code)
				}
			})
		}
		all.Wait()
		t.Logf("held everywhere after %s, fenced %v", effect.Waited, effect.Fenced)
	}
}

func TestLiveNodesOnPostgres(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	live(t, func() lease.Store { return h.open() }, h.keyring, h.issue, h.revoke)
}

func TestLiveNodesOnOneFile(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	live(t, func() lease.Store { return s.open(sqlite.Options{}) }, s.keyring, s.issue, s.revoke)
}

func TestAClosedNodeIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, id := h.issue()
	n, v := liveNode(t, h.open(), "a", h.keyring)
	if d := v.Verify(t.Context(), text, issuer.Request{}); !d.Valid() {
		t.Fatalf("Verify = %s, %v", d.Code, d.Err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if _, hit := n.Hit(id, issuer.Token{}); hit {
		t.Error("a closed node answers")
	}
	if effect := h.await(h.revoke(id)); effect.Waited != 0 || len(effect.Fenced) != 0 {
		t.Errorf("effect = %+v", effect)
	}
}
