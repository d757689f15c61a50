package middleware_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/limit"
	"github.com/keywright/keywright/issuer/middleware"
)

// keys is a store of keys that a test fills.
type keys struct {
	issuer.KeyReader
	byID map[issuer.KeyID]issuer.Key
	fail error
}

func (k *keys) Key(_ context.Context, id issuer.KeyID) (issuer.Key, error) {
	key, ok := k.byID[id]
	switch {
	case k.fail != nil:
		return issuer.Key{}, k.fail
	case !ok:
		return issuer.Key{}, issuer.ErrNotFound
	}
	return key, nil
}

// house is a guarded handler's surroundings: a store with one key of scope orders:read.
type house struct {
	store    *keys
	verifier *issuer.Verifier
	text     string
	key      issuer.Key
}

func newHouse(t *testing.T) *house {
	t.Helper()
	keyring, err := issuer.GenerateKeyring(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, id, err := issuer.Mint(rand.Reader, "acme", keyring)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{store: &keys{byID: map[issuer.KeyID]issuer.Key{}}, text: text.Reveal()}
	h.key = issuer.Key{ID: id, Family: "acme", Owner: "alice", Scopes: []issuer.Scope{"orders:read"}, Status: issuer.StatusActive, Digest: keyring.Digest(text)}
	h.store.byID[id] = h.key
	h.verifier = &issuer.Verifier{Store: h.store, Keyring: keyring, Now: func() time.Time { return time.Unix(1_800_000_000, 0) }}
	return h
}

func (h *house) change(f func(*issuer.Key)) {
	f(&h.key)
	h.store.byID[h.key.ID] = h.key
}

func hello(w http.ResponseWriter, r *http.Request) {
	principal, _ := issuer.PrincipalFrom(r.Context())
	_, _ = fmt.Fprintf(w, "hello %s with %s at %s", principal.Owner, principal.KeyID, r.URL.RequestURI())
}

func (h *house) serve(options middleware.Options, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	middleware.Guard(h.verifier, options)(http.HandlerFunc(hello)).ServeHTTP(w, r)
	return w
}

func get(target string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func problemOf(t *testing.T, w *httptest.ResponseRecorder) middleware.Problem {
	t.Helper()
	var p middleware.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("status %d, body is no JSON: %v", w.Code, err)
	}
	if w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", w.Header())
	}
	if p.Type != "about:blank" || p.Title != http.StatusText(w.Code) || p.Status != w.Code || p.RequestID == "" {
		t.Errorf("problem %+v", p)
	}
	return p
}

