package githubtest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxCommits is how many commits a push payload lists at most (docs.github.com, "Webhook events and payloads",
// push, read 2026-11-23).
const maxCommits = 2048

// Push is a ref that moved, as before and after of [Repository.Commit].
type Push struct {
	Ref    string // full name
	Before string
	After  string
	GUID   string // of the delivery; empty means a new one
}

// PushBody is the payload of a push, made from the real repository.
func (r *Repository) PushBody(p Push) []byte {
	r.server.t.Helper()
	created, deleted := zero(p.Before), zero(p.After)
	commits := []any{}
	var head any
	if !deleted {
		commits = r.commits(p)
		head = r.commit(p.After)
	}
	repository := fill(r.server.contract.schema("webhook-push").Properties["repository"].Value, map[string]any{
		"id": r.ID, "name": r.Name, "full_name": r.FullName(), "default_branch": "main",
		"owner":     map[string]any{"login": r.Owner, "name": r.Owner, "email": nil, "id": r.Installation},
		"clone_url": r.server.GitURL() + r.FullName() + ".git",
	})
	body, err := json.Marshal(fill(r.server.contract.schema("webhook-push"), map[string]any{
		"ref": p.Ref, "before": p.Before, "after": p.After, "created": created, "deleted": deleted, "forced": false,
		"base_ref": nil, "compare": r.server.GitURL() + r.FullName() + "/compare", "commits": commits, "head_commit": head,
		"repository":   repository,
		"pusher":       map[string]any{"name": "octocat", "email": "octo@github.invalid"},
		"installation": map[string]any{"id": r.Installation, "node_id": "fake"},
	}))
	if err != nil {
		r.server.t.Fatalf("make a push payload: %v", err)
	}
	return body
}

func (r *Repository) commits(p Push) []any {
	args := []string{"rev-list", "--reverse", p.After}
	if !zero(p.Before) {
		args = append(args, "^"+p.Before)
	}
	ids := strings.Fields(r.Git(args...))
	if len(ids) > maxCommits {
		ids = ids[len(ids)-maxCommits:]
	}
	commits := make([]any, 0, len(ids))
	for _, id := range ids {
		commits = append(commits, r.commit(id))
	}
	return commits
}

func (r *Repository) commit(id string) map[string]any {
	fields := strings.SplitN(r.Git("log", "-1", "--format=%T%x00%aI%x00%an%x00%ae%x00%B", id), "\x00", 5)
	person := map[string]any{"name": fields[2], "email": fields[3], "date": fields[1]}
	return map[string]any{
		"id": id, "tree_id": fields[0], "distinct": true, "message": strings.TrimSpace(fields[4]), "timestamp": fields[1],
		"url": r.server.GitURL() + r.FullName() + "/commit/" + id, "author": person, "committer": person,
		"added": []string{}, "modified": []string{}, "removed": []string{},
	}
}

func zero(id string) bool { return strings.Trim(id, "0") == "" }

// Push sends a signed push delivery to the App's door at url and returns what was answered.
func (r *Repository) Push(url string, p Push) Delivery {
	r.server.t.Helper()
	d := Delivery{GUID: p.GUID, Event: "push", Body: r.PushBody(p), URL: url}
	if d.GUID == "" {
		d.GUID = guid()
	}
	return r.server.send(d)
}

// Ping sends the delivery that GitHub sends when a hook is made.
func (s *Server) Ping(url string) Delivery {
	s.t.Helper()
	body, err := json.Marshal(fill(s.contract.schema("webhook-ping"), map[string]any{
		"zen": "Keep it logically awesome.", "hook_id": 1,
		"hook": map[string]any{"type": "App", "name": "web", "active": true, "events": []string{"push"}},
	}))
	if err != nil {
		s.t.Fatalf("make a ping payload: %v", err)
	}
	return s.send(Delivery{GUID: guid(), Event: "ping", Body: body, URL: url})
}

// sendTimeout is how long GitHub waits for an answer (docs.github.com, "Best practices for using webhooks",
// read 2026-11-23).
const sendTimeout = 10 * time.Second

// send delivers once, as GitHub does, and records the attempt.
func (s *Server) send(d Delivery) Delivery {
	ctx, cancel := context.WithTimeout(context.Background(), sendTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		s.t.Errorf("deliver %s: %v", d.GUID, err)
		return d
	}
	r.Header = s.headers(d)
	s.checkDelivery(ctx, d, r.Header)
	// A connection of its own: the App's server can then be shut down without waiting for an idle one.
	r.Close = true
	if response, err := http.DefaultClient.Do(r); err == nil {
		d.Status = response.StatusCode
		_ = response.Body.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.ID, d.At = s.nextID(), s.Now()
	s.deliveries = append(s.deliveries, d)
	return d
}

func (s *Server) headers(d Delivery) http.Header {
	mac := hmac.New(sha256.New, s.WebhookSecret)
	_, _ = mac.Write(d.Body) // a hash never fails
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "GitHub-Hookshot/fake")
	header.Set("X-GitHub-Event", d.Event)
	header.Set("X-GitHub-Delivery", d.GUID)
	header.Set("X-GitHub-Hook-ID", "1")
	header.Set("X-GitHub-Hook-Installation-Target-ID", strconv.FormatInt(s.AppID, 10))
	header.Set("X-GitHub-Hook-Installation-Target-Type", "integration")
	header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	return header
}

// checkDelivery holds a delivery against GitHub's own description of the event.
func (s *Server) checkDelivery(ctx context.Context, d Delivery, header http.Header) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/webhooks/"+d.Event, bytes.NewReader(d.Body))
	if err != nil {
		s.t.Errorf("check delivery %s: %v", d.GUID, err)
		return
	}
	r.Header = header.Clone()
	if _, _, err := s.contract.request(ctx, r, d.Body); err != nil {
		s.t.Errorf("delivery of %s is not GitHub's: %v", d.Event, err)
	}
}

// guid is a random UUID, version 4.
func guid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Redeliver sends a delivery again, with its id and body.
func (s *Server) Redeliver(d Delivery) Delivery {
	d.Body, d.Again = slices.Clone(d.Body), true
	return s.send(d)
}
