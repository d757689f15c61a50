package steps_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/respond"
	"github.com/keywright/keywright/internal/verify"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/webhook"
	"github.com/keywright/keywright/webhook/githubtest"
	"github.com/keywright/keywright/webhook/steps"
)

// leak commits a file to main and pushes it.
func (b *bench) leak(t *testing.T, text string) (webhook.DeliveryID, githubtest.Push) {
	t.Helper()
	before, after := b.repo.Commit("main", "Configure", map[string][]byte{"config": []byte(text)})
	p := githubtest.Push{Ref: "refs/heads/main", Before: before, After: after}
	return b.push(t, p), p
}

func (b *bench) scan(t *testing.T, id webhook.DeliveryID) webhook.Scan {
	t.Helper()
	if err := b.steps.ScanPush(t.Context(), jobs.ScanPush{DeliveryID: string(id)}); err != nil {
		t.Fatal(err)
	}
	scan, err := b.store.Scan(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return scan
}

func TestScanPushRecordsAndLeavesTheEffectsToJobs(t *testing.T) {
	t.Parallel()
	b := newBench(t, githubtest.Options{})
	plain, id := b.issue(t)
	delivery, _ := b.leak(t, "key="+plain.Reveal())
	scan := b.scan(t, delivery)
	if !scan.Complete || scan.Commits != 1 || scan.Findings != 1 || len(scan.Incidents) != 1 || scan.Repository != "octo/demo" {
		t.Errorf("scan = %+v", scan)
	}
	if got := b.status(t, id); got != issuer.StatusActive {
		t.Errorf("the scan itself made the key %s", got)
	}
	want := []string{"scan_push", "revoke_key", "notify_owner", "conclude_check"}
	if got := b.jobs(t); !slices.Equal(got, want) {
		t.Errorf("jobs = %v, want %v", got, want)
	}
	inc, err := b.store.Incident(t.Context(), incident.ID(scan.Incidents[0]))
	if err != nil || inc.Verdict.State != incident.Live || inc.Verdict.KeyID != id || inc.Source != "octo/demo" {
		t.Errorf("incident = %+v, %v", inc, err)
	}
	if left, err := os.ReadDir(b.steps.TempDir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestEachStepTwiceHasTheEffectOfOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, githubtest.Options{})
	plain, id := b.issue(t)
	delivery, _ := b.leak(t, "key="+plain.Reveal())
	var scan webhook.Scan
	for range 2 {
		scan = b.scan(t, delivery)
	}
	revoke := jobs.RevokeKey{IncidentID: scan.Incidents[0], KeyID: string(id)}
	for range 2 {
		if err := b.steps.RevokeKey(t.Context(), revoke); err != nil {
			t.Fatal(err)
		}
		if err := b.steps.NotifyOwner(t.Context(), jobs.NotifyOwner{IncidentID: scan.Incidents[0]}); err != nil {
			t.Fatal(err)
		}
		if err := b.steps.ConcludeCheck(t.Context(), jobs.ConcludeCheck{DeliveryID: string(delivery)}); err != nil {
			t.Fatal(err)
		}
	}
	inc, err := b.store.Incident(t.Context(), incident.ID(scan.Incidents[0]))
	if err != nil || len(inc.Outcomes) != 2 {
		t.Errorf("outcomes = %+v, %v; want a revocation and a notice", inc.Outcomes, err)
	}
	if got := b.told.sent(); got != 1 {
		t.Errorf("%d notices, want 1", got)
	}
	if checks := b.gh.CheckRuns(); len(checks) != 1 || len(checks[0].Annotations) != 1 {
		t.Errorf("check runs = %+v", checks)
	}
	page, err := b.store.Incidents(t.Context(), incident.Query{})
	if err != nil || len(page.Incidents) != 1 {
		t.Errorf("%d incidents, %v; want one", len(page.Incidents), err)
	}
}

func TestScanPushOfAllKindsOfPushes(t *testing.T) {
	t.Parallel()
	zero := strings.Repeat("0", 40)
	cases := []struct {
		name     string
		push     func(b *bench, text string) githubtest.Push
		findings int
		check    bool
		note     string
	}{
		{"a new branch with a key in its history", func(b *bench, text string) githubtest.Push {
			b.repo.Commit("side", "Leak", map[string][]byte{"f": []byte(text)})
			_, after := b.repo.Commit("side", "Hide", map[string][]byte{"f": nil})
			return githubtest.Push{Ref: "refs/heads/side", Before: zero, After: after}
		}, 1, true, ""},
		{"a deleted branch", func(b *bench, _ string) githubtest.Push {
			_, after := b.repo.Commit("side", "Begin", map[string][]byte{"f": []byte("1")})
			return githubtest.Push{Ref: "refs/heads/side", Before: after, After: zero}
		}, 0, false, "was deleted"},
		{"a force push over a commit that is gone", func(b *bench, text string) githubtest.Push {
			_, after := b.repo.Commit("main", "Leak", map[string][]byte{"f": []byte(text)})
			return githubtest.Push{Ref: "refs/heads/main", Before: after, After: after}
		}, 1, true, "no longer serves"},
		{"an annotated tag with a key in its message", func(b *bench, text string) githubtest.Push {
			b.repo.Commit("main", "Begin", map[string][]byte{"f": []byte("1")})
			b.repo.Git("-c", "user.name=o", "-c", "user.email=o@github.invalid", "tag", "-a", "-m", text, "v1", "main")
			return githubtest.Push{Ref: "refs/tags/v1", Before: zero, After: b.repo.Git("rev-parse", "v1")}
		}, 1, true, ""},
		{"a key in a commit message", func(b *bench, text string) githubtest.Push {
			b.repo.Commit("main", "Begin", map[string][]byte{"f": []byte("1")})
			before, after := b.repo.Commit("main", text, map[string][]byte{"f": []byte("2")})
			return githubtest.Push{Ref: "refs/heads/main", Before: before, After: after}
		}, 1, true, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, githubtest.Options{})
			plain, _ := b.issue(t)
			p := c.push(b, "key="+plain.Reveal())
			body := b.repo.PushBody(p)
			if c.note == "no longer serves" {
				// A payload whose before is unknown to the server cannot be made from the repository.
				body = []byte(strings.Replace(string(body), `"before":"`+p.Before, `"before":"`+strings.Repeat("12", 20), 1))
			}
			accept(t, b, "d", body)
			scan := b.scan(t, "d")
			if !scan.Complete || scan.Findings != c.findings || !strings.Contains(strings.Join(scan.Notes, "\n"), c.note) {
				t.Errorf("scan = %+v", scan)
			}
			if got := len(b.gh.CheckRuns()) == 1; got != c.check {
				t.Errorf("check run made: %v, want %v", got, c.check)
			}
		})
	}
}

