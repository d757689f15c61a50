package flow_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/flow"
	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/respond"
	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/internal/verify"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

func (b *bench) status(t *testing.T, id issuer.KeyID) issuer.Status {
	t.Helper()
	k, err := b.ws.Keys.Key(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return k.Status
}

func newScanner(t *testing.T) *scanner.Scanner {
	t.Helper()
	set, err := patterns.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAKeyIsRevokedWhateverThePlaceIsCalled(t *testing.T) {
	t.Parallel()
	for _, source := range []string{"a\xff\x00b", "/" + strings.Repeat("long/", 2000), strings.Repeat("é", 1000)} {
		b := newBench(t)
		b.options.Policy, b.options.Source = respond.Policy{Revoke: true}, source
		_, result, err := b.run(t, b.options, scanner.Options{})
		if err != nil || len(result.Outcomes) != 1 || result.Outcomes[0].State != incident.OutcomeDone {
			t.Errorf("source %.20q: outcomes %+v, %v", source, result.Outcomes, err)
		}
		if got := b.status(t, b.key.ID); got != issuer.StatusRevoked {
			t.Errorf("source %.20q: the key is %s", source, got)
		}
	}
}

func TestASecretInTheNameOfWhatIsScannedIsMasked(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.options.Policy, b.options.Source = respond.Policy{Revoke: true}, "/home/x/"+b.plain.Reveal()
	sink, result, err := b.run(t, b.options, scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	inc, err := b.ws.Incidents.Incident(t.Context(), result.Incidents[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	secretPart := b.plain.Reveal()[len("acme_live_")+issuer.IDLen:]
	k, err := b.ws.Keys.Key(t.Context(), b.key.ID)
	for name, text := range map[string]string{
		"the incident": inc.Source, "the plan": result.Plan[0].Why, "the report": sink.actions[0].Why, "the key": k.RevokedReason,
	} {
		if err != nil || text == "" || strings.Contains(text, secretPart[:8]) {
			t.Errorf("%s holds %q, %v", name, text, err)
		}
	}
	err = b.ws.Log.Leaves(t.Context(), 0, func(_ int64, leaf []byte) error {
		if strings.Contains(string(leaf), secretPart[:8]) {
			t.Errorf("the audit log holds %s", leaf)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// down is a checker whose store does not answer.
type down struct{}

var errDown = errors.New("the store is down")

func (down) CheckFound(context.Context, secret.Text) issuer.Decision {
	return issuer.Decision{Code: issuer.CodeUndecided, Reason: "the key could not be checked", Err: errDown}
}

func TestWhatCannotBeVerifiedIsReportedAndNotComplete(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.options.Verifier = verify.Issued{Keys: down{}, Now: time.Now}
	sink, result, err := b.run(t, b.options, scanner.Options{})
	if !errors.Is(err, errDown) || result.Summary.Complete || sink.summary.Complete || len(sink.findings) != 1 || sink.findings[0].Verdict != "unknown" {
		t.Errorf("findings %+v, summary %+v, error %v", sink.findings, result.Summary, err)
	}
	_, result, err = b.run(t, b.options, scanner.Options{Ignore: all{}})
	if !errors.Is(err, errDown) || result.Summary.Complete {
		t.Errorf("an ignored one: summary %+v, error %v", result.Summary, err)
	}
}

func TestAnUnknownVerdictReplacesNoKnownOne(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, result, err := b.run(t, b.options, scanner.Options{})
	if err != nil || result.Incidents[0].Verdict.State != incident.Live {
		t.Fatalf("the first scan: %+v, %v", result.Incidents, err)
	}
	b.options.Verifier = verify.First{&verify.Vendor{Patterns: &patterns.Set{}, Now: time.Now, Rand: rand.Reader}}
	sink, result, err := b.run(t, b.options, scanner.Options{})
	if err != nil || sink.findings[0].Verdict != "unknown" {
		t.Fatalf("a scan that asks vendors only: %+v, %v", sink.findings, err)
	}
	inc, err := b.ws.Incidents.Incident(t.Context(), result.Incidents[0].ID)
	if err != nil || inc.Verdict.State != incident.Live || inc.Verdict.KeyID != b.key.ID {
		t.Errorf("what is stored: %+v, %v", inc.Verdict, err)
	}
}

// broken is a sink that takes nothing.
type broken struct{ kept }

func (*broken) Finding(scanner.Finding) error { return errFull }

func TestAReportThatCannotBeWrittenKeepsNoKeyAlive(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.options.Policy = respond.Policy{Revoke: true}
	second, key, err := b.ws.Issuer(rand.Reader).Issue(t.Context(), issuer.IssueRequest{Family: "acme_live", Owner: "ci", Act: issuer.Act{Actor: "test"}})
	if err != nil {
		t.Fatal(err)
	}
	source := text(b.plain.Reveal() + "\n" + second.Reveal() + "\n")
	result, err := flow.Run(t.Context(), newScanner(t), source, &broken{}, b.options)
	if !errors.Is(err, errFull) || result.Summary.Complete || len(result.Outcomes) != 2 {
		t.Errorf("summary %+v, outcomes %+v, error %v", result.Summary, result.Outcomes, err)
	}
	for _, id := range []issuer.KeyID{b.key.ID, key.ID} {
		if got := b.status(t, id); got != issuer.StatusRevoked {
			t.Errorf("key %s is %s", id, got)
		}
	}
}
