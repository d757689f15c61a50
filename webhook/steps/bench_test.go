package steps_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/queue"
	"github.com/keywright/keywright/internal/respond"
	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/internal/store/sqlite"
	"github.com/keywright/keywright/internal/verify"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/webhook"
	"github.com/keywright/keywright/webhook/githubapp"
	"github.com/keywright/keywright/webhook/githubtest"
	"github.com/keywright/keywright/webhook/steps"
)

// bench is the whole App on a SQLite store at a fake GitHub: the door, and steps that a test calls itself or lets
// a queue call.
type bench struct {
	gh     *githubtest.Server
	repo   *githubtest.Repository
	store  *sqlite.Store
	issuer *issuer.Issuer
	steps  *steps.Steps
	door   string
	told   *notices
}

func newBench(t *testing.T, o githubtest.Options) *bench {
	t.Helper()
	insert, err := queue.InsertSQLite()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{gh: githubtest.New(t, o), told: &notices{}}
	b.repo = b.gh.AddRepository("octo", "demo")
	b.store, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "keywright.db"), sqlite.Options{Create: true, Insert: insert})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.store.Close() })
	if err := queue.MigrateSQLite(t.Context(), b.store.Writer()); err != nil {
		t.Fatal(err)
	}
	keyring, err := issuer.GenerateKeyring(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b.issuer = &issuer.Issuer{Store: b.store, Keyring: keyring, Now: time.Now, Rand: rand.Reader}
	if _, err := b.issuer.CreateFamily(t.Context(), "acme_live", []issuer.Scope{"orders:read"}, issuer.Act{Actor: "test", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	b.steps = b.makeSteps(t, keyring)
	b.door = b.openDoor(t)
	return b
}

func (b *bench) makeSteps(t *testing.T, keyring *issuer.Keyring) *steps.Steps {
	t.Helper()
	key := filepath.Join(t.TempDir(), "app.pem")
	if err := os.WriteFile(key, b.gh.KeyPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	app, err := githubapp.New(githubapp.Options{AppID: b.gh.AppID, KeyFile: key, APIURL: b.gh.APIURL(), GitURL: b.gh.GitURL(), TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	set, err := patterns.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &steps.Steps{
		Deliveries: b.store, Incidents: b.store, Keys: b.store, GitHub: app, Patterns: set, Scanner: s, Notifier: b.told,
		Issued: verify.Issued{Keys: &issuer.Verifier{Store: b.store, Keyring: keyring, Now: time.Now}, Now: time.Now},
		Policy: respond.Policy{Revoke: true}, TempDir: t.TempDir(), Now: time.Now, Rand: rand.Reader,
	}
}

func (b *bench) openDoor(t *testing.T) string {
	t.Helper()
	handler, err := webhook.Handler(webhook.Options{Secrets: [][]byte{b.gh.WebhookSecret}, Inbox: b.store})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// issue makes a key.
func (b *bench) issue(t *testing.T) (secret.Text, issuer.KeyID) {
	t.Helper()
	plain, key, err := b.issuer.Issue(t.Context(), issuer.IssueRequest{
		Family: "acme_live", Owner: "billing", Scopes: []issuer.Scope{"orders:read"}, Act: issuer.Act{Actor: "test", At: time.Now()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return plain, key.ID
}

// push delivers a push and returns the id of the delivery.
func (b *bench) push(t *testing.T, p githubtest.Push) webhook.DeliveryID {
	t.Helper()
	d := b.repo.Push(b.door, p)
	if d.Status != http.StatusAccepted {
		t.Fatalf("the door answered %d", d.Status)
	}
	return webhook.DeliveryID(d.GUID)
}

func (b *bench) status(t *testing.T, id issuer.KeyID) issuer.Status {
	t.Helper()
	key, err := b.store.Key(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return key.Status
}

// jobs are the queued jobs, "kind {arguments}", oldest first.
func (b *bench) jobs(t *testing.T) []string {
	t.Helper()
	rows, err := b.store.Writer().QueryContext(t.Context(), "SELECT kind FROM river_job ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var kind string
		if err := rows.Scan(&kind); err != nil {
			t.Fatal(err)
		}
		all = append(all, kind)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// work lets a queue call the steps until the test ends. What it returns gets the id of each delivery whose check
// was concluded.
func (b *bench) work(t *testing.T) <-chan string {
	t.Helper()
	concluded := make(chan string, 100)
	q, err := queue.NewSQLite(b.store.Writer(), queue.Steps{
		ScanPush: b.steps.ScanPush, VerifyIncident: b.steps.VerifyIncident, RevokeKey: b.steps.RevokeKey,
		NotifyOwner: b.steps.NotifyOwner,
		ConcludeCheck: func(ctx context.Context, args jobs.ConcludeCheck) error {
			err := b.steps.ConcludeCheck(ctx, args)
			if err == nil {
				concluded <- args.DeliveryID
			}
			return err
		},
	}, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Stop(context.Background()); err != nil { //nolint:usetesting // the test's context ended
			t.Error(err)
		}
	})
	return concluded
}

// notices is a Notifier that keeps.
type notices struct {
	mu   sync.Mutex
	ids  []string
	fail error
}

func (n *notices) Notify(_ context.Context, id string, _ incident.Incident) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fail == nil {
		n.ids = append(n.ids, id)
	}
	return n.fail
}

func (n *notices) sent() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.ids)
}
