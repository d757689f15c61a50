package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/store"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
)

// Backend is an open, empty store.
type Backend struct {
	Keys       issuer.Store
	Incidents  incident.Store
	Log        audit.Log
	Identity   Identity
	Deliveries Deliveries
	// Jobs are the jobs that committed, as [JobText], oldest first.
	Jobs func(ctx context.Context) ([]string, error)
	// Failing makes the insertion of jobs fail after it wrote them.
	Failing *Switch
}

// Identity is the store's own part.
type Identity interface {
	Identity(ctx context.Context) (store.Identity, error)
	Initialise(ctx context.Context, identity store.Identity, act issuer.Act) (bool, error)
	AddPepperChecks(ctx context.Context, checks map[int][32]byte) error
}

// Switch is on or off. The zero value is off.
type Switch struct{ on atomic.Bool }

// Err is an error while the switch is on.
func (s *Switch) Err() error {
	if s.on.Load() {
		return errQueueDown
	}
	return nil
}

type queueDown struct{}

func (queueDown) Error() string { return "the queue is down" }

var errQueueDown error = queueDown{}

// JobText is the form in which a backend's test keeps a job.
func JobText(job jobs.Args) (string, error) {
	args, err := json.Marshal(job)
	return job.Kind() + " " + string(args), err
}

// cases are promises by their names.
type cases map[string]func(*testing.T, Backend)

// Run runs the contract. open gives a fresh store each time and closes it when the test ends.
func Run(t *testing.T, open func(t *testing.T) Backend) {
	t.Helper()
	all := cases{}
	for _, group := range []cases{
		familyCases(), keyCases(), revokeCases(), pageCases(), incidentCases(), logCases(), identityCases(), failureCases(),
		deliveryCases(),
	} {
		maps.Copy(all, group)
	}
	for name, run := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, open(t))
		})
	}
	t.Run("EveryHistoryEndsAsTheModelSays", func(t *testing.T) {
		t.Parallel()
		modelCase(t, open(t))
	})
}

// noon is a time with more digits than a store keeps, in a zone that is not UTC.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 123456789, time.FixedZone("CET", 3600))

// kept is t as a store gives it back.
func kept(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func act(reason string) issuer.Act { return issuer.Act{Actor: "test", At: noon, Reason: reason} }

// keyID makes a valid id from a number.
func keyID(n int) issuer.KeyID { return issuer.KeyID(fmt.Sprintf("key%09d", n)) }

func digest(n int) issuer.Digest {
	d := issuer.Digest{PepperVersion: 1}
	copy(d.Sum[:], fmt.Sprintf("digest %d", n))
	return d
}

// newKey is an active key of family "acme" that carries no scope.
func newKey(n int) issuer.Key {
	return issuer.Key{
		ID: keyID(n), Family: "acme", Owner: "alice", Label: "ci", Digest: digest(n), Status: issuer.StatusActive,
		CreatedAt: noon,
	}
}

// withFamily creates family "acme" with two scopes.
func withFamily(t *testing.T, b Backend) {
	t.Helper()
	family := issuer.Family{Prefix: "acme", Scopes: []issuer.Scope{"orders:read", "orders:write"}, CreatedAt: noon}
	must(t, b.Keys.CreateFamily(t.Context(), family, act("")))
}

// withKey creates family "acme" and its key number 1.
func withKey(t *testing.T, b Backend) issuer.Key {
	t.Helper()
	withFamily(t, b)
	key := newKey(1)
	must(t, b.Keys.CreateKey(t.Context(), key, act("")))
	return key
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func get[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return value
	}
}

func events(t *testing.T, b Backend) []audit.Event {
	t.Helper()
	var all []audit.Event
	must(t, b.Log.Leaves(t.Context(), 0, func(index int64, leaf []byte) error {
		var event audit.Event
		if err := json.Unmarshal(leaf, &event); err != nil {
			return err
		}
		if event.Index != index || index != int64(len(all)) {
			t.Errorf("event %d stands at place %d and is the %dth", event.Index, index, len(all))
		}
		all = append(all, event)
		return nil
	}))
	return all
}

func kinds(t *testing.T, b Backend) []audit.Kind {
	t.Helper()
	var all []audit.Kind
	for _, event := range events(t, b) {
		all = append(all, event.Kind)
	}
	return all
}
