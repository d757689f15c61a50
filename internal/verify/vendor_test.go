package verify_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/internal/verify"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// widget is a made-up vendor's token.
func widget(auth string) *patterns.Pattern {
	return &patterns.Pattern{
		ID: "widget.token", Vendor: "widget", Name: "Widget token",
		Format: &patterns.Format{Prefix: "wdgt_", Parts: []patterns.Part{{Alphabet: "base62", Min: 40, Max: 40}}, Boundary: true},
		Verify: &patterns.Verify{URL: "https://api.widget.example/me", Hosts: []string{"api.widget.example"}, Auth: auth, Live: []int{200}, Dead: []int{401}},
	}
}

// vendorAt makes a Vendor whose every connection goes to a TLS server on loopback.
func vendorAt(t *testing.T, p *patterns.Pattern, handler http.HandlerFunc) *verify.Vendor {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	set, err := patterns.NewSet("test", p)
	if err != nil {
		t.Fatal(err)
	}
	dialer := &net.Dialer{}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, server.Listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &verify.Vendor{Patterns: set, Transport: transport, Now: func() time.Time { return now }, Rand: rand.Reader}
}

func TestVendor(t *testing.T) {
	t.Parallel()
	const token = "wdgt_real"
	only := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer "+token {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.WriteHeader(status)
		}
	}
	tests := []struct {
		name    string
		handler http.HandlerFunc
		change  func(*patterns.Pattern)
		want    incident.VerdictState
		reason  string
	}{
		{"a status that means live", only(200), nil, incident.Live, "accepts"},
		{"a status that means dead", only(401), nil, incident.Revoked, "refuses"},
		{"a status in neither list is unknown", only(403), nil, incident.Unknown, "403"},
		{"a redirect is no answer", only(302), nil, incident.Unknown, "302"},
		{"a proxy that lets everything pass proves nothing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }, nil, incident.Unknown, "made-up"},
		{"a firewall that refuses everything proves nothing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, nil, incident.Unknown, "made-up"},
		{"a broken connection is unknown", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil, incident.Unknown, "control failed"},
		{"a host that is not declared is not asked", only(200), func(p *patterns.Pattern) { p.Verify.Hosts = []string{"other.example"} }, incident.Unknown, "declared host"},
		{"no plain http", only(200), func(p *patterns.Pattern) { p.Verify.URL = "http://api.widget.example/me" }, incident.Unknown, "https"},
		{"an unknown way to authorize", only(200), func(p *patterns.Pattern) { p.Verify.Auth = "dance" }, incident.Unknown, "dance"},
		{"a pattern without a check", only(200), func(p *patterns.Pattern) { p.Verify = nil }, incident.Unknown, "no verifier"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := widget("bearer")
			if tt.change != nil {
				tt.change(p)
			}
			vendor := vendorAt(t, p, tt.handler)
			got := vendor.Verify(t.Context(), scanner.Finding{Pattern: "widget.token", Secret: secret.New(token), Fingerprint: "fp1_1"})
			if got.State != tt.want || !strings.Contains(got.Reason, tt.reason) {
				t.Errorf("verdict %s because of %q, want %s because of %q", got.State, got.Reason, tt.want, tt.reason)
			}
		})
	}
}

func TestVendorSendsNoSecretWhereARedirectLeads(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	vendor := vendorAt(t, widget("bearer"), func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host != "api.widget.example" || r.URL.Path != "/me":
			elsewhere.Add(1)
		case r.Header.Get("Authorization") != "Bearer wdgt_real":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			http.Redirect(w, r, "https://api.widget.example/elsewhere", http.StatusTemporaryRedirect)
		}
	})
	got := vendor.Verify(t.Context(), scanner.Finding{Pattern: "widget.token", Secret: secret.New("wdgt_real"), Fingerprint: "fp1_1"})
	if got.State != incident.Unknown || elsewhere.Load() != 0 {
		t.Errorf("verdict %s (%s), %d requests where the redirect leads", got.State, got.Reason, elsewhere.Load())
	}
}

func TestVendorPutsTheSecretWhereTheEntrySays(t *testing.T) {
	t.Parallel()
	const token = "wdgt_real"
	reads := map[string]func(*http.Request) string{
		"bearer":         func(r *http.Request) string { return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") },
		"basic-user":     func(r *http.Request) string { user, _, _ := r.BasicAuth(); return user },
		"basic-password": func(r *http.Request) string { _, password, _ := r.BasicAuth(); return password },
		"header:X-Key":   func(r *http.Request) string { return r.Header.Get("X-Key") },
		"query:api_key":  func(r *http.Request) string { return r.URL.Query().Get("api_key") },
	}
	for auth, read := range reads {
		t.Run(auth, func(t *testing.T) {
			t.Parallel()
			vendor := vendorAt(t, widget(auth), func(w http.ResponseWriter, r *http.Request) {
				if read(r) != token {
					w.WriteHeader(http.StatusUnauthorized)
				}
			})
			if got := vendor.Verify(t.Context(), scanner.Finding{Pattern: "widget.token", Secret: secret.New(token)}); got.State != incident.Live {
				t.Errorf("verdict %+v", got)
			}
		})
	}
}

func TestVendorErrorsHoldNoSecret(t *testing.T) {
	t.Parallel()
	const token = "wdgt_secret_in_a_query"
	var refused atomic.Bool
	vendor := vendorAt(t, widget("query:key"), func(w http.ResponseWriter, _ *http.Request) {
		if refused.Swap(true) {
			panic(http.ErrAbortHandler) // the control passes, then the connection breaks
		}
		w.WriteHeader(http.StatusUnauthorized)
	})
	got := vendor.Verify(t.Context(), scanner.Finding{Pattern: "widget.token", Secret: secret.New(token)})
	if got.State != incident.Unknown || strings.Contains(got.Reason, token) || strings.Contains(got.Reason, "key=") {
		t.Errorf("verdict %s, reason %q", got.State, got.Reason)
	}
}

func TestVendorAsksOncePerFingerprintAndWithinItsBudget(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	vendor := vendorAt(t, widget("bearer"), func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
	})
	ask := func(fingerprint string) incident.Verdict {
		return vendor.Verify(t.Context(), scanner.Finding{Pattern: "widget.token", Secret: secret.New("x"), Fingerprint: fingerprint})
	}
	ask("same")
	ask("same")
	if got := requests.Load(); got != 2 {
		t.Errorf("%d requests for one secret, want the control and one", got)
	}
	last := incident.Verdict{}
	for i := range 200 {
		last = ask(strings.Repeat("x", i+1))
	}
	if got := requests.Load(); got != 100 {
		t.Errorf("%d requests to one host, want the budget of 100", got)
	}
	if last.State != incident.Unknown || !strings.Contains(last.Reason, "budget") {
		t.Errorf("over the budget: %+v", last)
	}
}