// accept puts a delivery into the inbox past the door.
func accept(t *testing.T, b *bench, id webhook.DeliveryID, body []byte) {
	t.Helper()
	fresh, err := b.store.Accept(t.Context(), webhook.Delivery{
		ID: id, Event: webhook.EventPush, BodySHA256: [32]byte{byte(len(body))}, Body: body, ReceivedAt: time.Now(),
	})
	if err != nil || !fresh {
		t.Fatalf("accept = %v, %v", fresh, err)
	}
}

func TestACommitThatIsGoneIsNeverASuccess(t *testing.T) {
	t.Parallel()
	b := newBench(t, githubtest.Options{})
	before, after := b.repo.Commit("main", "Begin", map[string][]byte{"f": []byte("1")})
	body := b.repo.PushBody(githubtest.Push{Ref: "refs/heads/main", Before: before, After: after})
	accept(t, b, "d", []byte(strings.Replace(string(body), `"after":"`+after, `"after":"`+strings.Repeat("12", 20), 1)))
	if scan := b.scan(t, "d"); scan.Complete || len(scan.Notes) == 0 {
		t.Errorf("scan = %+v", scan)
	}
	if err := b.steps.ConcludeCheck(t.Context(), jobs.ConcludeCheck{DeliveryID: "d"}); err != nil {
		t.Fatal(err)
	}
	if checks := b.gh.CheckRuns(); len(checks) != 1 || checks[0].Conclusion != "action_required" {
		t.Errorf("check runs = %+v", checks)
	}
}

func TestACleanPushIsASuccess(t *testing.T) {
	t.Parallel()
	b := newBench(t, githubtest.Options{})
	delivery, _ := b.leak(t, "nothing here")
	b.scan(t, delivery)
	if err := b.steps.ConcludeCheck(t.Context(), jobs.ConcludeCheck{DeliveryID: string(delivery)}); err != nil {
		t.Fatal(err)
	}
	if checks := b.gh.CheckRuns(); len(checks) != 1 || checks[0].Conclusion != "success" {
		t.Errorf("check runs = %+v", checks)
	}
}

