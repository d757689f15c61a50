package storetest

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
)

func failureCases() cases {
	return cases{
		"AChangeBringsItsJobs": func(t *testing.T, b Backend) {
			withFamily(t, b)
			key := newKey(1)
			must(t, b.Keys.CreateKey(t.Context(), key, act(""), jobs.NotifyOwner{IncidentID: "inc_a"}))
			seen := leak(1)
			_, _, err := b.Incidents.Record(t.Context(), seen, act(""), jobs.VerifyIncident{IncidentID: string(seen.ID)})
			must(t, err)
			get(b.Keys.Revoke(t.Context(), issuer.Revocation{Key: key.ID, Act: act("")}, jobs.NotifyOwner{IncidentID: "inc_b"}))(t)
			want := []string{
				`notify_owner {"incident_id":"inc_a"}`,
				`verify_incident {"incident_id":"` + string(seen.ID) + `"}`,
				`notify_owner {"incident_id":"inc_b"}`,
			}
			if got := get(b.Jobs(t.Context()))(t); !reflect.DeepEqual(got, want) {
				t.Errorf("jobs = %q, want %q", got, want)
			}
		},
		"RollbackLeavesNoJob": func(t *testing.T, b Backend) {
			withFamily(t, b)
			key := newKey(1)
			key.Scopes = []issuer.Scope{"orders:delete"}
			if err := b.Keys.CreateKey(t.Context(), key, act(""), jobs.NotifyOwner{IncidentID: "x"}); err == nil {
				t.Fatal("the change did not fail")
			}
			if _, err := b.Keys.Revoke(t.Context(), issuer.Revocation{Key: key.ID}, jobs.NotifyOwner{IncidentID: "x"}); err == nil {
				t.Fatal("the revocation did not fail")
			}
			if got := get(b.Jobs(t.Context()))(t); len(got) != 0 {
				t.Errorf("jobs = %v", got)
			}
		},
		"CrashBetweenWriteAndEnqueueLeavesNothing": func(t *testing.T, b Backend) {
			key := withKey(t, b)
			before := get(b.Keys.Key(t.Context(), key.ID))(t)
			b.Failing.on.Store(true)
			job := jobs.NotifyOwner{IncidentID: "x"}
			second := newKey(2)
			second.Owner = "bob"
			_, revokeErr := b.Keys.Revoke(t.Context(), issuer.Revocation{Key: key.ID, Act: act("leaked")}, job)
			_, _, recordErr := b.Incidents.Record(t.Context(), leak(1), act(""), job)
			for name, err := range map[string]error{
				"create": b.Keys.CreateKey(t.Context(), second, act(""), job), "revoke": revokeErr, "record": recordErr,
			} {
				if !errors.Is(err, errQueueDown) {
					t.Errorf("%s: %v", name, err)
				}
			}
			b.Failing.on.Store(false)
			if got := get(b.Keys.Key(t.Context(), key.ID))(t); !reflect.DeepEqual(got, before) {
				t.Errorf("the key changed: %+v", got)
			}
			if _, err := b.Keys.Key(t.Context(), second.ID); !errors.Is(err, issuer.ErrNotFound) {
				t.Errorf("the second key: %v", err)
			}
			if _, err := b.Incidents.Incident(t.Context(), leak(1).ID); !errors.Is(err, issuer.ErrNotFound) {
				t.Errorf("the incident: %v", err)
			}
			if got := get(b.Jobs(t.Context()))(t); len(got) != 0 {
				t.Errorf("jobs = %v", got)
			}
			if got := kinds(t, b); len(got) != 2 {
				t.Errorf("events = %v", got)
			}
			// The change sequence went back, too: the next change takes the next number.
			if got := get(b.Keys.Revoke(t.Context(), issuer.Revocation{Key: key.ID, Act: act("leaked")}, job))(t); got.Seq != 3 {
				t.Errorf("sequence = %d, want 3", got.Seq)
			}
			verifyTree(t, b)
		},
		"ACancelledChangeLeavesNothing": func(t *testing.T, b Backend) {
			key := withKey(t, b)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := b.Keys.Revoke(ctx, issuer.Revocation{Key: key.ID, Act: act("")}); !errors.Is(err, context.Canceled) {
				t.Errorf("err = %v", err)
			}
			if got := get(b.Keys.Key(t.Context(), key.ID))(t); got.Status != issuer.StatusActive {
				t.Errorf("status = %s", got.Status)
			}
		},
	}
}
