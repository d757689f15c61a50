package steps

import (
	"context"
	"fmt"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
)

// NotifyOwner tells the owner of a leaked key. Twice: nothing is sent when the first was recorded; when the worker
// died in between, the same notice goes out again under the same id.
func (s *Steps) NotifyOwner(ctx context.Context, args jobs.NotifyOwner) error {
	inc, err := s.incident(ctx, args.IncidentID)
	if err != nil {
		return err
	}
	if s.Notifier == nil {
		return &Permanent{fmt.Errorf("incident %s: no notifier is set up", inc.ID)}
	}
	action := incident.Action{
		Kind: incident.ActionNotify, Incident: inc.ID, Target: inc.Verdict.Owner,
		Key: fmt.Sprintf("%s/%s/%s", inc.ID, incident.ActionNotify, inc.Verdict.Owner), Why: "leaked key",
	}
	if settled(inc, action.Key) {
		return nil
	}
	if err := s.Notifier.Notify(ctx, action.Key, inc); err != nil {
		return fmt.Errorf("notify the owner of incident %s: %w", inc.ID, err)
	}
	outcome := incident.Outcome{Action: action, State: incident.OutcomeDone, At: s.Now()}
	act := issuer.Act{Actor: actor, At: outcome.At, Reason: action.Why}
	return s.Incidents.AddOutcome(ctx, inc.ID, outcome, act)
}

// settled says whether an action was done.
func settled(inc incident.Incident, key string) bool {
	for _, o := range inc.Outcomes {
		if o.Action.Key == key && (o.State == incident.OutcomeDone || o.State == incident.OutcomeAlready) {
			return true
		}
	}
	return false
}