func TestConcludeCheckWaitsForRevocations(t *testing.T) {
	t.Parallel()
	b := newBench(t, githubtest.Options{})
	plain, id := b.issue(t)
	delivery, _ := b.leak(t, "key="+plain.Reveal())
	scan := b.scan(t, delivery)
	args := jobs.ConcludeCheck{DeliveryID: string(delivery)}
	var later *steps.NotYet
	if err := b.steps.ConcludeCheck(t.Context(), args); !errors.As(err, &later) {
		t.Errorf("before the revocation: %v, want NotYet", err)
	}
	clock := b.steps.Now
	b.steps.Now = func() time.Time { return clock().Add(time.Hour) }
	if err := b.steps.ConcludeCheck(t.Context(), args); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	if checks := b.gh.CheckRuns(); checks[0].Conclusion != "failure" || !strings.Contains(checks[0].Summary, "live") {
		t.Errorf("check run = %+v", checks[0])
	}
	b.steps.Now = clock
	if err := b.steps.RevokeKey(t.Context(), jobs.RevokeKey{IncidentID: scan.Incidents[0], KeyID: string(id)}); err != nil {
		t.Fatal(err)
	}
}

func TestRevocationsOverTheCapWaitForAPerson(t *testing.T) {
	t.Parallel()
	b := newBench(t, githubtest.Options{})
	b.steps.Policy = respond.Policy{Revoke: true, MaxRevocations: 1}
	one, _ := b.issue(t)
	two, _ := b.issue(t)
	delivery, _ := b.leak(t, "a="+one.Reveal()+"\nb="+two.Reveal())
	scan := b.scan(t, delivery)
	revocations, waiting := 0, 0
	for _, kind := range b.jobs(t) {
		if kind == "revoke_key" {
			revocations++
		}
	}
	for _, id := range scan.Incidents {
		inc, err := b.store.Incident(t.Context(), incident.ID(id))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range inc.Outcomes {
			if o.State == incident.OutcomeWaiting {
				waiting++
			}
		}
	}
	if revocations != 1 || waiting != 1 {
		t.Errorf("%d revocations and %d waiting, want one each", revocations, waiting)
	}

	// The same job again, as after a failure: the first key is dead, and the place below the cap is not taken by the other.
	var other incident.Incident
	for _, id := range scan.Incidents {
		inc, err := b.store.Incident(t.Context(), incident.ID(id))
		if err != nil {
			t.Fatal(err)
		}
		if len(inc.Outcomes) > 0 {
			other = inc
			continue
		}
		if err := b.steps.RevokeKey(t.Context(), jobs.RevokeKey{IncidentID: id, KeyID: string(inc.Verdict.KeyID)}); err != nil {
			t.Fatal(err)
		}
	}
	before := len(b.jobs(t))
	b.scan(t, delivery)
	for _, kind := range b.jobs(t)[before:] {
		if kind == "revoke_key" {
			t.Error("the key that waits is revoked by the next try")
		}
	}
	again, err := b.store.Incident(t.Context(), other.ID)
	if err != nil || len(again.Outcomes) != 1 {
		t.Errorf("outcomes %+v, %v; want the one that waits", again.Outcomes, err)
	}
}

func TestRevokeKeyNeedsAnIncidentOfThatKey(t *testing.T) {
	t.Parallel()
	b := newBench(t, githubtest.Options{})
	plain, _ := b.issue(t)
	_, other := b.issue(t)
	delivery, _ := b.leak(t, "key="+plain.Reveal())
	scan := b.scan(t, delivery)
	var permanent *steps.Permanent
	for _, args := range []jobs.RevokeKey{{IncidentID: scan.Incidents[0], KeyID: string(other)}, {IncidentID: "inc_0000000000000000", KeyID: string(other)}} {
		if err := b.steps.RevokeKey(t.Context(), args); !errors.As(err, &permanent) {
			t.Errorf("RevokeKey(%v) = %v, want a permanent error", args, err)
		}
	}
	if got := b.status(t, other); got != issuer.StatusActive {
		t.Errorf("the other key is %s", got)
	}
}

func TestNoticeThatFailsIsSentByALaterTry(t *testing.T) {
	t.Parallel()
	b := newBench(t, githubtest.Options{})
	plain, _ := b.issue(t)
	delivery, _ := b.leak(t, "key="+plain.Reveal())
	args := jobs.NotifyOwner{IncidentID: b.scan(t, delivery).Incidents[0]}
	b.told.fail = errors.New("mail server is down")
	if err := b.steps.NotifyOwner(t.Context(), args); !errors.Is(err, b.told.fail) {
		t.Errorf("error = %v", err)
	}
	b.told.fail = nil
	if err := b.steps.NotifyOwner(t.Context(), args); err != nil || b.told.sent() != 1 {
		t.Errorf("second try: %v, %d sent", err, b.told.sent())
	}
}

