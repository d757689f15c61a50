//go:build linux

package config_test

import (
	"crypto/rand"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/internal/store"
	"github.com/keywright/keywright/internal/store/postgres"
	"github.com/keywright/keywright/internal/store/storetest/pgtest"
	"github.com/keywright/keywright/issuer"
)

// server is one Postgres for the package.
var server = pgtest.New(nil)

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }

func TestAnAddressOpensPostgresBehindTheSameWorkspace(t *testing.T) {
	t.Parallel()
	paths := place(t)
	paths.Store = server.Empty(t)
	if _, err := config.Open(t.Context(), paths, config.Mode{}); !errors.Is(err, store.ErrNoStore) {
		t.Errorf("before init: %v", err)
	}
	first, second := initialise(t, paths), initialise(t, paths)
	if !first.StoreCreated || second.StoreCreated || first.StoreID != second.StoreID {
		t.Errorf("made %+v and %+v", first, second)
	}
	w := open(t, paths, config.Mode{})
	if _, ok := w.Backend.(*postgres.Store); !ok {
		t.Errorf("the backend is a %T", w.Backend)
	}
	act := issuer.Act{Actor: "test"}
	keys := w.Issuer(rand.Reader)
	if _, err := keys.CreateFamily(t.Context(), "acme_live", nil, act); err != nil {
		t.Fatal(err)
	}
	plain, _, err := keys.Issue(t.Context(), issuer.IssueRequest{Family: "acme_live", Owner: "alice", Act: act})
	if err != nil {
		t.Fatal(err)
	}
	verifier := issuer.Verifier{Store: w.Keys, Keyring: w.Keyring, Now: time.Now}
	if d := verifier.Check(t.Context(), plain); d.Code != issuer.CodeValid {
		t.Errorf("decision = %v", d.Code)
	}
	if _, err := w.Seal(t.Context()); err != nil {
		t.Error(err)
	}
	put(t, paths.Pepper, keyring(t, 1))
	if _, err := config.Open(t.Context(), paths, config.Mode{}); !errors.Is(err, config.ErrPepperWrong) {
		t.Errorf("another pepper: %v", err)
	}
}
