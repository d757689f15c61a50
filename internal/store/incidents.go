package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
)

var _ incident.Store = (*Engine)(nil)

// Record opens the incident of a fingerprint, or updates LastSeenAt, Places and the place of the one there (with
// Source and Blob, which belong to the place). A resolved one that is seen again is opened again. The next jobs
// are inserted only with a new incident: they name its id. seen.Outcomes are not recorded.
func (e *Engine) Record(
	ctx context.Context, seen incident.Incident, act issuer.Act, next ...jobs.Args,
) (stored incident.Incident, opened bool, err error) {
	err = e.db.Write(ctx, func(tx Tx) error {
		var err error
		stored, opened, err = e.record(ctx, tx, seen, act, next)
		return err
	})
	if err != nil {
		return incident.Incident{}, false, fmt.Errorf("record incident %s: %w", seen.ID, err)
	}
	return stored, opened, nil
}

func (e *Engine) record(
	ctx context.Context, tx Tx, seen incident.Incident, act issuer.Act, next []jobs.Args,
) (incident.Incident, bool, error) {
	if err := checkIncident(seen); err != nil {
		return incident.Incident{}, false, err
	}
	if seen.FirstSeenAt.IsZero() {
		seen.FirstSeenAt = e.at(act)
	}
	if seen.LastSeenAt.Before(seen.FirstSeenAt) {
		seen.LastSeenAt = seen.FirstSeenAt
	}
	opened, err := e.putIncident(ctx, tx, seen)
	if err != nil {
		return incident.Incident{}, false, err
	}
	if opened {
		err = e.openIncident(ctx, tx, seen, act, next)
	} else {
		err = e.seenAgain(ctx, tx, seen, act)
	}
	if err != nil {
		return incident.Incident{}, false, err
	}
	stored, err := e.readIncident(ctx, tx, IncidentOfPrint, seen.Fingerprint)
	return stored, opened, err
}

func checkIncident(seen incident.Incident) error {
	if seen.ID == "" || seen.Fingerprint == "" {
		return fmt.Errorf("an incident has an id and a fingerprint: %w", ErrText)
	}
	return checkTexts(field{"id", string(seen.ID)}, field{"fingerprint", seen.Fingerprint},
		field{"pattern", string(seen.Pattern)}, field{"vendor", seen.Vendor}, field{"name", seen.Name},
		field{"redacted", seen.Redacted}, field{"blob", string(seen.Blob)})
}

// putIncident inserts the row unless the fingerprint has one, and then leaves that one locked by the caller's
// later update. ErrConflict: the id is another fingerprint's.
func (e *Engine) putIncident(ctx context.Context, tx Tx, seen incident.Incident) (opened bool, err error) {
	where, err := encodePlace(seen.Location)
	if err != nil {
		return false, err
	}
	verdict, err := e.verdictArgs(seen.Verdict)
	if err != nil {
		return false, err
	}
	args := []any{
		seen.ID, seen.Fingerprint, seen.Pattern, seen.Vendor, seen.Name, seen.Redacted, []byte(seen.Source), seen.Blob,
		where, seen.Places, incident.StateOpen, e.db.Time(micros(seen.FirstSeenAt)), e.db.Time(micros(seen.LastSeenAt)),
	}
	n, err := tx.Exec(ctx, IncidentPut, append(args, verdict...)...)
	if err != nil || n == 1 {
		return n == 1, err
	}
	there, err := e.readIncident(ctx, tx, IncidentForChange, string(seen.ID))
	switch {
	case errors.Is(err, issuer.ErrNotFound): // the fingerprint is there under another id: the usual case
		return false, nil
	case err == nil && there.Fingerprint != seen.Fingerprint:
		return false, issuer.ErrConflict
	}
	return false, err
}

func (e *Engine) openIncident(
	ctx context.Context, tx Tx, seen incident.Incident, act issuer.Act, next []jobs.Args,
) error {
	_, err := e.apply(ctx, tx, change{
		kind: audit.IncidentOpened, act: act, subject: string(seen.ID), next: next,
		detail: incidentDetail(seen),
		write:  func(issuer.Seq) error { return nil },
	})
	return err
}

func (e *Engine) seenAgain(ctx context.Context, tx Tx, seen incident.Incident, act issuer.Act) error {
	there, err := e.readIncident(ctx, tx, IncidentOfPrint, seen.Fingerprint)
	if err != nil {
		return err
	}
	where, err := encodePlace(seen.Location)
	if err != nil {
		return err
	}
	update := func(issuer.Seq) error {
		_, err := tx.Exec(ctx, IncidentSeen, there.ID, []byte(seen.Source), seen.Blob, where, seen.Places,
			e.db.Time(micros(seen.LastSeenAt)))
		return err
	}
	if there.State != incident.StateResolved {
		return update(0)
	}
	detail := incidentDetail(seen)
	detail["reopened"] = "yes"
	_, err = e.apply(ctx, tx, change{
		kind: audit.IncidentOpened, act: act, subject: string(there.ID), detail: detail, write: update,
	})
	return err
}

