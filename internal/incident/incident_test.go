package incident_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/scanner"
)

func TestIDsAreDistinctAndOfOneShape(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^inc_[0-9A-Za-z]{16}$`)
	seen := map[incident.ID]bool{}
	for range 1000 {
		id, err := incident.NewID(rand.Reader)
		if err != nil || !shape.MatchString(string(id)) || seen[id] {
			t.Fatalf("id %q, error %v, seen before %v", id, err, seen[id])
		}
		seen[id] = true
	}
	broken := errors.New("no entropy")
	if _, err := incident.NewID(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a failing reader gave %v", err)
	}
}

func TestAnIncidentKeepsAllOfAFindingButTheSecret(t *testing.T) {
	t.Parallel()
	now := time.Now()
	f := scanner.Finding{
		Pattern: "acme.token", Vendor: "acme", Name: "Acme token", Secret: secret.New("the plain text"),
		Redacted: "acme_…(redacted)", Fingerprint: "fp1_00", Blob: "b10b",
		Location: scanner.Location{Path: "a/b", Commit: "c0"}, Total: 3,
	}
	got := incident.FromFinding(f, "repo", now)
	if got.Fingerprint != f.Fingerprint || got.Location != f.Location || got.Places != 3 ||
		got.State != incident.StateOpen || !got.FirstSeenAt.Equal(now) || got.Source != "repo" {
		t.Errorf("something of the finding was lost: %+v", got)
	}
	if strings.Contains(fmt.Sprintf("%+v %#v", got, got), "the plain text") {
		t.Error("the incident holds the secret")
	}
}
