package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/api"
	"github.com/keywright/keywright/issuer/middleware"
)

// store keeps keys in memory: the reading side, and Revoke.
type store struct {
	issuer.KeyReader
	mu    sync.Mutex
	keys  map[issuer.KeyID]issuer.Key
	acts  []issuer.Act
	reads int
	fail  error
}

func (s *store) Key(ctx context.Context, id issuer.KeyID) (issuer.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	key, ok := s.keys[id]
	switch {
	case ctx.Err() != nil:
		return issuer.Key{}, ctx.Err()
	case s.fail != nil:
		return issuer.Key{}, s.fail
	case !ok:
		return issuer.Key{}, issuer.ErrNotFound
	}
	return key, nil
}

func (s *store) Revoke(_ context.Context, r issuer.Revocation, _ ...jobs.Args) (issuer.Revoked, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := s.keys[r.Key]
	already := key.Status == issuer.StatusRevoked
	if !already {
		s.acts = append(s.acts, r.Act)
		key.Status, key.RevokedSeq = issuer.StatusRevoked, issuer.Seq(len(s.acts))
		s.keys[r.Key] = key
	}
	return issuer.Revoked{Seq: key.RevokedSeq, Already: already}, s.fail
}

type house struct {
	http.Handler
	store   *store
	keyring *issuer.Keyring
	log     *bytes.Buffer
	ready   error
}

