package webhook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/webhook"
)

var (
	now       = time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)
	secretNow = []byte("the secret of these tests, now")
	secretOld = []byte("the secret of these tests, before")
)

const (
	zero  = "0000000000000000000000000000000000000000"
	idOne = "1111111111111111111111111111111111111111"
)

func pushBody(before, after string) []byte {
	return []byte(fmt.Sprintf(`{"ref":"refs/heads/main","before":%q,"after":%q,"repository":{"id":7,"full_name":"octo/demo"},"installation":{"id":9}}`, before, after))
}

const pingBody = `{"zen":"Keep it logically awesome.","hook_id":3,"hook":{"type":"App"}}`

// memory is an Inbox that keeps the promise of the port.
type memory struct {
	mu   sync.Mutex
	kept []webhook.Delivery
	next []jobs.Args
	fail error
}

func (m *memory) Accept(_ context.Context, d webhook.Delivery, next ...jobs.Args) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return false, m.fail
	}
	for _, old := range m.kept {
		if old.ID == d.ID || old.BodySHA256 == d.BodySHA256 {
			return false, nil
		}
	}
	m.kept, m.next = append(m.kept, d), append(m.next, next...)
	return true, nil
}

func request(body []byte, edit func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/webhook", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", "push")
	r.Header.Set("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
	r.Header.Set(webhook.SignatureHeader, webhook.Sign(secretNow, body))
	if edit != nil {
		edit(r)
	}
	return r
}

func open(t *testing.T, inbox webhook.Inbox, edit func(*webhook.Options)) http.Handler {
	t.Helper()
	o := webhook.Options{Secrets: [][]byte{secretNow}, Inbox: inbox, Now: func() time.Time { return now }}
	if edit != nil {
		edit(&o)
	}
	h, err := webhook.Handler(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestSignMatchesGitHubsVector(t *testing.T) {
	t.Parallel()
	const want = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	if got := webhook.Sign([]byte("It's a Secret to Everybody"), []byte("Hello, World!")); got != want {
		t.Errorf("Sign = %s, want %s", got, want)
	}
}

func TestHandlerRefusesToBeMade(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		edit func(*webhook.Options)
		want error
	}{
		{"without a secret", func(o *webhook.Options) { o.Secrets = nil }, webhook.ErrNoSecret},
		{"with an empty secret", func(o *webhook.Options) { o.Secrets = [][]byte{secretNow, {}} }, webhook.ErrNoSecret},
		{"with a secret that can be guessed", func(o *webhook.Options) { o.Secrets = [][]byte{[]byte("short")} }, webhook.ErrOptions},
		{"with three secrets", func(o *webhook.Options) { o.Secrets = [][]byte{secretNow, secretOld, secretNow} }, webhook.ErrOptions},
		{"without an inbox", func(o *webhook.Options) { o.Inbox = nil }, webhook.ErrOptions},
		{"with a cap over GitHub's", func(o *webhook.Options) { o.MaxBody = webhook.MaxBody + 1 }, webhook.ErrOptions},
		{"with an event that no body can confirm", func(o *webhook.Options) { o.Events = []webhook.Event{"watch"} }, webhook.ErrOptions},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := webhook.Options{Secrets: [][]byte{secretNow}, Inbox: &memory{}}
			c.edit(&o)
			if h, err := webhook.Handler(o); !errors.Is(err, c.want) || h != nil {
				t.Errorf("Handler = %v, %v; want no handler and %v", h, err, c.want)
			}
		})
	}
}