func incidentDetail(seen incident.Incident) map[string]string {
	return map[string]string{
		"pattern": string(seen.Pattern), "source": cut(seen.Source), "key": string(seen.Verdict.KeyID),
		"verdict": string(seen.Verdict.State),
	}
}

// cut keeps an event from growing with a source's name, which has no limit.
func cut(text string) string {
	const most = 256
	if len(text) <= most {
		return text
	}
	return text[:most] + "…"
}

// SetVerdict replaces the verdict. issuer.ErrNotFound: no such incident. The same state again: no event.
func (e *Engine) SetVerdict(ctx context.Context, id incident.ID, verdict incident.Verdict, act issuer.Act) error {
	err := e.changeIncident(ctx, id, func(tx Tx, there incident.Incident) error {
		args, err := e.verdictArgs(verdict)
		if err != nil {
			return err
		}
		write := func(issuer.Seq) error {
			_, err := tx.Exec(ctx, IncidentVerdict, append([]any{id}, args...)...)
			return err
		}
		if there.Verdict.State == verdict.State {
			return write(0)
		}
		_, err = e.apply(ctx, tx, change{
			kind: audit.IncidentVerdict, act: act, subject: string(id), write: write,
			detail: map[string]string{
				"verdict": string(verdict.State), "why": verdict.Reason, "key": string(verdict.KeyID),
				"family": string(verdict.Family), "owner": verdict.Owner,
			},
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("set the verdict of incident %s: %w", id, err)
	}
	return nil
}

func (e *Engine) verdictArgs(v incident.Verdict) ([]any, error) {
	scopes, err := joinScopes(v.Scopes)
	if err != nil {
		return nil, err
	}
	err = checkTexts(field{"verdict", string(v.State)}, field{"verdict's reason", v.Reason},
		field{"key id", string(v.KeyID)}, field{"family", string(v.Family)}, field{"owner", v.Owner})
	return []any{
		v.State, v.Reason, e.db.Time(micros(v.CheckedAt)), v.KeyID, v.Family, v.Owner, scopes,
		e.db.Time(micros(v.LastUsed)),
	}, err
}

// AddOutcome appends an outcome. One whose Action.Key is there already in state done or already is dropped.
func (e *Engine) AddOutcome(ctx context.Context, id incident.ID, o incident.Outcome, act issuer.Act) error {
	err := e.changeIncident(ctx, id, func(tx Tx, there incident.Incident) error {
		for _, before := range there.Outcomes {
			settled := before.State == incident.OutcomeDone || before.State == incident.OutcomeAlready
			if settled && before.Action.Key == o.Action.Key {
				return nil
			}
		}
		return e.addOutcome(ctx, tx, id, o, act)
	})
	if err != nil {
		return fmt.Errorf("add an outcome to incident %s: %w", id, err)
	}
	return nil
}

func (e *Engine) addOutcome(ctx context.Context, tx Tx, id incident.ID, o incident.Outcome, act issuer.Act) error {
	a := o.Action
	err := checkTexts(field{"action", string(a.Kind)}, field{"target", a.Target}, field{"action's key", a.Key},
		field{"why", a.Why}, field{"outcome", string(o.State)}, field{"outcome's detail", o.Detail})
	if err != nil {
		return err
	}
	at := micros(o.At)
	if at.IsZero() {
		at = e.at(act)
	}
	_, err = e.apply(ctx, tx, change{
		kind: audit.IncidentAction, act: act, subject: string(id),
		detail: map[string]string{
			"action": string(a.Kind), "target": a.Target, "why": a.Why, "outcome": string(o.State), "detail": o.Detail,
		},
		write: func(issuer.Seq) error {
			_, err := tx.Exec(ctx, OutcomePut, id, a.Kind, a.Target, a.Key, a.Why, o.State, o.Detail,
				e.db.Time(at), int64(o.Seq))
			return err
		},
	})
	return err
}

// Resolve closes. Twice: no error, no event, and the first resolution stays.
func (e *Engine) Resolve(ctx context.Context, id incident.ID, resolution string, act issuer.Act) error {
	err := e.changeIncident(ctx, id, func(tx Tx, there incident.Incident) error {
		if there.State == incident.StateResolved {
			return nil
		}
		if err := checkTexts(field{"resolution", resolution}); err != nil {
			return err
		}
		_, err := e.apply(ctx, tx, change{
			kind: audit.IncidentResolved, act: act, subject: string(id),
			detail: map[string]string{"resolution": resolution},
			write: func(issuer.Seq) error {
				_, err := tx.Exec(ctx, IncidentResolve, id, incident.StateResolved, resolution, e.db.Time(e.at(act)))
				return err
			},
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("resolve incident %s: %w", id, err)
	}
	return nil
}

// changeIncident runs f with the incident, whose row stays locked until the commit.
func (e *Engine) changeIncident(
	ctx context.Context, id incident.ID, f func(tx Tx, there incident.Incident) error,
) error {
	return e.db.Write(ctx, func(tx Tx) error {
		there, err := e.readIncident(ctx, tx, IncidentForChange, string(id))
		if err != nil {
			return err
		}
		return f(tx, there)
	})
}
