package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/issuer"
)

// Incident returns one incident with its outcomes. issuer.ErrNotFound when there is none.
func (e *Engine) Incident(ctx context.Context, id incident.ID) (incident.Incident, error) {
	var found incident.Incident
	err := e.db.Snapshot(ctx, func(conn Conn) error {
		var err error
		found, err = e.readIncident(ctx, conn, IncidentGet, string(id))
		return err
	})
	if err != nil {
		return incident.Incident{}, fmt.Errorf("read incident %s: %w", id, err)
	}
	return found, nil
}

// readIncident reads by an id or by a fingerprint, as q says.
func (e *Engine) readIncident(ctx context.Context, conn Conn, q Query, by string) (incident.Incident, error) {
	if err := checkTexts(field{"id", by}); err != nil {
		return incident.Incident{}, issuer.ErrNotFound // no incident can have it
	}
	found, err := scanIncident(conn.QueryRow(ctx, q, by))
	if absent(err) {
		return incident.Incident{}, issuer.ErrNotFound
	}
	if err != nil {
		return incident.Incident{}, err
	}
	one := []incident.Incident{found}
	err = readOutcomes(ctx, conn, one)
	return one[0], err
}

func scanIncident(row Row) (incident.Incident, error) {
	var i incident.Incident
	var source []byte
	var where, scopes string
	var first, last, resolved, checked, used stamp
	err := row.Scan(&i.ID, &i.Fingerprint, &i.Pattern, &i.Vendor, &i.Name, &i.Redacted, &source, &i.Blob,
		&where, &i.Places, &i.State, &i.Resolution, &first, &last, &resolved,
		&i.Verdict.State, &i.Verdict.Reason, &checked, &i.Verdict.KeyID, &i.Verdict.Family, &i.Verdict.Owner,
		&scopes, &used)
	if err != nil {
		return incident.Incident{}, err
	}
	i.Source, i.Verdict.Scopes = string(source), splitScopes(scopes)
	i.FirstSeenAt, i.LastSeenAt, i.ResolvedAt = first.time(), last.time(), resolved.time()
	i.Verdict.CheckedAt, i.Verdict.LastUsed = checked.time(), used.time()
	i.Location, err = decodePlace(where)
	return i, err
}

// readOutcomes fills in the outcomes of all, oldest first, with one statement.
func readOutcomes(ctx context.Context, conn Conn, all []incident.Incident) error {
	if len(all) == 0 {
		return nil
	}
	ids := make([]incident.ID, len(all))
	place := make(map[incident.ID]*incident.Incident, len(all))
	for i := range all {
		ids[i] = all[i].ID
		place[all[i].ID] = &all[i]
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return fmt.Errorf("encode the ids: %w", err)
	}
	rows, err := conn.Query(ctx, OutcomesOf, string(list))
	return each(rows, err, func(row Row) error {
		var o incident.Outcome
		var at stamp
		a := &o.Action
		err := row.Scan(&a.Incident, &a.Kind, &a.Target, &a.Key, &a.Why, &o.State, &o.Detail, &at, &o.Seq)
		if err != nil {
			return err
		}
		o.At = at.time()
		place[a.Incident].Outcomes = append(place[a.Incident].Outcomes, o)
		return nil
	})
}

// Incidents returns a page of incidents, the last opened first.
func (e *Engine) Incidents(ctx context.Context, query incident.Query) (incident.Page, error) {
	var page incident.Page
	err := e.db.Snapshot(ctx, func(conn Conn) error {
		var err error
		page, err = e.incidents(ctx, conn, query)
		return err
	})
	if err != nil {
		return incident.Page{}, fmt.Errorf("list incidents: %w", err)
	}
	return page, nil
}

func (e *Engine) incidents(ctx context.Context, conn Conn, query incident.Query) (incident.Page, error) {
	limit, err := pageLimit(query.Limit)
	if err != nil {
		return incident.Page{}, err
	}
	after, err := parseCursor(query.After)
	if err != nil {
		return incident.Page{}, err
	}
	var page incident.Page
	rows, err := conn.Query(ctx, IncidentPage, query.State, e.db.Time(after.at), after.id, limit+1)
	err = each(rows, err, func(row Row) error {
		i, err := scanIncident(row)
		page.Incidents = append(page.Incidents, i)
		return err
	})
	if err != nil {
		return incident.Page{}, err
	}
	if len(page.Incidents) > limit {
		page.Incidents = page.Incidents[:limit]
		last := page.Incidents[limit-1]
		page.Next = cursor{last.FirstSeenAt, string(last.ID)}.String()
	}
	return page, readOutcomes(ctx, conn, page.Incidents)
}
