package issuer_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
)

func TestIssueStoresADigestAndNoPlaintext(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	expires := b.clock.Add(time.Hour)
	text, key, err := b.Issue(t.Context(), issuer.IssueRequest{
		Family: "acme_live", Owner: "alice", Label: "ci", Scopes: []issuer.Scope{"users:read", "orders:read", "users:read"},
		ExpiresAt: expires, Act: act, Next: []jobs.Args{jobs.NotifyOwner{IncidentID: "inc_1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	stored := b.store.keys[key.ID]
	if matches, err := b.Keyring.Matches(text, stored.Digest); !matches || err != nil {
		t.Errorf("the stored digest: %v, %v", matches, err)
	}
	if !slices.Equal(stored.Scopes, []issuer.Scope{"orders:read", "users:read"}) || stored.Status != issuer.StatusActive || stored.Owner != "alice" || stored.Label != "ci" {
		t.Errorf("stored %+v", stored)
	}
	if stored.CreatedAt != b.clock.Truncate(time.Microsecond) || stored.ExpiresAt != expires.Truncate(time.Microsecond) {
		t.Errorf("times are not in microseconds: %v, %v", stored.CreatedAt, stored.ExpiresAt)
	}
	if last := b.store.acts[len(b.store.acts)-1]; last.Actor != act.Actor || last.At != stored.CreatedAt || len(b.store.jobs) != 1 {
		t.Errorf("act %+v, jobs %v", last, b.store.jobs)
	}
}

func TestAKeyWithoutScopesCarriesNone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	text, key := b.issue(t)
	if len(key.Scopes) != 0 {
		t.Errorf("scopes %v", key.Scopes)
	}
	if d := b.verifier().Verify(t.Context(), text, issuer.Request{Scopes: []issuer.Scope{"users:read"}}); d.Code != issuer.CodeInsufficientScope {
		t.Errorf("Verify = %s", d.Code)
	}
}

func TestIssueRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	text, _ := b.issue(t)
	for _, tc := range []struct {
		name   string
		change func(*issuer.IssueRequest)
		want   error
		says   string
	}{
		{"a scope outside the family", func(r *issuer.IssueRequest) { r.Scopes = []issuer.Scope{"users:write"} }, issuer.ErrScope, "users:write"},
		{"a scope that breaks the grammar", func(r *issuer.IssueRequest) { r.Scopes = []issuer.Scope{"A"} }, issuer.ErrScopeGrammar, "scope 1"},
		{"an unknown family", func(r *issuer.IssueRequest) { r.Family = "other" }, issuer.ErrNotFound, "other"},
		{"a bad prefix", func(r *issuer.IssueRequest) { r.Family = "No" }, issuer.ErrPrefix, ""},
		{"no owner", func(r *issuer.IssueRequest) { r.Owner = "" }, issuer.ErrInvalid, "owner"},
		{"an owner over the cap", func(r *issuer.IssueRequest) { r.Owner = strings.Repeat("x", issuer.MaxNameLen+1) }, issuer.ErrInvalid, "owner"},
		{"a label with a line break", func(r *issuer.IssueRequest) { r.Label = "a\nb" }, issuer.ErrInvalid, "label"},
		{"a label that is not UTF-8", func(r *issuer.IssueRequest) { r.Label = "a\xff" }, issuer.ErrInvalid, "label"},
		{"a key as its label", func(r *issuer.IssueRequest) { r.Label = text.Reveal() }, issuer.ErrInvalid, "the label holds a key"},
		{"a key inside its label", func(r *issuer.IssueRequest) { r.Label = "was KEY=x_" + text.Reveal() + ", rotate" }, issuer.ErrInvalid, "the label holds a key"},
		{"a key in a URI as its owner", func(r *issuer.IssueRequest) {
			r.Owner = "secret-token:" + strings.ReplaceAll(text.Reveal(), "_", "%5F")
		}, issuer.ErrInvalid, "the owner holds a key"},
		{"an expiry in the past", func(r *issuer.IssueRequest) { r.ExpiresAt = b.clock.Add(-time.Second) }, issuer.ErrInvalid, "expiry"},
		{"an expiry now", func(r *issuer.IssueRequest) { r.ExpiresAt = b.clock }, issuer.ErrInvalid, "expiry"},
		{"no actor", func(r *issuer.IssueRequest) { r.Act.Actor = "" }, issuer.ErrInvalid, "actor"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			request := issuer.IssueRequest{Family: "acme_live", Owner: "alice", Act: act}
			tc.change(&request)
			plain, _, err := b.Issue(t.Context(), request)
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) || plain.Len() != 0 {
				t.Fatalf("Issue = %v", err)
			}
			if strings.Contains(err.Error(), text.Reveal()) {
				t.Error("the error shows a key")
			}
		})
	}
}