func TestDoor(t *testing.T) {
	t.Parallel()
	good := pushBody(zero, idOne)
	cases := []struct {
		name  string
		body  []byte
		edit  func(*http.Request)
		want  int
		keeps bool
	}{
		{name: "a signed push is kept", body: good, want: 202, keeps: true},
		{name: "the secret of before still opens during a rotation", body: good, want: 202, keeps: true, edit: func(r *http.Request) {
			r.Header.Set(webhook.SignatureHeader, webhook.Sign(secretOld, good))
		}},
		{name: "a charset parameter does not matter", body: good, want: 202, keeps: true, edit: func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json; charset=utf-8")
		}},
		{name: "GET is refused", body: good, want: 405, edit: func(r *http.Request) { r.Method = http.MethodGet }},
		{name: "a form is refused", body: good, want: 415, edit: func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}},
		{name: "a missing content type is refused", body: good, want: 415, edit: func(r *http.Request) { r.Header.Del("Content-Type") }},
		{name: "a compressed body is refused unopened", body: good, want: 415, edit: func(r *http.Request) {
			r.Header.Set("Content-Encoding", "gzip")
		}},
		{name: "a missing signature is refused", body: good, want: 401, edit: func(r *http.Request) { r.Header.Del(webhook.SignatureHeader) }},
		{name: "a signature of another secret is refused", body: good, want: 401, edit: func(r *http.Request) {
			r.Header.Set(webhook.SignatureHeader, webhook.Sign([]byte("not the secret of these tests"), good))
		}},
		{name: "a signature of another body is refused", body: good, want: 401, edit: func(r *http.Request) {
			r.Header.Set(webhook.SignatureHeader, webhook.Sign(secretNow, pushBody(idOne, zero)))
		}},
		{name: "a SHA-1 signature alone is refused", body: good, want: 401, edit: func(r *http.Request) {
			h := hmac.New(sha1.New, secretNow)
			h.Write(good)
			r.Header.Del(webhook.SignatureHeader)
			r.Header.Set("X-Hub-Signature", "sha1="+hex.EncodeToString(h.Sum(nil)))
		}},
		{name: "an empty signature is refused", body: good, want: 401, edit: func(r *http.Request) { r.Header.Set(webhook.SignatureHeader, "sha256=") }},
		{name: "two signatures are refused", body: good, want: 401, edit: func(r *http.Request) {
			r.Header.Add(webhook.SignatureHeader, webhook.Sign(secretNow, good))
		}},
		{name: "a declared length over the cap is refused unread", body: append(bytes.Repeat([]byte(" "), 5000), good...), want: 413},
		{name: "a body that grows over the cap is refused", body: append(bytes.Repeat([]byte(" "), 5000), good...), want: 413, edit: func(r *http.Request) {
			r.ContentLength = -1
		}},
		{name: "a delivery id with a line break is refused", body: good, want: 400, edit: func(r *http.Request) {
			r.Header["X-Github-Delivery"] = []string{"a\nb"}
		}},
		{name: "a missing delivery id is refused", body: good, want: 400, edit: func(r *http.Request) { r.Header.Del("X-GitHub-Delivery") }},
		{name: "a ping is answered and not kept", body: []byte(pingBody), want: 204, edit: func(r *http.Request) { r.Header.Set("X-GitHub-Event", "ping") }},
		{name: "an event outside the list is answered and not kept", body: []byte(`{"action":"started"}`), want: 204, edit: func(r *http.Request) {
			r.Header.Set("X-GitHub-Event", "watch")
		}},
		{name: "a push under the name ping is refused", body: good, want: 400, edit: func(r *http.Request) { r.Header.Set("X-GitHub-Event", "ping") }},
		{name: "a ping under the name push is refused", body: []byte(pingBody), want: 400},
		{name: "signed text that is no JSON is refused", body: []byte("Hello, World!"), want: 400},
		{name: "an empty signed body is refused", body: nil, want: 400},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inbox := &memory{}
			h := open(t, inbox, func(o *webhook.Options) {
				o.Secrets, o.MaxBody = [][]byte{secretNow, secretOld}, 4096
			})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, request(c.body, c.edit))
			if w.Code != c.want {
				t.Errorf("status = %d, want %d: %s", w.Code, c.want, w.Body)
			}
			if kept := len(inbox.kept) == 1; kept != c.keeps {
				t.Errorf("kept = %v, want %v", kept, c.keeps)
			}
		})
	}
}

