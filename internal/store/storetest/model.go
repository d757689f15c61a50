package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keywright/keywright/issuer"
)

// model is what a store should hold of one family's keys.
type model struct {
	b      Backend
	ctx    context.Context
	family issuer.Prefix
	keys   map[issuer.KeyID]issuer.Key
	made   *int // how many keys of all histories
	events *int64
}

// modelCase runs random histories against the store and a map. They share one store: each has a family and ids of
// its own, so that none sees another's.
func modelCase(t *testing.T, b Backend) {
	var made int
	var events int64
	var families int
	rapid.Check(t, func(r *rapid.T) {
		families++
		m := &model{
			b: b, ctx: t.Context(), family: issuer.Prefix(fmt.Sprintf("f%d", families)),
			keys: map[issuer.KeyID]issuer.Key{}, made: &made, events: &events,
		}
		scopes := []issuer.Scope{"a:*", "b:read"}
		if err := b.Keys.CreateFamily(m.ctx, issuer.Family{Prefix: m.family, Scopes: scopes, CreatedAt: noon}, act("")); err != nil {
			r.Fatal(err)
		}
		events++
		r.Repeat(map[string]func(*rapid.T){
			"create": m.create, "createTaken": m.createTaken, "disable": m.disable, "enable": m.enable,
			"revoke": m.revoke, "touch": m.touch, "": m.check,
		})
	})
	verifyTree(t, b)
}

func (m *model) create(r *rapid.T) {
	*m.made++
	key := newKey(*m.made)
	key.Family = m.family
	key.Label = rapid.StringN(0, 20, 80).Filter(func(s string) bool { return checkable(s) }).Draw(r, "label")
	key.CreatedAt = noon.Add(time.Duration(rapid.IntRange(0, 3).Draw(r, "hours")) * time.Hour)
	scope := rapid.SampledFrom([]issuer.Scope{"a:read", "a:*", "b:read", "b:write", "c:read"}).Draw(r, "scope")
	key.Scopes = []issuer.Scope{scope}
	err := m.b.Keys.CreateKey(m.ctx, key, act(""))
	if scope == "b:write" || scope == "c:read" {
		if !errors.Is(err, issuer.ErrScope) {
			r.Fatalf("a key with %s: %v", scope, err)
		}
		return
	}
	if err != nil {
		r.Fatal(err)
	}
	*m.events++
	key.CreatedAt = kept(key.CreatedAt)
	m.keys[key.ID] = key
}

// checkable: NUL is refused by the port.
func checkable(s string) bool {
	for _, r := range s {
		if r == 0 {
			return false
		}
	}
	return true
}

func (m *model) any(r *rapid.T) issuer.Key {
	if len(m.keys) == 0 {
		r.Skip("no key yet")
	}
	ids := make([]issuer.KeyID, 0, len(m.keys))
	for n := range *m.made + 1 {
		if _, there := m.keys[keyID(n)]; there {
			ids = append(ids, keyID(n))
		}
	}
	return m.keys[rapid.SampledFrom(ids).Draw(r, "key")]
}

func (m *model) createTaken(r *rapid.T) {
	taken := m.any(r)
	taken.Status = issuer.StatusActive
	if err := m.b.Keys.CreateKey(m.ctx, taken, act("")); !errors.Is(err, issuer.ErrConflict) {
		r.Fatalf("a taken id: %v", err)
	}
}

func (m *model) disable(r *rapid.T) { m.set(r, issuer.StatusDisabled) }
func (m *model) enable(r *rapid.T)  { m.set(r, issuer.StatusActive) }

func (m *model) set(r *rapid.T, status issuer.Status) {
	key := m.any(r)
	err := m.b.Keys.SetStatus(m.ctx, key.ID, status, act(""))
	if key.Status == issuer.StatusRevoked {
		if !errors.Is(err, issuer.ErrRevoked) {
			r.Fatalf("a revoked key was set to %s: %v", status, err)
		}
		return
	}
	if err != nil {
		r.Fatal(err)
	}
	if key.Status != status {
		*m.events++
	}
	key.Status = status
	m.keys[key.ID] = key
}

func (m *model) revoke(r *rapid.T) {
	key := m.any(r)
	at := noon.Add(time.Duration(rapid.IntRange(0, 3).Draw(r, "hours")) * time.Hour)
	got, err := m.b.Keys.Revoke(m.ctx, issuer.Revocation{Key: key.ID, Act: issuer.Act{Actor: "m", At: at, Reason: "r"}})
	if err != nil {
		r.Fatal(err)
	}
	if key.Status == issuer.StatusRevoked {
		want := issuer.Revoked{Seq: key.RevokedSeq, At: key.RevokedAt, Already: true, Generation: 1}
		if got != want {
			r.Fatalf("again: %+v, want %+v", got, want)
		}
		return
	}
	*m.events++
	want := issuer.Revoked{Seq: issuer.Seq(*m.events), At: kept(at), Generation: 1} // every change is one event and one number
	if got != want {
		r.Fatalf("revoked: %+v, want %+v", got, want)
	}
	key.Status, key.RevokedAt, key.RevokedReason, key.RevokedSeq = issuer.StatusRevoked, got.At, "r", got.Seq
	m.keys[key.ID] = key
}

func (m *model) touch(r *rapid.T) {
	key := m.any(r)
	at := noon.Add(time.Duration(rapid.IntRange(0, 9).Draw(r, "minutes")) * time.Minute)
	if err := m.b.Keys.Touch(m.ctx, []issuer.Use{{Key: key.ID, At: at}}); err != nil {
		r.Fatal(err)
	}
	if kept(at).After(key.LastUsedAt) {
		key.LastUsedAt = kept(at)
	}
	m.keys[key.ID] = key
}

// check compares the family's keys and the size of the log with the model.
func (m *model) check(r *rapid.T) {
	page, err := m.b.Keys.Keys(m.ctx, issuer.KeyQuery{Family: m.family, Limit: 1000})
	if err != nil {
		r.Fatal(err)
	}
	if len(page.Keys) != len(m.keys) {
		r.Fatalf("%d keys, want %d", len(page.Keys), len(m.keys))
	}
	for i, got := range page.Keys {
		if want := m.keys[got.ID]; fmt.Sprint(got) != fmt.Sprint(want) {
			r.Fatalf("\n got %+v\nwant %+v", got, want)
		}
		if i > 0 && page.Keys[i-1].CreatedAt.Before(got.CreatedAt) {
			r.Fatalf("key %d is newer than the one before", i)
		}
	}
	size, err := m.b.Log.Size(m.ctx)
	if err != nil || size != *m.events {
		r.Fatalf("%d events, want %d (%v)", size, *m.events, err)
	}
}
