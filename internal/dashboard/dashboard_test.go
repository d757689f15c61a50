package dashboard_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/dashboard"
	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/scanner"
)

var at = time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)

const hostile = `"><script>alert(1)</script>`

// reader is a Reader of one incident and one key, both with texts of an attacker.
type reader struct {
	fail  error
	query incident.Query
}

func one() incident.Incident {
	return incident.Incident{
		ID: "inc_0000000000000001", Fingerprint: "fp1_x", Pattern: "keywright.key", Name: "Keywright key", Redacted: "acme_…(redacted)",
		Source: hostile, Location: scanner.Location{Path: "a/" + hostile, Span: scanner.Span{Line: 3}}, State: incident.StateOpen,
		Verdict:  incident.Verdict{State: incident.Live, KeyID: "abc", Owner: hostile, CheckedAt: at},
		Outcomes: []incident.Outcome{{Action: incident.Action{Kind: incident.ActionRevoke, Target: "abc"}, State: incident.OutcomeDone, Detail: hostile, At: at}},
	}
}

func (r *reader) Incident(_ context.Context, id incident.ID) (incident.Incident, error) {
	if id != one().ID {
		return incident.Incident{}, issuer.ErrNotFound
	}
	return one(), r.fail
}

func (r *reader) Incidents(_ context.Context, q incident.Query) (incident.Page, error) {
	r.query = q
	return incident.Page{Incidents: []incident.Incident{one()}, Next: `x&y="`}, r.fail
}

func (r *reader) Keys(context.Context, issuer.KeyQuery) (issuer.KeyPage, error) {
	key := issuer.Key{ID: "abc", Family: "acme_live", Owner: hostile, Scopes: []issuer.Scope{"orders:read"}, Status: issuer.StatusActive, CreatedAt: at}
	return issuer.KeyPage{Keys: []issuer.Key{key}}, r.fail
}

func get(t *testing.T, r *reader, path string, edit func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	h, err := dashboard.Handler(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodGet, path, nil)
	request.RemoteAddr, request.Host = "127.0.0.1:50000", "localhost:8080"
	if edit != nil {
		edit(request)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request)
	return w
}

func TestPagesShowWhatThereIsAsText(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, path string
		wants      []string
	}{
		{"incidents", "/", []string{"inc_0000000000000001", "acme_…(redacted)", "live", "Older"}},
		{"one incident", "/incidents/inc_0000000000000001", []string{"Keywright key", "line 3", "revoke", "done"}},
		{"keys", "/keys", []string{"acme_live", "orders:read", "active"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := get(t, &reader{}, c.path, nil)
			body := w.Body.String()
			if w.Code != http.StatusOK {
				t.Fatalf("status %d: %s", w.Code, body)
			}
			for _, want := range c.wants {
				if !strings.Contains(body, want) {
					t.Errorf("the page lacks %q", want)
				}
			}
			if strings.Contains(body, "<script") {
				t.Error("what an attacker wrote is markup")
			}
			if regexp.MustCompile(`(?:src|href)="(?:[a-z]+:)?//`).MatchString(body) {
				t.Error("the page leads to another host")
			}
		})
	}
}

func TestPolicyAllowsThePagesOwnStyleOnly(t *testing.T) {
	t.Parallel()
	w := get(t, &reader{}, "/", nil)
	policy := w.Header().Get("Content-Security-Policy")
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(w.Body.String())
	if style == nil {
		t.Fatal("no style")
	}
	sum := sha256.Sum256([]byte(style[1]))
	if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) || !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("policy %s does not allow the style, or allows more", policy)
	}
}

func TestWhatIsNotServed(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, path string
		edit       func(*http.Request)
		want       int
	}{
		{"a request from another machine", "/", func(r *http.Request) { r.RemoteAddr = "192.0.2.1:50000" }, 403},
		{"a name that was made to lead here", "/", func(r *http.Request) { r.Host = "attacker.invalid" }, 403},
		{"a request that would change something", "/", func(r *http.Request) { r.Method = http.MethodPost }, 405},
		{"a page that is not there", "/secrets", nil, 404},
		{"an incident that is not there", "/incidents/inc_x", nil, 404},
		{"a state that is none", "/?state=canary", nil, 400},
		{"a cursor over its cap", "/keys?after=" + strings.Repeat("x", 201), nil, 400},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if w := get(t, &reader{}, c.path, c.edit); w.Code != c.want {
				t.Errorf("status %d, want %d", w.Code, c.want)
			}
		})
	}
}

func TestStoreErrorsAreNotShown(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/keys", "/incidents/inc_0000000000000001"} {
		if w := get(t, &reader{fail: errors.New("canary")}, path, nil); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "canary") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestFilterAndCursorReachTheReader(t *testing.T) {
	t.Parallel()
	r := &reader{}
	get(t, r, "/?state=open&after=abc", nil)
	if want := (incident.Query{State: incident.StateOpen, Limit: 50, After: "abc"}); r.query != want {
		t.Errorf("query = %+v, want %+v", r.query, want)
	}
}
