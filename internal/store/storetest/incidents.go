package storetest

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
	"github.com/keywright/keywright/scanner"
)

func incidentCases() cases {
	return cases{
		"AnIncidentComesBackAsStored": func(t *testing.T, b Backend) {
			seen := leak(1)
			seen.Source, seen.Blob, seen.Places = "/srv/re\xffpo", "0a1b", 3
			seen.Location = scanner.Location{
				Kind: scanner.KindFile, Path: "a\xff\x00b.env", Commit: "c0ffee", Author: "Zo\xeb <z@x>", Date: noon, Ref: "refs/heads/x",
				Span: scanner.Span{Start: 1, End: 9, Line: 1, Column: 2, EndLine: 1, EndColumn: 10},
			}
			seen.Verdict = incident.Verdict{
				State: incident.Live, Reason: "active", CheckedAt: noon, KeyID: keyID(1), Family: "acme", Owner: "alice",
				Scopes: []issuer.Scope{"orders:read"}, LastUsed: noon,
			}
			want := seen
			want.FirstSeenAt, want.LastSeenAt = kept(seen.FirstSeenAt), kept(seen.LastSeenAt)
			want.Location.Date = kept(noon)
			want.Verdict.CheckedAt, want.Verdict.LastUsed = kept(noon), kept(noon)
			stored, opened, err := b.Incidents.Record(t.Context(), seen, act(""))
			must(t, err)
			if !opened || !reflect.DeepEqual(stored, want) {
				t.Errorf("opened %v\n got %+v\nwant %+v", opened, stored, want)
			}
			if got := get(b.Incidents.Incident(t.Context(), seen.ID))(t); !reflect.DeepEqual(got, want) {
				t.Errorf("\n got %+v\nwant %+v", got, want)
			}
		},
		"OneFingerprintOneIncident": func(t *testing.T, b Backend) {
			first := record(t, b, leak(1))
			again := leak(2)
			again.Fingerprint, again.Places, again.Source = first.Fingerprint, 5, "elsewhere"
			again.Location.Path = "moved.env"
			stored, opened, err := b.Incidents.Record(t.Context(), again, act(""), jobs.VerifyIncident{IncidentID: string(again.ID)})
			must(t, err)
			want := first
			want.LastSeenAt, want.Places, want.Source, want.Location = kept(again.LastSeenAt), 5, "elsewhere", again.Location
			if opened || !reflect.DeepEqual(stored, want) {
				t.Errorf("opened %v\n got %+v\nwant %+v", opened, stored, want)
			}
			if got := kinds(t, b); !slices.Equal(got, []audit.Kind{audit.IncidentOpened}) {
				t.Errorf("events = %v", got)
			}
			if got := get(b.Jobs(t.Context()))(t); len(got) != 0 {
				t.Errorf("jobs for an id that is not there: %v", got)
			}
		},
		"OneFingerprintFromManyScansOneIncident": func(t *testing.T, b Backend) {
			const scans = 8
			opened := make([]bool, scans)
			errs := make([]error, scans)
			var all sync.WaitGroup
			for n := range scans {
				all.Go(func() {
					seen := leak(n)
					seen.Fingerprint = "fp1_same"
					_, opened[n], errs[n] = b.Incidents.Record(t.Context(), seen, act(""))
				})
			}
			all.Wait()
			must(t, errors.Join(errs...))
			news := len(slices.DeleteFunc(opened, func(o bool) bool { return !o }))
			if got := kinds(t, b); news != 1 || len(got) != 1 {
				t.Errorf("%d opened it, events = %v", news, got)
			}
		},
		"ATakenIncidentIdIsConflict": func(t *testing.T, b Backend) {
			record(t, b, leak(1))
			other := leak(1)
			other.Fingerprint = "fp1_other"
			if _, _, err := b.Incidents.Record(t.Context(), other, act("")); !errors.Is(err, issuer.ErrConflict) {
				t.Errorf("err = %v", err)
			}
		},
		"SeenNeverGoesBack": func(t *testing.T, b Backend) {
			seen := record(t, b, leak(5))
			older := leak(1)
			older.Fingerprint = seen.Fingerprint
			if got := record(t, b, older); got.LastSeenAt != seen.LastSeenAt || got.FirstSeenAt != seen.FirstSeenAt {
				t.Errorf("seen %v to %v, want %v to %v", got.FirstSeenAt, got.LastSeenAt, seen.FirstSeenAt, seen.LastSeenAt)
			}
		},
		"ResolvedSeenAgainReopens": func(t *testing.T, b Backend) {
			seen := record(t, b, leak(1))
			must(t, b.Incidents.Resolve(t.Context(), seen.ID, "rotated", act("")))
			must(t, b.Incidents.Resolve(t.Context(), seen.ID, "twice", act("")))
			got := get(b.Incidents.Incident(t.Context(), seen.ID))(t)
			if got.State != incident.StateResolved || got.Resolution != "rotated" || got.ResolvedAt != kept(noon) {
				t.Errorf("resolved = %+v", got)
			}
			again := leak(2)
			again.Fingerprint = seen.Fingerprint
			got, opened, err := b.Incidents.Record(t.Context(), again, act(""))
			must(t, err)
			if opened || got.ID != seen.ID || got.State != incident.StateOpen || got.Resolution != "" || !got.ResolvedAt.IsZero() {
				t.Errorf("opened %v, %+v", opened, got)
			}
			want := []audit.Kind{audit.IncidentOpened, audit.IncidentResolved, audit.IncidentOpened}
			if got := kinds(t, b); !slices.Equal(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}
		},
		"TheSameVerdictAgainIsNoEvent": func(t *testing.T, b Backend) {
			seen := record(t, b, leak(1))
			for i, state := range []incident.VerdictState{incident.Live, incident.Live, incident.Revoked} {
				verdict := incident.Verdict{State: state, Reason: "r", CheckedAt: noon.Add(time.Duration(i) * time.Hour)}
				must(t, b.Incidents.SetVerdict(t.Context(), seen.ID, verdict, act("")))
				verdict.CheckedAt = kept(verdict.CheckedAt)
				if got := get(b.Incidents.Incident(t.Context(), seen.ID))(t).Verdict; !reflect.DeepEqual(got, verdict) {
					t.Errorf("verdict = %+v, want %+v", got, verdict)
				}
			}
			want := []audit.Kind{audit.IncidentOpened, audit.IncidentVerdict, audit.IncidentVerdict}
			if got := kinds(t, b); !slices.Equal(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}
		},
		"OutcomeOncePerKey": func(t *testing.T, b Backend) {
			seen := record(t, b, leak(1))
			failed := doneOutcome("k")
			failed.State = incident.OutcomeFailed
			already := doneOutcome("k")
			already.State = incident.OutcomeAlready
			for _, o := range []incident.Outcome{failed, failed, doneOutcome("k"), doneOutcome("k"), already, failed, doneOutcome("k2")} {
				must(t, b.Incidents.AddOutcome(t.Context(), seen.ID, o, act("")))
			}
			var got []string
			for _, o := range get(b.Incidents.Incident(t.Context(), seen.ID))(t).Outcomes {
				got = append(got, o.Action.Key+" "+string(o.State))
				if o.Action.Incident != seen.ID || o.At != kept(noon) || o.Seq != 7 {
					t.Errorf("outcome = %+v", o)
				}
			}
			if want := []string{"k failed", "k failed", "k done", "k2 done"}; !slices.Equal(got, want) {
				t.Errorf("outcomes = %v, want %v", got, want)
			}
			if got := kinds(t, b); len(got) != 5 {
				t.Errorf("events = %v", got)
			}
		},
		"OutcomesAtOnceOncePerKey": func(t *testing.T, b Backend) {
			seen := record(t, b, leak(1))
			const workers = 6
			errs := make([]error, workers)
			var all sync.WaitGroup
			for n := range workers {
				all.Go(func() { errs[n] = b.Incidents.AddOutcome(t.Context(), seen.ID, doneOutcome("k"), act("")) })
			}
			all.Wait()
			must(t, errors.Join(errs...))
			if got := get(b.Incidents.Incident(t.Context(), seen.ID))(t).Outcomes; len(got) != 1 {
				t.Errorf("%d outcomes", len(got))
			}
		},
		"AnUnknownIncidentIsNotFound": func(t *testing.T, b Backend) {
			record(t, b, leak(1))
			ids := []incident.ID{"inc_none", "", "INC_0000000000000001", "inc_0000000000000001\x00"}
			for _, id := range ids {
				_, err := b.Incidents.Incident(t.Context(), id)
				for _, err := range []error{
					err,
					b.Incidents.SetVerdict(t.Context(), id, incident.Verdict{State: incident.Live}, act("")),
					b.Incidents.AddOutcome(t.Context(), id, doneOutcome("k"), act("")),
					b.Incidents.Resolve(t.Context(), id, "", act("")),
				} {
					if !errors.Is(err, issuer.ErrNotFound) {
						t.Errorf("%q: %v", id, err)
					}
				}
			}
		},
		"APlaceOverTheCapIsRefused": func(t *testing.T, b Backend) {
			seen := leak(1)
			seen.Location.Path = strings.Repeat("d/", 1<<18)
			if _, _, err := b.Incidents.Record(t.Context(), seen, act("")); err == nil {
				t.Error("a place of half a megabyte was kept")
			}
			if got := kinds(t, b); len(got) != 0 {
				t.Errorf("events = %v", got)
			}
		},
	}
}

func record(t *testing.T, b Backend, seen incident.Incident) incident.Incident {
	t.Helper()
	stored, _, err := b.Incidents.Record(t.Context(), seen, act(""))
	must(t, err)
	return stored
}

func doneOutcome(key string) incident.Outcome {
	return incident.Outcome{
		Action: incident.Action{Kind: incident.ActionRevoke, Target: string(keyID(1)), Key: key, Why: "live"},
		State:  incident.OutcomeDone, At: noon, Seq: 7,
	}
}
