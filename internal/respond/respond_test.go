package respond_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/respond"
	"github.com/keywright/keywright/issuer"
)

func live(n int) incident.Incident {
	return incident.Incident{
		ID: incident.ID(fmt.Sprintf("inc_%02d", n)), Source: "repo",
		Verdict: incident.Verdict{State: incident.Live, KeyID: issuer.KeyID(fmt.Sprintf("key%02d", n)), Owner: "billing"},
	}
}

func liveOnes(n int) []incident.Incident {
	var all []incident.Incident
	for i := range n {
		all = append(all, live(i))
	}
	return all
}

func TestPlan(t *testing.T) {
	t.Parallel()
	with := func(state incident.VerdictState) incident.Incident {
		inc := live(0)
		inc.Verdict.State = state
		return inc
	}
	vendors := live(0)
	vendors.Verdict.KeyID = ""
	tests := []struct {
		name            string
		incidents       []incident.Incident
		policy          respond.Policy
		revoke, waiting int
	}{
		{"the zero policy does nothing", liveOnes(3), respond.Policy{}, 0, 0},
		{"each live key is revoked", liveOnes(3), respond.Policy{Revoke: true}, 3, 0},
		{"a key in two incidents is revoked once", append(liveOnes(1), live(0)), respond.Policy{Revoke: true}, 1, 0},
		{"a revoked key is left alone", []incident.Incident{with(incident.Revoked)}, respond.Policy{Revoke: true}, 0, 0},
		{"an unknown verdict revokes nothing", []incident.Incident{with(incident.Unknown)}, respond.Policy{Revoke: true}, 0, 0},
		{"a never issued key revokes nothing", []incident.Incident{with(incident.NeverIssued)}, respond.Policy{Revoke: true}, 0, 0},
		{"a vendor's live key is not ours to revoke", []incident.Incident{vendors}, respond.Policy{Revoke: true}, 0, 0},
		{"the default cap holds", liveOnes(27), respond.Policy{Revoke: true}, respond.DefaultMaxRevocations, 2},
		{"a cap of one holds", liveOnes(3), respond.Policy{Revoke: true, MaxRevocations: 1}, 1, 2},
		{"a person's yes lifts the cap", liveOnes(27), respond.Policy{Revoke: true, Confirmed: true}, 27, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var revoke, waiting int
			for _, action := range respond.Plan(tt.incidents, tt.policy) {
				switch action.Kind {
				case incident.ActionRevoke:
					revoke++
				case incident.ActionWait:
					waiting++
				default:
					t.Errorf("unplanned kind %q", action.Kind)
				}
			}
			if revoke != tt.revoke || waiting != tt.waiting {
				t.Errorf("%d revoked and %d waiting, want %d and %d", revoke, waiting, tt.revoke, tt.waiting)
			}
		})
	}
}

type revoker struct {
	calls map[issuer.KeyID]int
	fail  issuer.KeyID
}

var errDown = errors.New("store is down")

func (r *revoker) Revoke(_ context.Context, rev issuer.Revocation, _ ...jobs.Args) (issuer.Revoked, error) {
	r.calls[rev.Key]++
	if rev.Key == r.fail {
		return issuer.Revoked{}, errDown
	}
	return issuer.Revoked{Seq: 7, Already: r.calls[rev.Key] > 1}, nil
}

type recorder struct {
	outcomes []incident.Outcome
	verdicts map[incident.ID]incident.Verdict
}

func (r *recorder) Incident(_ context.Context, id incident.ID) (incident.Incident, error) {
	var n int
	if _, err := fmt.Sscanf(string(id), "inc_%d", &n); err != nil {
		return incident.Incident{}, err
	}
	return live(n), nil
}

func (r *recorder) SetVerdict(_ context.Context, id incident.ID, v incident.Verdict, _ issuer.Act) error {
	r.verdicts[id] = v
	return nil
}

func (r *recorder) AddOutcome(_ context.Context, _ incident.ID, o incident.Outcome, _ issuer.Act) error {
	r.outcomes = append(r.outcomes, o)
	return nil
}

func TestActGoesOnAfterAFailureAndRecordsEveryOutcome(t *testing.T) {
	t.Parallel()
	rev := &revoker{calls: map[issuer.KeyID]int{}, fail: "key01"}
	rec := &recorder{verdicts: map[incident.ID]incident.Verdict{}}
	effects := respond.Effects{Revoker: rev, Recorder: rec, Actor: "test", Now: time.Now}
	plan := respond.Plan(liveOnes(4), respond.Policy{Revoke: true, MaxRevocations: 3})
	outcomes, err := respond.Act(t.Context(), plan, effects)
	if !errors.Is(err, errDown) {
		t.Errorf("the failure is lost: %v", err)
	}
	want := []incident.OutcomeState{incident.OutcomeDone, incident.OutcomeFailed, incident.OutcomeDone, incident.OutcomeWaiting}
	for i, state := range want {
		if outcomes[i].State != state || rec.outcomes[i].State != state {
			t.Errorf("action %d ended as %s and was recorded as %s, want %s", i, outcomes[i].State, rec.outcomes[i].State, state)
		}
	}
	if len(rec.verdicts) != 2 || rec.verdicts["inc_00"].State != incident.Revoked || rec.verdicts["inc_00"].Owner != "billing" || rec.verdicts["inc_02"].State != incident.Revoked {
		t.Errorf("verdicts %+v, want the two revoked keys not live any more", rec.verdicts)
	}
	again, err := respond.Act(t.Context(), plan[:1], effects)
	if err != nil || again[0].State != incident.OutcomeAlready {
		t.Errorf("the same plan again gave %v, %v", again, err)
	}
}

func TestAnActionWithoutAnEffectFails(t *testing.T) {
	t.Parallel()
	effects := respond.Effects{Revoker: &revoker{}, Recorder: &recorder{}, Now: time.Now}
	for _, kind := range []incident.ActionKind{incident.ActionNotify, "dance"} {
		outcomes, err := respond.Act(t.Context(), []incident.Action{{Kind: kind}}, effects)
		if err == nil || outcomes[0].State != incident.OutcomeFailed {
			t.Errorf("%s: %v, %v", kind, outcomes, err)
		}
	}
}