func TestAClashOfIDsIsTriedAgainAFewTimes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	same := make([]byte, issuer.NineLen+issuer.SecretLen)
	other := bytes.Repeat([]byte{1}, len(same))
	b.Rand = io.MultiReader(bytes.NewReader(same), bytes.NewReader(same), bytes.NewReader(other))
	_, first := b.issue(t)
	_, second := b.issue(t) // clashes once
	if first.ID == second.ID {
		t.Fatal("two keys with one id")
	}
	b.Rand = stuckReader(0)
	if _, _, err := b.Issue(t.Context(), issuer.IssueRequest{Family: "acme_live", Owner: "alice", Act: act}); !errors.Is(err, issuer.ErrConflict) {
		t.Errorf("an endless clash: %v", err)
	}
}

func TestARevocationIsFinal(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, key := b.issue(t)
	first, err := b.Revoke(t.Context(), issuer.Revocation{Key: key.ID, Act: act}, jobs.NotifyOwner{})
	if err != nil || first.Already || first.Seq == 0 {
		t.Fatalf("Revoke = %+v, %v", first, err)
	}
	b.clock = b.clock.Add(time.Hour)
	again, err := b.Revoke(t.Context(), issuer.Revocation{Key: key.ID, Act: act}, jobs.NotifyOwner{})
	if err != nil || !again.Already || again.Seq != first.Seq || again.At != first.At || len(b.store.jobs) != 1 {
		t.Errorf("a second Revoke = %+v, %v, %d jobs", again, err, len(b.store.jobs))
	}
	if err := b.Enable(t.Context(), key.ID, act); !errors.Is(err, issuer.ErrRevoked) {
		t.Errorf("Enable = %v", err)
	}
	if err := b.Disable(t.Context(), key.ID, act); !errors.Is(err, issuer.ErrRevoked) {
		t.Errorf("Disable = %v", err)
	}
}

func TestChangesRefuseWhatIsNoKeyID(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	text, key := b.issue(t)
	pasted := issuer.KeyID(text.Reveal())
	_, revoke := b.Revoke(t.Context(), issuer.Revocation{Key: pasted, Act: act})
	for verb, err := range map[string]error{"revoke": revoke, "disable": b.Disable(t.Context(), pasted, act), "enable": b.Enable(t.Context(), pasted, act)} {
		if !errors.Is(err, issuer.ErrInvalid) || strings.Contains(err.Error(), text.Reveal()) {
			t.Errorf("%s accepts or shows a pasted key", verb)
		}
	}
	if err := b.Disable(t.Context(), key.ID, issuer.Act{}); !errors.Is(err, issuer.ErrInvalid) {
		t.Errorf("Disable without an actor: %v", err)
	}
	if _, err := b.Revoke(t.Context(), issuer.Revocation{Key: "000000000000", Act: act}); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("Revoke of an unknown key: %v", err)
	}
}

func TestFamiliesAreCheckedAndUnique(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if _, err := b.CreateFamily(t.Context(), "acme_live", nil, act); !errors.Is(err, issuer.ErrConflict) {
		t.Errorf("the same prefix: %v", err)
	}
	if _, err := b.CreateFamily(t.Context(), "Bad", nil, act); !errors.Is(err, issuer.ErrPrefix) {
		t.Errorf("a bad prefix: %v", err)
	}
	if _, err := b.CreateFamily(t.Context(), "good", []issuer.Scope{"BAD"}, act); !errors.Is(err, issuer.ErrScopeGrammar) {
		t.Errorf("a bad scope: %v", err)
	}
	family, err := b.CreateFamily(t.Context(), "good", []issuer.Scope{"b", "a"}, act)
	if err != nil || !slices.Equal(family.Scopes, []issuer.Scope{"a", "b"}) || family.CreatedAt.IsZero() {
		t.Errorf("CreateFamily = %+v, %v", family, err)
	}
}
