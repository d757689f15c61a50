package steps_test

import (
	"strings"
	"testing"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/webhook/githubtest"
)

// TestPushedKeyDies is the App's whole loop: a signed push, the door, the inbox, the queue, a real git server, the
// scanner, the store, the dead key, the check run.
func TestPushedKeyDies(t *testing.T) {
	t.Parallel()
	b := newBench(t, githubtest.Options{})
	plain, id := b.issue(t)
	_, kept := b.issue(t)
	b.repo.Commit("main", "Begin", map[string][]byte{"readme": []byte("hello\n")})
	before, after := b.repo.Commit("main", "Configure", map[string][]byte{
		"deploy/config.yaml": []byte("one: 1\ntoken: " + plain.Reveal() + "\n"),
	})
	concluded := b.work(t)
	delivery := b.push(t, githubtest.Push{Ref: "refs/heads/main", Before: before, After: after})
	if got := <-concluded; got != string(delivery) {
		t.Fatalf("concluded %s, want %s", got, delivery)
	}
	if got := b.status(t, id); got != issuer.StatusRevoked {
		t.Errorf("the leaked key is %s", got)
	}
	if got := b.status(t, kept); got != issuer.StatusActive {
		t.Errorf("a key that did not leak is %s", got)
	}
	checks := b.gh.CheckRuns()
	if len(checks) != 1 {
		t.Fatalf("%d check runs, want one", len(checks))
	}
	check := checks[0]
	if check.Conclusion != "failure" || check.HeadSHA != after || check.ExternalID != string(delivery) || !strings.Contains(check.Summary, "revoked") {
		t.Errorf("check run = %+v", check)
	}
	if len(check.Annotations) != 1 || check.Annotations[0].Path != "deploy/config.yaml" || check.Annotations[0].Start != 2 {
		t.Fatalf("annotations = %+v", check.Annotations)
	}
	if strings.Contains(check.Summary+check.Title+check.Annotations[0].Message, plain.Reveal()) {
		t.Error("the check run shows the key")
	}
}

// TestRepeatedDeliveriesChangeNothing sends the same push again, under its id and under another.
func TestRepeatedDeliveriesChangeNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, githubtest.Options{})
	before, after := b.repo.Commit("main", "Begin", map[string][]byte{"readme": []byte("hello\n")})
	push := githubtest.Push{Ref: "refs/heads/main", Before: before, After: after, GUID: "first"}
	b.push(t, push)
	b.push(t, push)
	push.GUID = "second"
	b.push(t, push)
	if got := b.jobs(t); len(got) != 1 || got[0] != "scan_push" {
		t.Errorf("jobs = %v, want one scan_push", got)
	}
}
