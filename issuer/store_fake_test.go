package issuer_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/issuer"
)

// mapStore is an issuer.Store in memory. It keeps acts and jobs so that tests can look at them.
type mapStore struct {
	mu       sync.Mutex
	families map[issuer.Prefix]issuer.Family
	keys     map[issuer.KeyID]issuer.Key
	acts     []issuer.Act
	jobs     []jobs.Args
	seq      issuer.Seq
	reads    int
	fail     error // every call fails with it
	touched  []issuer.Use
	batches  int
}

func newMapStore() *mapStore {
	return &mapStore{families: map[issuer.Prefix]issuer.Family{}, keys: map[issuer.KeyID]issuer.Key{}}
}

// change runs f as if it were a transaction.
func (s *mapStore) change(act issuer.Act, next []jobs.Args, f func() (changed bool, err error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	changed, err := f()
	if err == nil && changed {
		s.seq++
		s.acts = append(s.acts, act)
		s.jobs = append(s.jobs, next...)
	}
	return err
}

func (s *mapStore) CreateFamily(_ context.Context, family issuer.Family, act issuer.Act) error {
	return s.change(act, nil, func() (bool, error) {
		if _, taken := s.families[family.Prefix]; taken {
			return false, fmt.Errorf("family %s: %w", family.Prefix, issuer.ErrConflict)
		}
		s.families[family.Prefix] = family
		return true, nil
	})
}

func (s *mapStore) Family(_ context.Context, prefix issuer.Prefix) (issuer.Family, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	family, ok := s.families[prefix]
	if !ok {
		return issuer.Family{}, fmt.Errorf("family %s: %w", prefix, issuer.ErrNotFound)
	}
	return family, s.fail
}

func (s *mapStore) Families(context.Context) ([]issuer.Family, error) { return nil, s.fail }

func (s *mapStore) CreateKey(_ context.Context, key issuer.Key, act issuer.Act, next ...jobs.Args) error {
	return s.change(act, next, func() (bool, error) {
		if _, taken := s.keys[key.ID]; taken {
			return false, fmt.Errorf("key %s: %w", key.ID, issuer.ErrConflict)
		}
		s.keys[key.ID] = key
		return true, nil
	})
}

func (s *mapStore) Revoke(_ context.Context, r issuer.Revocation, next ...jobs.Args) (revoked issuer.Revoked, err error) {
	err = s.change(r.Act, next, func() (bool, error) {
		key, ok := s.keys[r.Key]
		if !ok {
			return false, fmt.Errorf("key %s: %w", r.Key, issuer.ErrNotFound)
		}
		already := key.Status == issuer.StatusRevoked
		if !already {
			key.Status, key.RevokedAt, key.RevokedReason, key.RevokedSeq = issuer.StatusRevoked, r.Act.At, r.Act.Reason, s.seq+1
			s.keys[r.Key] = key
		}
		revoked = issuer.Revoked{Seq: key.RevokedSeq, At: key.RevokedAt, Already: already}
		return !already, nil
	})
	return revoked, err
}

func (s *mapStore) SetStatus(_ context.Context, id issuer.KeyID, status issuer.Status, act issuer.Act) error {
	return s.change(act, nil, func() (bool, error) {
		key, ok := s.keys[id]
		switch {
		case !ok:
			return false, fmt.Errorf("key %s: %w", id, issuer.ErrNotFound)
		case key.Status == issuer.StatusRevoked:
			return false, fmt.Errorf("key %s: %w", id, issuer.ErrRevoked)
		}
		changed := key.Status != status
		key.Status = status
		s.keys[id] = key
		return changed, nil
	})
}

func (s *mapStore) Touch(_ context.Context, uses []issuer.Use) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	s.batches++
	s.touched = append(s.touched, uses...)
	return nil
}

func (s *mapStore) Key(_ context.Context, id issuer.KeyID) (issuer.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	key, ok := s.keys[id]
	switch {
	case s.fail != nil:
		return issuer.Key{}, s.fail
	case !ok:
		return issuer.Key{}, fmt.Errorf("key %s: %w", id, issuer.ErrNotFound)
	}
	key.Scopes = slices.Clone(key.Scopes)
	return key, nil
}

func (s *mapStore) Keys(context.Context, issuer.KeyQuery) (issuer.KeyPage, error) {
	return issuer.KeyPage{}, s.fail
}

// bench is an issuer with a fake store and a clock that stands still.
type bench struct {
	*issuer.Issuer
	store *mapStore
	clock time.Time
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{store: newMapStore(), clock: time.Date(2026, 11, 24, 7, 0, 0, 123456789, time.UTC)}
	b.Issuer = &issuer.Issuer{
		Store: b.store, Keyring: newKeyring(t), Now: func() time.Time { return b.clock }, Rand: newStream(t.Name()),
	}
	if _, err := b.CreateFamily(t.Context(), "acme_live", []issuer.Scope{"orders:*", "users:read"}, act); err != nil {
		t.Fatal(err)
	}
	return b
}

var act = issuer.Act{Actor: "test:alice", Reason: "because"}

func (b *bench) issue(t testing.TB, scopes ...issuer.Scope) (secret.Text, issuer.Key) {
	t.Helper()
	text, key, err := b.Issue(t.Context(), issuer.IssueRequest{Family: "acme_live", Owner: "alice", Scopes: scopes, Act: act})
	if err != nil {
		t.Fatal(err)
	}
	return text, key
}

func (b *bench) verifier() *issuer.Verifier {
	return &issuer.Verifier{Store: b.store, Keyring: b.Keyring, Now: b.Now}
}

func newKeyring(t testing.TB) *issuer.Keyring {
	t.Helper()
	keyring, err := issuer.GenerateKeyring(newStream("keyring of " + t.Name()))
	if err != nil {
		t.Fatal(err)
	}
	return keyring
}
