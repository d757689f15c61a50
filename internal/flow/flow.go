package flow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/respond"
	"github.com/keywright/keywright/internal/verify"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/scanner"
)

// Options say how far the flow goes. The zero value scans and does nothing else.
type Options struct {
	Source   string          // names what is scanned, for incidents
	Verifier verify.Verifier // nil: nobody is asked
	// Incidents is where findings are recorded; nil: nowhere.
	Incidents incident.Store
	Revoker   respond.Revoker
	Policy    respond.Policy
	DryRun    bool // plan, but record and do nothing
	NoIgnore  bool // report what ignore rules accept, as any other finding
	Actor     string
	Now       func() time.Time
	Rand      io.Reader // for incident ids
}

// Result is what came of it.
type Result struct {
	Summary   scanner.Summary
	Incidents []incident.Incident // of the findings that were reported, in their order
	Plan      []incident.Action
	Outcomes  []incident.Outcome
}

// Run scans a source and carries what it finds through the rooms.
//
// The error joins what could not be recorded, revoked or reported; the result is valid with it, its summary
// says that it is not complete, and the sink has had every finding. A sink that fails ends a plain scan; one that
// records or revokes goes on without it: what cannot be shown is still revoked.
func Run(ctx context.Context, s *scanner.Scanner, source scanner.Source, sink scanner.Sink, o Options) (Result, error) {
	o.Source = s.Mask(o.Source)
	l := &loop{ctx: ctx, sink: sink, o: o}
	summary, err := s.Scan(ctx, source, l)
	l.failed(err)
	l.failed(l.notVerified())
	result := Result{Summary: summary, Incidents: l.incidents}
	result.Plan = respond.Plan(l.incidents, o.Policy)
	if len(result.Plan) > 0 && !o.DryRun {
		result.Outcomes, err = respond.Act(ctx, result.Plan, respond.Effects{
			Revoker: o.Revoker, Recorder: o.Incidents, Actor: o.Actor, Now: o.Now,
		})
		l.failed(err)
	}
	result.Summary.Findings = l.reported
	result.Summary.Ignored = l.ignored
	result.Summary.Complete = result.Summary.Complete && len(l.failures) == 0
	l.failed(l.tell(result))
	l.failed(sink.Done(result.Summary))
	return result, errors.Join(l.failures...)
}

// loop is the sink that the scanner sees: it asks, records, and hands on.
type loop struct {
	ctx       context.Context //nolint:containedctx // lives for one Run; the Sink's methods take none
	sink      scanner.Sink
	o         Options
	incidents []incident.Incident
	failures  []error
	reported  int
	ignored   int
	deaf      bool // the sink failed

	unverified int   // findings about which nobody could say
	whyNot     error // of the first
}

// told says whether the scan goes on after the sink's answer.
func (l *loop) told(err error) error {
	if err == nil || l.o.Incidents == nil || l.o.DryRun {
		return err
	}
	l.deaf = true
	l.failed(err)
	return nil
}

// notVerified is one error for all: a store that is down would say the same of a thousand findings.
func (l *loop) notVerified() error {
	if l.unverified == 0 {
		return nil
	}
	return fmt.Errorf("%d findings could not be verified, the first: %w", l.unverified, l.whyNot)
}

func (l *loop) failed(err error) {
	if err != nil {
		l.failures = append(l.failures, err)
	}
}

func (l *loop) Started(start scanner.Start) error { return l.told(l.sink.Started(start)) }

func (l *loop) Skipped(skip scanner.Skip) error {
	if l.deaf {
		return nil
	}
	return l.told(l.sink.Skipped(skip))
}

// Done waits: the summary goes out after the plan was carried out.
func (l *loop) Done(scanner.Summary) error { return nil }

func (l *loop) Finding(f scanner.Finding) error {
	inc := incident.FromFinding(f, l.o.Source, l.o.Now())
	if l.o.Verifier != nil {
		inc.Verdict = l.o.Verifier.Verify(l.ctx, f)
		annotate(&f, inc.Verdict)
		if inc.Verdict.Err != nil {
			l.unverified++
			l.whyNot = cmp.Or(l.whyNot, inc.Verdict.Err)
		}
	}
	if f.Ignored != "" && !l.o.NoIgnore && inc.Verdict.State != incident.Live {
		l.ignored++
		return nil
	}
	f.Ignored = "" // no ignore rule ever hides a live key
	l.reported++
	if l.o.Incidents != nil && !l.o.DryRun {
		l.failed(l.record(&inc))
	}
	l.incidents = append(l.incidents, inc)
	if l.deaf {
		return nil
	}
	return l.told(l.sink.Finding(f))
}

// record makes inc the stored incident, with the verdict.
func (l *loop) record(inc *incident.Incident) error {
	verdict := inc.Verdict
	id, err := incident.NewID(l.o.Rand)
	if err != nil {
		return err
	}
	seen := *inc
	seen.ID = id
	act := issuer.Act{Actor: l.o.Actor, At: l.o.Now()}
	stored, _, err := l.o.Incidents.Record(l.ctx, seen, act)
	if err != nil {
		return fmt.Errorf("record the incident %s: %w", inc.Fingerprint, err)
	}
	*inc = stored
	if verdict.State == "" {
		return nil
	}
	inc.Verdict = verdict
	if !verdict.Replaces(stored.Verdict) {
		return nil
	}
	if err := l.o.Incidents.SetVerdict(l.ctx, inc.ID, verdict, act); err != nil {
		return fmt.Errorf("record the verdict of %s: %w", inc.ID, err)
	}
	return nil
}

func annotate(f *scanner.Finding, v incident.Verdict) {
	f.Verdict, f.Reason, f.Owner = string(v.State), v.Reason, v.Owner
	f.Scopes = nil
	for _, scope := range v.Scopes {
		f.Scopes = append(f.Scopes, string(scope))
	}
}

// tell shows what was planned or done to a sink that wants to know.
func (l *loop) tell(r Result) error {
	sink, ok := l.sink.(scanner.ActionSink)
	if !ok {
		return nil
	}
	var failures []error
	if l.o.DryRun {
		for _, action := range r.Plan {
			failures = append(failures, sink.Action(shown(action, "planned", "")))
		}
	}
	for _, outcome := range r.Outcomes {
		failures = append(failures, sink.Action(shown(outcome.Action, string(outcome.State), outcome.Detail)))
	}
	return errors.Join(failures...)
}

func shown(a incident.Action, state, detail string) scanner.Action {
	return scanner.Action{
		Kind: string(a.Kind), Target: a.Target, Incident: string(a.Incident), State: state, Why: a.Why, Detail: detail,
	}
}
