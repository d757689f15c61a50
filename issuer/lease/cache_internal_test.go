package lease

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/keywright/keywright/issuer"
)

func snapshot(seq issuer.Seq, id issuer.KeyID) issuer.Snapshot {
	return issuer.Snapshot{
		At: issuer.Token{Generation: 1, Seq: seq}, Now: time.Unix(1, 0), Key: &issuer.Key{ID: id, Owner: "alice", Family: "acme"},
	}
}

func TestAScopeWithManyKeysIsOneInvalidation(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		scope Scope
		gone  bool
	}{
		"its key":          {Scope{ScopeKey, "000000000001"}, true},
		"another key":      {Scope{ScopeKey, "000000000002"}, false},
		"its owner":        {Scope{ScopeOwner, "alice"}, true},
		"another owner":    {Scope{ScopeOwner, "bob"}, false},
		"its family":       {Scope{ScopeFamily, "acme"}, true},
		"another family":   {Scope{ScopeFamily, "alice"}, false},
		"everything":       {Scope{Kind: ScopeWorkspace}, true},
		"no key, no owner": {Scope{Kind: ScopeNone}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCache(100, 100)
			id := issuer.KeyID("000000000001")
			c.fill(id, snapshot(5, id), 0)
			if c.get(id) == nil {
				t.Fatal("not kept")
			}
			if !c.apply([]Invalidation{{Seq: 6, Scope: tc.scope}}) {
				t.Fatal("not known")
			}
			if gone := c.get(id) == nil; gone != tc.gone {
				t.Errorf("gone: %v", gone)
			}
			// What was read before is refused from now on, and what was read since is kept.
			c.fill(id, snapshot(5, id), 0)
			if gone := c.get(id) == nil; gone != tc.gone {
				t.Errorf("after a late fill, gone: %v", gone)
			}
			c.fill(id, snapshot(6, id), 0)
			if c.get(id) == nil {
				t.Error("what was read after the change was refused")
			}
		})
	}
}

func TestAScopeThatNoKeyHadYetIsNotForgotten(t *testing.T) {
	t.Parallel()
	c := newCache(100, 100)
	id := issuer.KeyID("000000000001")
	c.apply([]Invalidation{{Seq: 6, Scope: Scope{ScopeOwner, "alice"}}}) // before any entry of alice's
	c.fill(id, snapshot(5, id), 0)
	if c.get(id) != nil {
		t.Error("a read from before the change of its owner was kept")
	}
}

func TestAnUnknownKindIsNotIgnored(t *testing.T) {
	t.Parallel()
	if newCache(1, 1).apply([]Invalidation{{Seq: 1, Scope: Scope{"of a later version", "x"}}}) {
		t.Error("it was taken as applied")
	}
}

func TestACacheIsBounded(t *testing.T) {
	t.Parallel()
	c := newCache(64, 64)
	for i := range 10_000 {
		id := issuer.KeyID(fmt.Sprintf("%012d", i))
		s := snapshot(1, id)
		if i%2 == 0 {
			s.Key = nil
		}
		c.fill(id, s, 0)
	}
	for name, table := range map[string]*table{"keys": &c.keys, "absent": &c.absent} {
		held := 0
		for i := range table.places {
			if table.places[i].Load() != nil {
				held++
			}
		}
		if held == 0 || held > 64 {
			t.Errorf("%s: %d entries", name, held)
		}
	}
	// Each key has another owner: their marks are bounded too, and that is said.
	for i := range 200 {
		id := issuer.KeyID(fmt.Sprintf("%012d", i))
		s := snapshot(1, id)
		s.Key.Owner = string(id)
		c.fill(id, s, 0)
	}
	if len(c.marks.cells) > c.marks.limit || !c.marks.full.Load() {
		t.Errorf("%d marks, full: %v", len(c.marks.cells), c.marks.full.Load())
	}
}

func TestAClockIsNeverBehind(t *testing.T) {
	t.Parallel()
	var asleep time.Duration
	start := time.Now()
	c := &systemClock{start: start, exact: func() (time.Duration, error) { return time.Since(start) + asleep, nil }}
	c.last.Store(new(reading))
	c.Sync()
	before := c.Now()
	asleep = time.Hour
	if exact := c.Sync(); exact < time.Hour || c.Now() < exact {
		t.Errorf("after an hour's sleep Sync = %s, Now = %s", exact, c.Now())
	}
	// A wall clock that jumped ahead since the last Sync counts as time that passed, until the next one.
	last := *c.last.Load()
	last.ahead -= time.Minute
	c.last.Store(&last)
	if now := c.Now(); now < before+time.Hour+time.Minute {
		t.Errorf("a jump ahead was not counted: %s", now)
	}
	// One that jumped back is ignored.
	last.ahead += time.Hour
	c.last.Store(&last)
	if now := c.Now(); now < before+time.Hour {
		t.Errorf("a jump back made the clock late: %s", now)
	}
	c.exact = func() (time.Duration, error) { return 0, ErrNoClock }
	if later := c.Sync(); later < time.Hour {
		t.Errorf("a clock that fails: %s, but leases must end", later)
	}
}

func TestIncarnationsAreUUIDs(t *testing.T) {
	t.Parallel()
	zero := make([]byte, 16)
	got, err := newIncarnation(readerOf(zero))
	if err != nil || got != "00000000-0000-4000-8000-000000000000" {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := newIncarnation(readerOf(nil)); err == nil {
		t.Error("no random bytes, and no error")
	}
}

func TestALeaseIsOverBeforeARevokerStopsWaiting(t *testing.T) {
	t.Parallel()
	for _, term := range []time.Duration{MinTerm, DefaultTerm, MaxTerm} {
		// The holder's clock runs slow and the revoker's fast, each by the drift that is allowed.
		longest := life(term) * 100 / (100 - driftPercent)
		shortest := patience(term) * 100 / (100 + driftPercent)
		if life(term) <= 0 || longest >= shortest {
			t.Errorf("%s: a lease lasts %s, and a revoker waits %s", term, longest, shortest)
		}
	}
}

func readerOf(b []byte) *bytes.Reader { return bytes.NewReader(b) }