func newHouse(t *testing.T) *house {
	t.Helper()
	keyring, err := issuer.GenerateKeyring(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{store: &store{keys: map[issuer.KeyID]issuer.Key{}}, keyring: keyring, log: &bytes.Buffer{}}
	h.Handler = api.Handler(api.Deps{
		Verifier: &issuer.Verifier{Store: h.store, Keyring: keyring, Now: func() time.Time { return time.Unix(1_800_000_000, 0) }},
		Revoker:  h.store,
		Ready:    func(context.Context) error { return h.ready },
		Log:      slog.New(slog.NewJSONHandler(h.log, nil)),
	})
	return h
}

func (h *house) issue(t *testing.T) (string, issuer.Key) {
	t.Helper()
	text, id, err := issuer.Mint(rand.Reader, "acme", h.keyring)
	if err != nil {
		t.Fatal(err)
	}
	key := issuer.Key{
		ID: id, Family: "acme", Owner: "alice", Scopes: []issuer.Scope{"orders:read"}, Status: issuer.StatusActive,
		Digest: h.keyring.Digest(text), ExpiresAt: time.Unix(1_900_000_000, 0).UTC(),
	}
	h.store.keys[id] = key
	return text.Reveal(), key
}

// call sends a request; headers come in pairs. A body is JSON unless the headers say otherwise.
func (h *house) call(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func quoted(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestVerifyAnswers(t *testing.T) {
	t.Parallel()
	named := `,"key_id":"%s","owner":"alice","family":"acme","scopes":["orders:read"],"expires_at":"2030-03-17T17:46:40Z"}`
	for _, tc := range []struct {
		name   string
		change func(h *house, key issuer.Key)
		body   string // %s is the key
		want   string // %s is the key id
	}{
		{"a live key", nil, `{"key":"%s"}`, `{"valid":true,"code":"valid","reason":"the key is live"` + named},
		{"a live key with the scope", nil, `{"key":"Bearer %s","scopes":["orders:read"]}`, `{"valid":true,"code":"valid","reason":"the key is live"` + named},
		{"a live key without the scope", nil, `{"key":"%s","scopes":["orders:write"]}`, `{"valid":false,"code":"insufficient_scope","reason":"the key lacks the scope orders:write"` + named},
		{"a disabled key", func(h *house, key issuer.Key) {
			key.Status = issuer.StatusDisabled
			h.store.keys[key.ID] = key
		}, `{"key":"%s"}`, `{"valid":false,"code":"disabled","reason":"the key is disabled"` + named},
		{"an unknown key is not told from a wrong one", func(h *house, key issuer.Key) { delete(h.store.keys, key.ID) }, `{"key":"%s"}`, `{"valid":false,"code":"invalid_key"}`},
		{"a wrong one is not told from an unknown one", func(h *house, key issuer.Key) {
			key.Digest.Sum[0]++
			h.store.keys[key.ID] = key
		}, `{"key":"%s"}`, `{"valid":false,"code":"invalid_key"}`},
		{"a cut key", nil, `{"key":"%.20s"}`, `{"valid":false,"code":"malformed","reason":"not a key: length"}`},
		{"an empty key", nil, `{"key":"%.0s"}`, `{"valid":false,"code":"malformed","reason":"not a key: empty"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			text, key := h.issue(t)
			if tc.change != nil {
				tc.change(h, key)
			}
			w := h.call(http.MethodPost, "/v1/keys/verify", fmt.Sprintf(tc.body, text))
			want := tc.want
			if strings.Contains(want, "%s") {
				want = fmt.Sprintf(want, key.ID)
			}
			if w.Code != 200 || strings.TrimSpace(w.Body.String()) != want || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%d %s\nwant %s", w.Code, w.Body, want)
			}
		})
	}
}

func TestVerifyTakesTheKeyFromTheHeaderToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, _ := h.issue(t)
	for body, want := range map[string]string{"": "valid", `{"scopes":["orders:write"]}`: "insufficient_scope"} {
		w := h.call(http.MethodPost, "/v1/keys/verify", body, "Authorization", "Bearer "+text)
		var answer struct{ Code string }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != 200 || answer.Code != want {
			t.Errorf("with the body %q: %d %s", body, w.Code, w.Body)
		}
	}
}

func TestBadRequestsGetAProblemThatEchoesNothing(t *testing.T) {
	t.Parallel()
	const mark = "acme_pasted"
	many := make([]string, api.MaxRevokeTokens+1)
	for _, tc := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code                     string
	}{
		{"no key", "POST", "/v1/keys/verify", `{}`, nil, 400, "invalid_request"},
		{"a body that is no JSON", "POST", "/v1/keys/verify", mark, nil, 400, "invalid_request"},
		{"a field that nobody knows", "POST", "/v1/keys/verify", `{"` + mark + `":1}`, nil, 400, "invalid_request"},
		{"two values", "POST", "/v1/keys/verify", `{"key":"x"}{"key":"` + mark + `"}`, nil, 400, "invalid_request"},
		{"a key that is no text", "POST", "/v1/keys/verify", `{"key":["` + mark + `"]}`, nil, 400, "invalid_request"},
		{"a scope that breaks the grammar", "POST", "/v1/keys/verify", `{"key":"x","scopes":["` + mark + ` "]}`, nil, 400, "invalid_request"},
		{"a key in header and body", "POST", "/v1/keys/verify", `{"key":"` + mark + `"}`, []string{"Authorization", "Bearer " + mark}, 400, "invalid_request"},
		{"another content type", "POST", "/v1/keys/verify", `{"key":"` + mark + `"}`, []string{"Content-Type", "text/plain"}, 415, "not_json"},
		{"a body over the cap", "POST", "/v1/keys/verify", `{"key":"` + strings.Repeat("x", api.MaxVerifyBytes) + `"}`, nil, 413, "too_large"},
		{"another method", "GET", "/v1/keys/verify", "", nil, 405, "method_not_allowed"},
		{"another path", "GET", "/" + mark, "", nil, 404, "not_found"},
		{"whoami without a key", "GET", "/v1/whoami", "", nil, 401, "no_credentials"},
		{"whoami with a bad key", "GET", "/v1/whoami", "", []string{"Authorization", "Bearer " + mark}, 401, "malformed"},
		{"nothing to revoke", "POST", "/v1/credentials/revoke", `{"credentials":[]}`, nil, 400, "invalid_request"},
		{"too many to revoke", "POST", "/v1/credentials/revoke", `{"credentials":` + quoted(t, many) + `}`, nil, 400, "invalid_request"},
		{"too much to revoke", "POST", "/v1/credentials/revoke", `{"credentials":["` + strings.Repeat("x", api.MaxRevokeBytes) + `"]}`, nil, 413, "too_large"},
		{"revoking with another method", "DELETE", "/v1/credentials/revoke", "", nil, 405, "method_not_allowed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			w := h.call(tc.method, tc.path, tc.body, tc.headers...)
			var p middleware.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != tc.status || p.Code != tc.code || p.RequestID == "" {
				t.Fatalf("%d %s, %v", w.Code, w.Body, err)
			}
			if strings.Contains(w.Body.String()+fmt.Sprint(w.Header())+h.log.String(), mark) {
				t.Errorf("the answer or the log echoes the request: %s", w.Body)
			}
			if (w.Header().Get("Allow") != "") != (tc.status == 405) || h.store.reads != 0 {
				t.Errorf("Allow %q, %d reads", w.Header().Get("Allow"), h.store.reads)
			}
		})
	}
}

func TestWhoami(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, key := h.issue(t)
	w := h.call(http.MethodGet, "/v1/whoami", "", "Authorization", "Bearer "+text)
	want := fmt.Sprintf(`{"key_id":"%s","owner":"alice","family":"acme","scopes":["orders:read"]}`, key.ID)
	if w.Code != 200 || strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestPossessionRevokesAndTheAnswerTellsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, key := h.issue(t)
	other, otherKey := h.issue(t)
	wrong := otherKey
	wrong.Digest.Sum[0]++
	h.store.keys[otherKey.ID] = wrong
	garbage := h.call(http.MethodPost, "/v1/credentials/revoke", `{"credentials":["garbage"]}`)
	if h.store.reads != 0 {
		t.Error("garbage reached the store")
	}
	w := h.call(http.MethodPost, "/v1/credentials/revoke", `{"credentials":`+quoted(t, []string{"x", other, text, " " + text + "\n", text[:30]})+`}`)
	again := h.call(http.MethodPost, "/v1/credentials/revoke", `{"credentials":`+quoted(t, []string{text})+`}`)
	if w.Code != 202 || garbage.Code != 202 || again.Code != 202 || w.Body.String() != garbage.Body.String() || w.Body.String() != again.Body.String() {
		t.Errorf("%d %s, %d %s, %d %s", w.Code, w.Body, garbage.Code, garbage.Body, again.Code, again.Body)
	}
	if h.store.keys[key.ID].Status != issuer.StatusRevoked || h.store.keys[otherKey.ID].Status != issuer.StatusActive || len(h.store.acts) != 1 {
		t.Errorf("%s and %s, %d revocations", h.store.keys[key.ID].Status, h.store.keys[otherKey.ID].Status, len(h.store.acts))
	}
	if verify := h.call(http.MethodPost, "/v1/keys/verify", "", "Authorization", "Bearer "+text); !strings.Contains(verify.Body.String(), `"code":"revoked"`) {
		t.Errorf("afterwards: %s", verify.Body)
	}
}

func TestACallerThatGoesAwayDoesNotStopARevocation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, key := h.issue(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(gone, http.MethodPost, "/v1/credentials/revoke", strings.NewReader(`{"credentials":`+quoted(t, []string{text})+`}`))
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(httptest.NewRecorder(), r)
	if got := h.store.keys[key.ID].Status; got != issuer.StatusRevoked {
		t.Errorf("the key is %s", got)
	}
}

func TestAStoreThatFailsIs503(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text, _ := h.issue(t)
	h.store.fail, h.ready = errors.New("disk on fire"), errors.New("disk on fire")
	for _, w := range []*httptest.ResponseRecorder{
		h.call(http.MethodPost, "/v1/keys/verify", "", "Authorization", "Bearer "+text),
		h.call(http.MethodPost, "/v1/credentials/revoke", `{"credentials":`+quoted(t, []string{text})+`}`),
		h.call(http.MethodGet, "/v1/whoami", "", "Authorization", "Bearer "+text),
		h.call(http.MethodGet, "/readyz", ""),
	} {
		if w.Code != 503 || w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "fire") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	if !strings.Contains(h.log.String(), "disk on fire") || strings.Contains(h.log.String(), text) {
		t.Error("the log lacks the cause, or has the key")
	}
	if w := h.call(http.MethodGet, "/healthz", ""); w.Code != 200 {
		t.Errorf("/healthz: %d", w.Code)
	}
	h.ready = nil
	if w := h.call(http.MethodGet, "/readyz", ""); w.Code != 200 {
		t.Errorf("/readyz: %d", w.Code)
	}
}