func TestAcceptedDeliveryIsWhatWasSentButForItsContent(t *testing.T) {
	t.Parallel()
	inbox, body := &memory{}, pushBody(zero, idOne)
	body = append(bytes.TrimSuffix(body, []byte("}")), `,"commits":[{"message":"the key is swordfish","added":["swordfish"]}]}`...)
	open(t, inbox, nil).ServeHTTP(httptest.NewRecorder(), request(body, nil))
	if len(inbox.kept) != 1 || len(inbox.next) != 1 {
		t.Fatalf("kept %d deliveries and %d jobs, want one each", len(inbox.kept), len(inbox.next))
	}
	d := inbox.kept[0]
	if d.Event != webhook.EventPush || d.BodySHA256 != sha256.Sum256(body) || !d.ReceivedAt.Equal(now) {
		t.Errorf("delivery = %s %x at %s", d.Event, d.BodySHA256, d.ReceivedAt)
	}
	sent, sentErr := webhook.ParsePush(body)
	kept, keptErr := webhook.ParsePush(d.Body)
	if sentErr != nil || keptErr != nil || kept != sent {
		t.Errorf("kept %+v of %+v, %v, %v", kept, sent, keptErr, sentErr)
	}
	if bytes.Contains(d.Body, []byte("swordfish")) {
		t.Errorf("what the commits hold is kept: %s", d.Body)
	}
	if want := (jobs.ScanPush{DeliveryID: string(d.ID)}); inbox.next[0] != want {
		t.Errorf("job = %v, want %v", inbox.next[0], want)
	}
}

func TestDuplicateDeliveriesAreAcceptedAndKeptOnce(t *testing.T) {
	t.Parallel()
	inbox, body := &memory{}, pushBody(zero, idOne)
	h := open(t, inbox, nil)
	for _, id := range []string{"one", "one", "two"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request(body, func(r *http.Request) { r.Header.Set("X-GitHub-Delivery", id) }))
		if w.Code != http.StatusAccepted {
			t.Errorf("delivery %s: status %d, want 202", id, w.Code)
		}
	}
	if len(inbox.kept) != 1 || len(inbox.next) != 1 {
		t.Errorf("kept %d deliveries and %d jobs, want one each", len(inbox.kept), len(inbox.next))
	}
}

func TestInboxErrorIs503AndSaysNothingOfItself(t *testing.T) {
	t.Parallel()
	h := open(t, &memory{fail: errors.New("disk on fire at /var/lib")}, nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request(pushBody(zero, idOne), nil))
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "fire") {
		t.Errorf("answer = %d %q, want 503 without the cause", w.Code, w.Body)
	}
}

func FuzzDoorNeverPanicsNorKeepsUnsigned(f *testing.F) {
	f.Add([]byte(`{}`), "sha256=00", "push", "id", false)
	f.Add(pushBody(zero, idOne), "", "push", "id", true)
	f.Add([]byte(pingBody), "", "ping", "id", true)
	f.Fuzz(func(t *testing.T, body []byte, signature, event, id string, sign bool) {
		inbox := &memory{}
		h, err := webhook.Handler(webhook.Options{Secrets: [][]byte{secretNow}, Inbox: inbox, MaxBody: 4096})
		if err != nil {
			t.Fatal(err)
		}
		r := request(body, func(r *http.Request) {
			r.Header["X-Github-Event"], r.Header["X-Github-Delivery"] = []string{event}, []string{id}
			if !sign {
				r.Header[webhook.SignatureHeader] = []string{signature}
			}
		})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		signed := sign || signature == webhook.Sign(secretNow, body)
		if len(inbox.kept) > 0 && !signed {
			t.Error("an unsigned body was kept")
		}
		if (w.Code == http.StatusAccepted) != (len(inbox.kept) == 1) {
			t.Errorf("status %d with %d kept", w.Code, len(inbox.kept))
		}
	})
}
