//go:build linux

package lease_test

import (
	"crypto/rand"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/store/sqlite"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/lease"
)

// shop is several processes on one SQLite file, each with its own connection.
type shop struct {
	t       *testing.T
	path    string
	keyring *issuer.Keyring
	clock   *clock
	desk    *sqlite.Store // where keys are issued and revoked
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, path: filepath.Join(t.TempDir(), "keywright.db"), clock: new(clock)}
	s.desk = s.open(sqlite.Options{Create: true})
	var err error
	if s.keyring, err = issuer.GenerateKeyring(rand.Reader); err != nil {
		t.Fatal(err)
	}
	if err := s.desk.CreateFamily(t.Context(), issuer.Family{Prefix: "acme"}, issuer.Act{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shop) open(options sqlite.Options) *sqlite.Store {
	s.t.Helper()
	opened, err := sqlite.Open(s.t.Context(), s.path, options)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return opened
}

func (s *shop) issue() (issuer.Plaintext, issuer.KeyID) {
	s.t.Helper()
	text, id, err := issuer.Mint(rand.Reader, "acme", s.keyring)
	if err != nil {
		s.t.Fatal(err)
	}
	key := issuer.Key{ID: id, Family: "acme", Owner: "alice", Digest: s.keyring.Digest(text), Status: issuer.StatusActive}
	if err := s.desk.CreateKey(s.t.Context(), key, issuer.Act{Actor: "test"}); err != nil {
		s.t.Fatal(err)
	}
	return text, id
}

func (s *shop) revoke(id issuer.KeyID) issuer.Token {
	s.t.Helper()
	revoked, err := s.desk.Revoke(s.t.Context(), issuer.Revocation{Key: id, Act: issuer.Act{Actor: "test"}})
	if err != nil {
		s.t.Fatal(err)
	}
	return revoked.Token()
}

func (s *shop) node(name string) (*lease.Manual, *issuer.Verifier) {
	s.t.Helper()
	m, err := lease.NewManual(lease.Options{Store: s.open(sqlite.Options{}), Name: name, Clock: s.clock, Entries: 100, Absent: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := m.Step(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return m, &issuer.Verifier{Cache: m, Keyring: s.keyring, Now: time.Now}
}

func (s *shop) await(change issuer.Token) lease.Effect {
	s.t.Helper()
	var effect lease.Effect
	var err error
	s.clock.whileAdvancing(func() {
		effect, err = (&lease.Everywhere{Store: s.desk, Clock: s.clock}).Await(s.t.Context(), change)
	})
	if err != nil || !effect.Effective {
		s.t.Fatalf("Await = %+v, %v", effect, err)
	}
	return effect
}

func TestProcessesOnOneFileKeepTheSameRules(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	text, id := s.issue()
	near, nearKeys := s.node("near")
	cut, cutKeys := s.node("cut off")
	for _, v := range []*issuer.Verifier{nearKeys, cutKeys} {
		if d := v.Verify(t.Context(), text, issuer.Request{}); !d.Valid() {
			t.Fatalf("Verify = %s, %v", d.Code, d.Err)
		}
	}
	change := s.revoke(id)
	if err := near.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	effect := s.await(change)
	if !slices.Equal(effect.Fenced, []string{"cut off"}) || effect.Waited < lease.Patience(lease.DefaultTerm) {
		t.Errorf("effect = %+v", effect)
	}
	if _, hit := cut.Hit(id, issuer.Token{}); hit {
		t.Error("the node that was cut off answers from memory")
	}
	if err := near.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := nearKeys.Verify(t.Context(), text, issuer.Request{}); d.Code != issuer.CodeRevoked {
		t.Errorf("Verify = %s, %v", d.Code, d.Err)
	}
	if err := cut.Step(t.Context()); !errors.Is(err, lease.ErrOut) {
		t.Errorf("a fenced verifier renewed: %v", err)
	}
}

func TestARenewalByReadIsNoHoleInTheFence(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	text, first := s.issue()
	_, second := s.issue()
	m, v := s.node("a")
	if d := v.Verify(t.Context(), text, issuer.Request{}); !d.Valid() {
		t.Fatalf("Verify = %s, %v", d.Code, d.Err)
	}
	// Nothing changed: this renewal only reads, and the row says that it renewed before the next change.
	if err := m.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if effect := s.await(s.revoke(second)); !slices.Equal(effect.Fenced, []string{"a"}) {
		t.Errorf("effect = %+v", effect)
	}
	// Fenced, it renews by nothing; so the next revoker need not wait for it.
	if err := m.Step(t.Context()); !errors.Is(err, lease.ErrOut) {
		t.Errorf("a fenced verifier renewed: %v", err)
	}
	s.await(s.revoke(first))
	if _, hit := m.Hit(first, issuer.Token{}); hit {
		t.Error("it answers from memory")
	}
}

func TestSQLitePowerLossSyncFull(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var level, journal string
	row := s.desk.Writer().QueryRowContext(t.Context(), "SELECT (SELECT synchronous FROM pragma_synchronous), (SELECT journal_mode FROM pragma_journal_mode)")
	if err := row.Scan(&level, &journal); err != nil {
		t.Fatal(err)
	}
	// 2 is FULL: the log is on the disk before a commit returns. 1, NORMAL, loses acknowledged revocations with the power.
	if level != "2" || journal != "wal" {
		t.Errorf("synchronous = %s, journal_mode = %s", level, journal)
	}
}