func TestGuardAnswers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		arrange   func(h *house) (middleware.Options, *http.Request)
		status    int
		code      string // of the problem
		challenge string // what WWW-Authenticate says after the realm; "-": no such header
		named     bool   // the problem names the key
	}{
		{"no key gets a challenge without an error code", func(*house) (middleware.Options, *http.Request) {
			return middleware.Options{}, get("/")
		}, 401, "no_credentials", "", false},
		{"another scheme is no key", func(*house) (middleware.Options, *http.Request) {
			return middleware.Options{}, get("/", "Authorization", "Basic YTpi")
		}, 401, "no_credentials", "", false},
		{"a key in the query is not looked at", func(h *house) (middleware.Options, *http.Request) {
			return middleware.Options{}, get("/?key=" + h.text)
		}, 401, "no_credentials", "", false},
		{"a named header is not looked at unless named", func(h *house) (middleware.Options, *http.Request) {
			return middleware.Options{}, get("/", "X-API-Key", h.text)
		}, 401, "no_credentials", "", false},
		{"two Authorizations are refused", func(h *house) (middleware.Options, *http.Request) {
			return middleware.Options{}, get("/", "Authorization", "Bearer "+h.text, "Authorization", "Bearer "+h.text)
		}, 400, "invalid_request", `, error="invalid_request", error_description="the request carries several keys"`, false},
		{"two ways at once are refused", func(h *house) (middleware.Options, *http.Request) {
			return middleware.Options{Header: "X-API-Key"}, get("/", "Authorization", "Bearer "+h.text, "X-API-Key", h.text)
		}, 400, "invalid_request", `, error="invalid_request", error_description="the request carries several keys"`, false},
		{"garbage", func(*house) (middleware.Options, *http.Request) {
			return middleware.Options{}, get("/", "Authorization", "Bearer garbage")
		}, 401, "malformed", `, error="invalid_token", error_description="not a key: prefix"`, false},
		{"a scheme without a key", func(*house) (middleware.Options, *http.Request) {
			return middleware.Options{}, get("/", "Authorization", "Bearer")
		}, 401, "malformed", `, error="invalid_token", error_description="not a key: empty"`, false},
		{"a cut key", func(h *house) (middleware.Options, *http.Request) {
			return middleware.Options{}, get("/", "Authorization", "Bearer "+h.text[:len(h.text)-1])
		}, 401, "malformed", `, error="invalid_token", error_description="not a key: length"`, false},
		{"an unknown id is no such key", func(h *house) (middleware.Options, *http.Request) {
			delete(h.store.byID, h.key.ID)
			return middleware.Options{}, get("/", "Authorization", "Bearer "+h.text)
		}, 401, "invalid_key", `, error="invalid_token", error_description="no such key"`, false},
		{"a wrong secret is no such key", func(h *house) (middleware.Options, *http.Request) {
			h.change(func(k *issuer.Key) { k.Digest.Sum[0]++ })
			return middleware.Options{}, get("/", "Authorization", "Bearer "+h.text)
		}, 401, "invalid_key", `, error="invalid_token", error_description="no such key"`, false},
		{"a revoked key is named", func(h *house) (middleware.Options, *http.Request) {
			h.change(func(k *issuer.Key) { k.Status, k.RevokedAt = issuer.StatusRevoked, time.Unix(1_700_000_000, 0) })
			return middleware.Options{}, get("/", "Authorization", "Bearer "+h.text)
		}, 401, "revoked", `, error="invalid_token", error_description="the key was revoked at 2023-11-14T22:13:20Z"`, true},
		{"a disabled key is named", func(h *house) (middleware.Options, *http.Request) {
			h.change(func(k *issuer.Key) { k.Status = issuer.StatusDisabled })
			return middleware.Options{}, get("/", "Authorization", "Bearer "+h.text)
		}, 401, "disabled", `, error="invalid_token", error_description="the key is disabled"`, true},
		{"an expired key is named", func(h *house) (middleware.Options, *http.Request) {
			h.change(func(k *issuer.Key) { k.ExpiresAt = time.Unix(1_700_000_000, 0) })
			return middleware.Options{}, get("/", "Authorization", "Bearer "+h.text)
		}, 401, "expired", `, error="invalid_token", error_description="the key expired at 2023-11-14T22:13:20Z"`, true},
		{"a missing scope is 403 with the scopes that are needed", func(h *house) (middleware.Options, *http.Request) {
			return middleware.Options{Realm: `my "api"`, Scopes: []issuer.Scope{"orders:read", "orders:write"}}, get("/", "Authorization", "Bearer "+h.text)
		}, 403, "insufficient_scope", `, error="insufficient_scope", error_description="the key lacks the scope orders:write", scope="orders:read orders:write"`, true},
		{"a store that fails is 503, never 401", func(h *house) (middleware.Options, *http.Request) {
			h.store.fail = errors.New("disk on fire")
			return middleware.Options{}, get("/", "Authorization", "Bearer "+h.text)
		}, 503, "undecided", "-", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			options, r := tc.arrange(h)
			w := h.serve(options, r)
			p := problemOf(t, w)
			if w.Code != tc.status || p.Code != tc.code || (p.KeyID == h.key.ID) != tc.named || (p.KeyID != "") != tc.named {
				t.Errorf("status %d, %+v", w.Code, p)
			}
			realm := "keywright"
			if options.Realm != "" {
				realm = "my api"
			}
			want := `Bearer realm="` + realm + `"` + tc.challenge
			if tc.challenge == "-" {
				want = ""
			}
			if got := w.Header().Get("WWW-Authenticate"); got != want {
				t.Errorf("challenge %s\n    want %s", got, want)
			}
			if (w.Header().Get("Retry-After") != "") != (tc.status == 503) {
				t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
			}
			if secret := h.text[len("acme_")+issuer.IDLen:]; strings.Contains(w.Body.String()+fmt.Sprint(w.Header()), secret) {
				t.Error("the answer echoes the key")
			}
		})
	}
}

func TestGuardLetsAValidKeyThrough(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		options middleware.Options
		request func(key string) *http.Request
	}{
		{"as a Bearer", middleware.Options{}, func(key string) *http.Request { return get("/x?a=b", "Authorization", "bearer "+key) }},
		{"as a secret-token URI", middleware.Options{}, func(key string) *http.Request { return get("/x?a=b", "Authorization", "Bearer secret-token:"+key) }},
		{"in the named header", middleware.Options{Header: "x-api-key"}, func(key string) *http.Request { return get("/x?a=b", "X-API-Key", key) }},
		{"in the named header beside another scheme", middleware.Options{Header: "X-API-Key"}, func(key string) *http.Request {
			return get("/x?a=b", "X-API-Key", key, "Authorization", "Basic YTpi")
		}},
		{"in the query parameter, which the handler does not see", middleware.Options{QueryParam: "key"}, func(key string) *http.Request { return get("/x?a=b&key=" + key) }},
		{"with the scope that is asked for", middleware.Options{Scopes: []issuer.Scope{"orders:read"}}, func(key string) *http.Request { return get("/x?a=b", "Authorization", "Bearer "+key) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			var seen []issuer.Code
			tc.options.Observe = func(_ *http.Request, d issuer.Decision, _ error) { seen = append(seen, d.Code) }
			w := h.serve(tc.options, tc.request(h.text))
			if want := fmt.Sprintf("hello alice with %s at /x?a=b", h.key.ID); w.Code != 200 || w.Body.String() != want {
				t.Errorf("%d, %s", w.Code, w.Body)
			}
			if len(seen) != 1 || seen[0] != issuer.CodeValid {
				t.Errorf("observed %v", seen)
			}
		})
	}
}

