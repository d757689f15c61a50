package incident

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/incident"
)

// shown is an incident as the verbs print it.
type shown struct {
	ID          incident.ID `json:"id"`
	State       string      `json:"state"`
	Resolution  string      `json:"resolution,omitempty"`
	Pattern     string      `json:"pattern"`
	Name        string      `json:"name"`
	Secret      string      `json:"secret"`
	Fingerprint string      `json:"fingerprint"`
	Source      string      `json:"source"`
	Path        string      `json:"path,omitempty"`
	Line        int         `json:"line,omitempty"`
	Commit      string      `json:"commit,omitempty"`
	Author      string      `json:"author,omitempty"`
	Places      int         `json:"places"`
	Verdict     string      `json:"verdict,omitempty"`
	Reason      string      `json:"reason,omitempty"`
	KeyID       string      `json:"key_id,omitempty"`
	Owner       string      `json:"owner,omitempty"`
	Scopes      []string    `json:"scopes,omitempty"`
	FirstSeenAt string      `json:"first_seen_at"`
	LastSeenAt  string      `json:"last_seen_at"`
	ResolvedAt  string      `json:"resolved_at,omitempty"`
	Actions     []action    `json:"actions"`
}

type action struct {
	Kind   string `json:"kind"`
	Target string `json:"target"`
	State  string `json:"state"`
	Why    string `json:"why,omitempty"`
	Detail string `json:"detail,omitempty"`
	At     string `json:"at"`
}

func show(inc incident.Incident) shown {
	s := shown{
		ID: inc.ID, State: string(inc.State), Resolution: inc.Resolution,
		Pattern: string(inc.Pattern), Name: inc.Name, Secret: inc.Redacted, Fingerprint: inc.Fingerprint,
		Source: inc.Source, Path: inc.Location.Path, Line: inc.Location.Span.Line, Commit: inc.Location.Commit,
		Author: inc.Location.Author, Places: inc.Places,
		Verdict: string(inc.Verdict.State), Reason: inc.Verdict.Reason, KeyID: string(inc.Verdict.KeyID), Owner: inc.Verdict.Owner,
		FirstSeenAt: cmdio.Stamp(inc.FirstSeenAt), LastSeenAt: cmdio.Stamp(inc.LastSeenAt), ResolvedAt: cmdio.Stamp(inc.ResolvedAt),
		Actions: []action{},
	}
	for _, scope := range inc.Verdict.Scopes {
		s.Scopes = append(s.Scopes, string(scope))
	}
	for _, o := range inc.Outcomes {
		s.Actions = append(s.Actions, action{string(o.Action.Kind), o.Action.Target, string(o.State), o.Action.Why, o.Detail, cmdio.Stamp(o.At)})
	}
	return s
}

func (s shown) where() string {
	place := s.Path
	if s.Line > 0 {
		place += ":" + strconv.Itoa(s.Line)
	}
	if s.Commit != "" {
		place += " @ " + s.Commit[:min(12, len(s.Commit))]
	}
	return strings.TrimSpace(place)
}

func (s shown) text(io *cmdio.IO) error {
	err := io.Fields("incident", string(s.ID), "state", s.State, "resolution", s.Resolution,
		"what", s.Name, "secret", s.Secret, "fingerprint", s.Fingerprint,
		"source", s.Source, "where", s.where(), "author", s.Author, "places", strconv.Itoa(s.Places),
		"verdict", s.Verdict, "reason", s.Reason, "key", s.KeyID, "owner", s.Owner, "scopes", strings.Join(s.Scopes, " "),
		"first seen", s.FirstSeenAt, "last seen", s.LastSeenAt, "resolved", s.ResolvedAt)
	for _, a := range s.Actions {
		if err == nil {
			_, err = fmt.Fprintf(io.Out, "%s  %s %s: %s%s\n", a.At, a.Kind, cmdio.Printable(a.Target), a.State, detail(a))
		}
	}
	return err
}

func detail(a action) string {
	if a.Detail == "" {
		return ""
	}
	return " (" + cmdio.Printable(a.Detail) + ")"
}
