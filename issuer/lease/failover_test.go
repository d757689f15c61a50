//go:build linux

package lease_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/store"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/lease"
)

func TestRowsSurviveKill9OfPostgres(t *testing.T) {
	t.Parallel()
	own := ownServer(t)
	h := newHouseAt(t, own.Database(t))
	text, id := h.issue()
	n := h.node("a", nil)
	n.says(text, issuer.CodeValid)
	if err := own.Crash(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.store = h.open()
	if !n.holds(id) {
		t.Fatal("its lease ended with the server") // then this shows nothing
	}
	effect := h.awaitTimed(h.revoke(id))
	if !slices.Equal(effect.Fenced, []string{"a"}) || effect.Waited < lease.Patience(lease.DefaultTerm) || n.holds(id) {
		t.Errorf("effect = %+v: the row of a node that holds a lease was lost", effect)
	}
}

func TestSyncWaitCancelledIsUnknown(t *testing.T) {
	t.Parallel()
	own := ownServer(t)
	h := newHouseAt(t, own.Database(t))
	keys := make(chan issuer.KeyID, 40)
	for range cap(keys) {
		_, id := h.issue()
		keys <- id
	}
	n := h.node("a", nil)
	h.exec("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
	h.exec("SELECT pg_reload_conf()")
	// It waits for a standby that never comes, and somebody cancels the wait. Postgres says COMMIT, with a warning.
	cancelled := func(what string, f func(context.Context) error) {
		t.Helper()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		ended := make(chan error, 1)
		run := func() { ended <- f(context.WithoutCancel(t.Context())) }
		go run()
		for {
			select {
			case err := <-ended:
				if err == nil { // the server has not read its new configuration yet
					go run()
					<-tick.C
					continue
				}
				if !errors.Is(err, store.ErrOutcomeUnknown) {
					t.Errorf("%s: %v, want that the outcome is unknown", what, err)
				}
				return
			case <-tick.C:
				h.exec("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
			}
		}
	}
	cancelled("a revocation", func(ctx context.Context) error {
		_, err := h.store.Revoke(ctx, issuer.Revocation{Key: <-keys, Act: issuer.Act{Actor: "test"}})
		return err
	})
	cancelled("a renewal", func(ctx context.Context) error {
		_, err := h.store.Renew(ctx, n.Incarnation(), 0)
		return err
	})
	h.exec("ALTER SYSTEM RESET synchronous_standby_names")
	h.exec("SELECT pg_reload_conf()")
}

// TestFailover is one failover, with a name for what each part shows.
func TestFailover(t *testing.T) {
	t.Parallel()
	primary := ownServer(t)
	h := newHouseAt(t, primary.Database(t))
	text, id := h.issue()
	n := h.node("a", nil)
	n.says(text, issuer.CodeValid)
	follower, err := primary.Standby(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := follower.Stop(); err != nil {
			t.Error(err)
		}
	})
	h.exec("ALTER SYSTEM SET synchronous_standby_names = '*'")
	h.exec("SELECT pg_reload_conf()")
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for state := ""; state != "sync"; <-tick.C {
		if err := h.store.Pool().QueryRow(t.Context(), "SELECT max(sync_state) FROM pg_stat_replication").Scan(&state); err != nil {
			t.Fatal(err)
		}
	}
	_, other := h.issue() // returns when the standby has it
	address, err := follower.Address(h.address)
	if err != nil {
		t.Fatal(err)
	}
	standby := h.openAt(address)

	t.Run("RenewalOnStandbyRefused", func(t *testing.T) {
		if _, err := standby.Renew(t.Context(), n.Incarnation(), 0); err == nil {
			t.Error("a standby granted a lease")
		}
		if _, err := standby.KeyAt(t.Context(), id); !errors.Is(err, lease.ErrStandby) {
			t.Errorf("a read from a standby: %v", err)
		}
	})

	if _, err := standby.Pool().Exec(t.Context(), "SELECT pg_promote()"); err != nil {
		t.Fatal(err)
	}

	t.Run("OldPrimaryGrantsNothing", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := h.store.Renew(ctx, n.Incarnation(), 0); err == nil {
			t.Error("the former primary granted a lease, without its standby")
		}
		if _, err := h.store.KeyAt(t.Context(), id); err != nil {
			t.Errorf("it still answers reads, which is what makes it dangerous: %v", err)
		}
	})

	t.Run("the first writer begins a generation, which waits for the leases of the old one", func(t *testing.T) {
		if _, err := standby.Renew(t.Context(), n.Incarnation(), 0); !errors.Is(err, lease.ErrOut) {
			t.Errorf("a renewal before the generation began: %v", err)
		}
		promoted := *h
		promoted.store, promoted.t = standby, t
		change := promoted.revoke(id)
		if change.Generation != 2 {
			t.Errorf("change = %+v", change)
		}
		if !n.holds(id) {
			t.Fatal("the old lease is over") // then this shows nothing
		}
		if effect := promoted.awaitTimed(change); effect.Waited < lease.Patience(lease.DefaultTerm) || n.holds(id) {
			t.Errorf("effect = %+v", effect)
		}
		promoted.awaitTimed(promoted.revoke(other))
	})
}