func TestADecisionThatNobodyMadeIs503(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	middleware.Guard(noDecision{}, middleware.Options{})(http.HandlerFunc(hello)).ServeHTTP(w, get("/", "Authorization", "Bearer x"))
	if p := problemOf(t, w); w.Code != 503 || p.Code != "undecided" {
		t.Errorf("%d, %+v", w.Code, p)
	}
}

type noDecision struct{}

func (noDecision) Verify(context.Context, issuer.Plaintext, issuer.Request) issuer.Decision {
	return issuer.Decision{}
}

func TestRequireScope(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		guarded bool
		scopes  []issuer.Scope
		status  int
	}{
		{"the key has the scope", true, []issuer.Scope{"orders:read"}, 200},
		{"no scope is asked for", true, nil, 200},
		{"the key lacks one of two", true, []issuer.Scope{"orders:read", "orders:write"}, 403},
		{"without a guard nobody passes", false, nil, 401},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			handler := middleware.RequireScope(tc.scopes...)(http.HandlerFunc(hello))
			if tc.guarded {
				handler = middleware.Guard(h.verifier, middleware.Options{Realm: "r", RequestID: func(*http.Request) string { return "id-7" }})(handler)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, get("/", "Authorization", "Bearer "+h.text))
			if w.Code != tc.status {
				t.Fatalf("status %d", w.Code)
			}
			if tc.status == 403 {
				var p middleware.Problem
				if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != "insufficient_scope" || p.KeyID != h.key.ID || p.RequestID != "id-7" {
					t.Errorf("%+v, %v", p, err)
				}
				if got := w.Header().Get("WWW-Authenticate"); got != `Bearer realm="r", error="insufficient_scope", error_description="the key lacks the scope orders:write", scope="orders:read orders:write"` {
					t.Errorf("challenge %s", got)
				}
			}
		})
	}
}

func TestTheLimitOfAKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	policy, err := limit.PerWindow("default", 2, time.Minute, 1)
	if err != nil {
		t.Fatal(err)
	}
	local, err := limit.NewLocal(policy, h.verifier.Now)
	if err != nil {
		t.Fatal(err)
	}
	options := middleware.Options{Limiter: local}
	first := h.serve(options, get("/", "Authorization", "Bearer "+h.text))
	if first.Code != 200 || first.Header().Get("RateLimit-Policy") != `"default";q=2;w=60` || first.Header().Get("RateLimit") != `"default";r=0;t=30` {
		t.Errorf("first: %d, %v", first.Code, first.Header())
	}
	second := h.serve(options, get("/", "Authorization", "Bearer "+h.text))
	if p := problemOf(t, second); second.Code != 429 || p.Code != "rate_limited" || p.KeyID != h.key.ID || second.Header().Get("Retry-After") != "30" || second.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("second: %d, %v, %+v", second.Code, second.Header(), p)
	}
	h.change(func(k *issuer.Key) { k.Status = issuer.StatusRevoked })
	if third := h.serve(options, get("/", "Authorization", "Bearer "+h.text)); third.Code != 401 {
		t.Errorf("a dead key over its limit: %d", third.Code)
	}
}

type brokenLimiter struct{}

var errLimiter = errors.New("limiter on fire")

func (brokenLimiter) Allow(context.Context, issuer.KeyID, int) (limit.Result, error) {
	return limit.Result{}, errLimiter
}

func TestALimiterThatFailsIsAPolicyAndVisible(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		policy middleware.LimiterDown
		status int
	}{
		{"closed by default", "", 503},
		{"open if asked for", middleware.LimiterDownOpen, 200},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			var seen error
			w := h.serve(middleware.Options{Limiter: brokenLimiter{}, LimiterDown: tc.policy, Observe: func(_ *http.Request, _ issuer.Decision, err error) { seen = err }},
				get("/", "Authorization", "Bearer "+h.text))
			if w.Code != tc.status || !errors.Is(seen, errLimiter) || (w.Header().Get(middleware.HeaderUnlimited) != "") != (tc.status == 200) {
				t.Errorf("%d, %v, observed %v", w.Code, w.Header(), seen)
			}
		})
	}
}
