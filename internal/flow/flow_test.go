package flow_test

import (
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/internal/flow"
	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/respond"
	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/internal/verify"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// bench is a store with one issued key and a scanner, as the verbs have them.
type bench struct {
	ws      *config.Workspace
	plain   secret.Text
	key     issuer.Key
	options flow.Options
}

func newBench(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	paths := config.Paths{Store: filepath.Join(dir, "data", "keywright.db"), Pepper: filepath.Join(dir, "config", "pepper"), SigningKey: filepath.Join(dir, "config", "signing.key")}
	if _, err := config.Init(t.Context(), paths, rand.Reader, time.Now); err != nil {
		t.Fatal(err)
	}
	ws, err := config.Open(t.Context(), paths, config.Mode{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ws.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &bench{ws: ws}
	act := issuer.Act{Actor: "test", At: time.Now()}
	if _, err := ws.Issuer(rand.Reader).CreateFamily(t.Context(), "acme_live", []issuer.Scope{"orders:read"}, act); err != nil {
		t.Fatal(err)
	}
	b.plain, b.key, err = ws.Issuer(rand.Reader).Issue(t.Context(), issuer.IssueRequest{Family: "acme_live", Owner: "billing", Scopes: []issuer.Scope{"orders:read"}, Act: act})
	if err != nil {
		t.Fatal(err)
	}
	b.options = flow.Options{
		Source: "test", Actor: "test", Now: time.Now, Rand: rand.Reader, Incidents: ws.Incidents, Revoker: ws.Keys,
		Verifier: verify.Issued{Keys: &issuer.Verifier{Store: ws.Keys, Keyring: ws.Keyring, Now: time.Now}, Now: time.Now},
	}
	return b
}

// events is the number of audit events: the measure of "nothing was written".
func (b *bench) events(t *testing.T) int64 {
	t.Helper()
	n, err := b.ws.Log.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (b *bench) run(t *testing.T, options flow.Options, scan scanner.Options) (*kept, flow.Result, error) {
	t.Helper()
	set, err := patterns.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scan)
	if err != nil {
		t.Fatal(err)
	}
	sink := &kept{}
	result, err := flow.Run(t.Context(), s, text("key = "+b.plain.Reveal()+"\n"), sink, options)
	return sink, result, err
}

type text string

func (s text) Blobs(context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		yield(scanner.Blob{Kind: scanner.KindFile, Data: []byte(s), Location: scanner.Location{Path: "settings"}}, nil)
	}
}

// kept is a sink that keeps.
type kept struct {
	findings []scanner.Finding
	actions  []scanner.Action
	summary  scanner.Summary
	order    []string
}

func (k *kept) Started(scanner.Start) error { k.order = append(k.order, "started"); return nil }
func (k *kept) Finding(f scanner.Finding) error {
	k.order = append(k.order, "finding")
	k.findings = append(k.findings, f)
	return nil
}
func (k *kept) Skipped(scanner.Skip) error { return nil }
func (k *kept) Action(a scanner.Action) error {
	k.order = append(k.order, "action")
	k.actions = append(k.actions, a)
	return nil
}
func (k *kept) Done(s scanner.Summary) error {
	k.order = append(k.order, "done")
	k.summary = s
	return nil
}

func TestAPlainScanAsksNobodyAndWritesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	before := b.events(t)
	sink, result, err := b.run(t, flow.Options{Now: time.Now}, scanner.Options{})
	if err != nil || len(sink.findings) != 1 || sink.findings[0].Verdict != "" || !result.Summary.Complete || result.Summary.Findings != 1 {
		t.Errorf("findings %+v, summary %+v, error %v", sink.findings, result.Summary, err)
	}
	if b.events(t) != before {
		t.Error("something was written")
	}
}

func TestALiveKeyIsRevokedOnceAndTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.options.Policy = respond.Policy{Revoke: true}
	sink, result, err := b.run(t, b.options, scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := sink.findings[0]
	if f.Verdict != "live" || f.Owner != "billing" || len(f.Scopes) != 1 {
		t.Errorf("the finding says %q of %q with %v", f.Verdict, f.Owner, f.Scopes)
	}
	if got := strings.Join(sink.order, " "); got != "started finding action done" {
		t.Errorf("order %s", got)
	}
	if len(result.Outcomes) != 1 || result.Outcomes[0].State != incident.OutcomeDone || sink.actions[0].State != "done" {
		t.Errorf("outcomes %+v, told %+v", result.Outcomes, sink.actions)
	}
	k, err := b.ws.Keys.Key(t.Context(), b.key.ID)
	if err != nil || k.Status != issuer.StatusRevoked {
		t.Errorf("the key is %s, %v", k.Status, err)
	}
	inc, err := b.ws.Incidents.Incident(t.Context(), result.Incidents[0].ID)
	if err != nil || inc.Verdict.State != incident.Revoked || inc.Verdict.Owner != "billing" || len(inc.Outcomes) != 1 {
		t.Errorf("the incident is %+v, %v", inc, err)
	}
	again, result, err := b.run(t, b.options, scanner.Options{})
	if err != nil || again.findings[0].Verdict != "revoked" || len(result.Plan) != 0 {
		t.Errorf("the second run: verdict %q, plan %v, %v", again.findings[0].Verdict, result.Plan, err)
	}
}

func TestADryRunPlansAndWritesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.options.Policy, b.options.DryRun = respond.Policy{Revoke: true}, true
	before := b.events(t)
	sink, result, err := b.run(t, b.options, scanner.Options{})
	if err != nil || len(result.Plan) != 1 || len(result.Outcomes) != 0 || len(sink.actions) != 1 || sink.actions[0].State != "planned" {
		t.Errorf("plan %v, outcomes %v, told %v, error %v", result.Plan, result.Outcomes, sink.actions, err)
	}
	if b.events(t) != before {
		t.Error("something was written")
	}
}

// all ignores everything.
type all struct{}

func (all) Ignored(scanner.Finding) (string, bool) { return "the baseline", true }

func TestAnIgnoreRuleNeverHidesALiveKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sink, result, err := b.run(t, b.options, scanner.Options{Ignore: all{}})
	if err != nil || len(sink.findings) != 1 || sink.findings[0].Ignored != "" || result.Summary.Findings != 1 || result.Summary.Ignored != 0 {
		t.Errorf("a live key: findings %v, summary %+v, %v", sink.findings, result.Summary, err)
	}
	if _, err := b.ws.Keys.Revoke(t.Context(), issuer.Revocation{Key: b.key.ID, Act: issuer.Act{Actor: "test", At: time.Now()}}); err != nil {
		t.Fatal(err)
	}
	sink, result, err = b.run(t, b.options, scanner.Options{Ignore: all{}})
	if err != nil || len(sink.findings) != 0 || result.Summary.Findings != 0 || result.Summary.Ignored != 1 {
		t.Errorf("a dead key: findings %v, summary %+v, %v", sink.findings, result.Summary, err)
	}
}

// failing is an incident store that takes nothing.
type failing struct{ incident.Store }

var errFull = errors.New("disk full")

func (failing) Record(context.Context, incident.Incident, issuer.Act, ...jobs.Args) (incident.Incident, bool, error) {
	return incident.Incident{}, false, errFull
}

func TestWhatCannotBeRecordedIsReportedAndNotComplete(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.options.Incidents = failing{}
	sink, result, err := b.run(t, b.options, scanner.Options{})
	if !errors.Is(err, errFull) || result.Summary.Complete || sink.summary.Complete || len(sink.findings) != 1 {
		t.Errorf("findings %v, summary %+v, error %v", sink.findings, result.Summary, err)
	}
}
