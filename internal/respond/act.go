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

// Recorder keeps outcomes. incident.Store is one.
type Recorder interface {
	AddOutcome(ctx context.Context, id incident.ID, outcome incident.Outcome, act issuer.Act) error
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
	for _, action := range plan {
		outcome, err := e.do(ctx, action)
		outcome.Action, outcome.At = action, e.Now()
		act := issuer.Act{Actor: e.Actor, At: outcome.At, Reason: action.Why}
		if action.Incident != "" {
			err = errors.Join(err, e.Recorder.AddOutcome(ctx, action.Incident, outcome, act))
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s %s: %w", action.Kind, action.Target, err))
		}
		outcomes = append(outcomes, outcome)
	}
	return outcomes, errors.Join(failures...)
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
