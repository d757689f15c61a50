package respond

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
)

// Revoker ends a key of ours. Twice: the first call's result with Already set. issuer.Store is one.
type Revoker interface {
	Revoke(ctx context.Context, r issuer.Revocation, next ...jobs.Args) (issuer.Revoked, error)
}

// Recorder keeps outcomes, and what they change about a verdict. incident.Store is one.
type Recorder interface {
	AddOutcome(ctx context.Context, id incident.ID, outcome incident.Outcome, act issuer.Act) error
	Incident(ctx context.Context, id incident.ID) (incident.Incident, error)
	SetVerdict(ctx context.Context, id incident.ID, verdict incident.Verdict, act issuer.Act) error
}

// Effects are the ways to act.
type Effects struct {
	Revoker  Revoker
	Recorder Recorder
	Actor    string
	Now      func() time.Time
}

// Act carries out a plan and returns an outcome for each action, in order.
//
// It goes on after a failed effect and joins the errors. A crash between an effect and its record loses the record
// only: the effect is an event of the audit log that names the incident, and the next verdict says that it holds.
func Act(ctx context.Context, plan []incident.Action, e Effects) ([]incident.Outcome, error) {
	outcomes := make([]incident.Outcome, 0, len(plan))
	var failures []error
	failed := func(action incident.Action, err error) {
		if err != nil {
			failures = append(failures, fmt.Errorf("%s %s: %w", action.Kind, action.Target, err))
		}
	}
	for _, action := range plan { // all effects before all records: a live key does not wait for a record
		outcome, err := e.do(ctx, action)
		outcome.Action, outcome.At = action, e.Now()
		outcomes = append(outcomes, outcome)
		failed(action, err)
	}
	for _, outcome := range outcomes {
		if outcome.Action.Incident != "" {
			failed(outcome.Action, e.record(ctx, outcome))
		}
	}
	return outcomes, errors.Join(failures...)
}

// record keeps an outcome, and that a key which was revoked is not live any more.
func (e Effects) record(ctx context.Context, outcome incident.Outcome) error {
	action := outcome.Action
	act := issuer.Act{Actor: e.Actor, At: outcome.At, Reason: action.Why}
	err := e.Recorder.AddOutcome(ctx, action.Incident, outcome, act)
	if action.Kind != incident.ActionRevoke || outcome.State == incident.OutcomeFailed {
		return err
	}
	about, readErr := e.Recorder.Incident(ctx, action.Incident)
	if readErr != nil || string(about.Verdict.KeyID) != action.Target {
		return errors.Join(err, readErr)
	}
	verdict := about.Verdict
	verdict.State, verdict.Reason, verdict.CheckedAt = incident.Revoked, "revoked because of this incident", outcome.At
	return errors.Join(err, e.Recorder.SetVerdict(ctx, action.Incident, verdict, act))
}

func (e Effects) do(ctx context.Context, action incident.Action) (incident.Outcome, error) {
	switch action.Kind {
	case incident.ActionRevoke:
		return e.revoke(ctx, action)
	case incident.ActionWait:
		return incident.Outcome{State: incident.OutcomeWaiting, Detail: action.Why}, nil
	case incident.ActionNotify:
		return incident.Outcome{State: incident.OutcomeFailed}, errors.New("no notifier is set up")
	default:
		return incident.Outcome{State: incident.OutcomeFailed}, fmt.Errorf("unknown action %q", action.Kind)
	}
}

func (e Effects) revoke(ctx context.Context, action incident.Action) (incident.Outcome, error) {
	revoked, err := e.Revoker.Revoke(ctx, issuer.Revocation{
		Key:    issuer.KeyID(action.Target),
		Act:    issuer.Act{Actor: e.Actor, At: e.Now(), Reason: "leaked: " + action.Why},
		Detail: string(action.Incident),
	})
	switch {
	case err != nil:
		return incident.Outcome{State: incident.OutcomeFailed, Detail: incident.Text(err.Error())}, err
	case revoked.Already:
		return incident.Outcome{State: incident.OutcomeAlready, Seq: revoked.Seq}, nil
	default:
		return incident.Outcome{State: incident.OutcomeDone, Seq: revoked.Seq}, nil
	}
}