func TestScanPushWhereGitHubFails(t *testing.T) {
	t.Parallel()
	t.Run("a git server that is down is tried again and nothing is concluded", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, githubtest.Options{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
			down := strings.HasSuffix(r.URL.Path, "/info/refs")
			if down {
				http.Error(w, "down", http.StatusServiceUnavailable)
			}
			return down
		}})
		delivery, _ := b.leak(t, "nothing")
		if err := b.steps.ScanPush(t.Context(), jobs.ScanPush{DeliveryID: string(delivery)}); err == nil {
			t.Error("no error")
		}
		if got := b.jobs(t); len(got) != 1 {
			t.Errorf("jobs = %v", got)
		}
	})
	t.Run("without permission for checks the key dies all the same", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, githubtest.Options{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
			denied := strings.Contains(r.URL.Path, "/check-runs")
			if denied {
				http.Error(w, `{"message":"Resource not accessible by integration"}`, http.StatusForbidden)
			}
			return denied
		}})
		plain, _ := b.issue(t)
		delivery, _ := b.leak(t, "key="+plain.Reveal())
		b.scan(t, delivery)
		if got := b.jobs(t); !slices.Contains(got, "revoke_key") {
			t.Errorf("jobs = %v", got)
		}
	})
	t.Run("a delivery that names no installation is given up", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, githubtest.Options{})
		before, after := b.repo.Commit("main", "Begin", map[string][]byte{"f": []byte("1")})
		body := string(b.repo.PushBody(githubtest.Push{Ref: "refs/heads/main", Before: before, After: after}))
		accept(t, b, "d", []byte(strings.Replace(body, `"installation":`, `"elsewhere":`, 1)))
		var permanent *steps.Permanent
		if err := b.steps.ScanPush(t.Context(), jobs.ScanPush{DeliveryID: "d"}); !errors.As(err, &permanent) {
			t.Errorf("error = %v, want a permanent one", err)
		}
	})
}

// vendor answers for a vendor whose key it knows by its fingerprint.
type vendor struct{ asked []string }

func (v *vendor) Verify(_ context.Context, f scanner.Finding) incident.Verdict {
	v.asked = append(v.asked, f.Fingerprint)
	return incident.Verdict{State: incident.Live, Reason: "the vendor accepts it", CheckedAt: time.Now()}
}

func TestVerifyIncidentReadsTheBlobAgainAndAsksItsVendor(t *testing.T) {
	t.Parallel()
	b := newBench(t, githubtest.Options{})
	asked := &vendor{}
	b.steps.Vendors = func() verify.Verifier { return asked }
	p := checkable(t, b.steps.Patterns)
	text, err := patterns.Mint(p, t.Name())
	if err != nil {
		t.Fatal(err)
	}
	example := strings.ReplaceAll(p.Examples[0], "${secret}", text)
	delivery, _ := b.leak(t, example+"\n")
	scan := b.scan(t, delivery)
	if len(scan.Incidents) != 1 || !slices.Contains(b.jobs(t), "verify_incident") {
		t.Fatalf("scan = %+v, jobs %v", scan, b.jobs(t))
	}
	if err := b.steps.VerifyIncident(t.Context(), jobs.VerifyIncident{IncidentID: scan.Incidents[0]}); err != nil {
		t.Fatal(err)
	}
	inc, err := b.store.Incident(t.Context(), incident.ID(scan.Incidents[0]))
	if err != nil || inc.Verdict.State != incident.Live || len(asked.asked) != 1 || asked.asked[0] != inc.Fingerprint {
		t.Errorf("verdict = %+v, asked %v, %v", inc.Verdict, asked.asked, err)
	}
}

// checkable is a pattern whose vendor can be asked and whose examples are one line.
func checkable(t *testing.T, set *patterns.Set) *patterns.Pattern {
	t.Helper()
	for _, p := range set.All() {
		if p.Verify != nil && p.Format != nil && len(p.SharedWith) == 0 && strings.Count(p.Examples[0], "${secret") == 1 && strings.Contains(p.Examples[0], "${secret}") {
			return p
		}
	}
	t.Fatal("the catalogue has no pattern that can be verified")
	return nil
}
