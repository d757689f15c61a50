package steps

import (
	"context"
	"errors"
	"fmt"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/respond"
	"github.com/keywright/keywright/issuer"
)

// RevokeKey revokes one key of ours because of an incident, and records the outcome. Twice: the second finds the
// key revoked.
//
// The incident must say that this key is what leaked: the arguments alone revoke nothing.
func (s *Steps) RevokeKey(ctx context.Context, args jobs.RevokeKey) error {
	inc, err := s.incident(ctx, args.IncidentID)
	if err != nil {
		return err
	}
	if inc.Verdict.KeyID == "" || string(inc.Verdict.KeyID) != args.KeyID {
		return &Permanent{fmt.Errorf("incident %s is not about key %s", inc.ID, args.KeyID)}
	}
	action := revocation(inc)
	_, err = respond.Act(ctx, []incident.Action{action}, s.effects())
	return err
}

// revocation is the action that [respond.Plan] makes of a live incident, with the same key.
func revocation(inc incident.Incident) incident.Action {
	live := inc
	live.Verdict.State = incident.Live // revoked already is an outcome too
	return respond.Plan([]incident.Incident{live}, respond.Policy{Revoke: true, Confirmed: true})[0]
}

func (s *Steps) incident(ctx context.Context, id string) (incident.Incident, error) {
	inc, err := s.Incidents.Incident(ctx, incident.ID(id))
	if errors.Is(err, issuer.ErrNotFound) {
		return inc, &Permanent{err}
	}
	return inc, err
}
