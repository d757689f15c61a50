package app_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/cmd/keywright/app"
	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/webhook/githubtest"
)

// address takes the address that the verb says on stderr.
type address chan string

func (a address) Write(p []byte) (int, error) {
	if url, ok := strings.CutPrefix(string(p), "the App takes deliveries at "); ok {
		a <- strings.TrimSpace(url)
	}
	return len(p), nil
}

// TestAPushedKeyDies runs the verb as an administrator does, against a fake GitHub with a real git server.
func TestAPushedKeyDies(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	getenv := func(name string) string { return map[string]string{"HOME": dir}[name] }
	paths, err := config.PathsFrom(getenv)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := config.Init(t.Context(), paths, rand.Reader, time.Now); err != nil {
		t.Fatal(err)
	}
	plain, id := issue(t, paths)

	told := make(chan string, 10)
	chat := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		told <- string(text)
	}))
	t.Cleanup(chat.Close)
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.AddRepository("octo", "demo")
	file := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}

	said := make(address, 1)
	streams := &cmdio.IO{In: strings.NewReader(""), Out: io.Discard, Err: said, Getenv: getenv, Now: time.Now, Actor: "test"}
	cmd := app.NewCmd(streams, cmdio.SystemOpeners(streams))
	cmd.SetArgs([]string{
		"run", "--addr", "127.0.0.1:0", "--revoke", "--app-id", strconv.FormatInt(gh.AppID, 10), "--api-url", gh.APIURL(), "--git-url", gh.GitURL(),
		"--key-file", file("app.pem", gh.KeyPEM()), "--secret-file", file("secret", append(gh.WebhookSecret, '\n')), "--chat-url-file", file("chat", []byte(chat.URL)),
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	var door string
	select {
	case door = <-said:
	case err := <-ended:
		t.Fatalf("ended with %v", err)
	}
	before, after := repo.Commit("main", "Configure", map[string][]byte{"config.env": []byte("ORDERS_KEY=" + plain + "\n")})
	if d := repo.Push(door, githubtest.Push{Ref: "refs/heads/main", Before: before, After: after}); d.Status != http.StatusAccepted {
		t.Fatalf("the door answered %d", d.Status)
	}
	notice := <-told
	stop()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	if !strings.Contains(notice, "billing") || !strings.Contains(notice, "config.env:1") || strings.Contains(notice, plain) {
		t.Errorf("the notice is %s", notice)
	}
	ws, err := config.Open(t.Context(), paths, config.Mode{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ws.Close() }()
	if k, err := ws.Keys.Key(t.Context(), id); err != nil || k.Status != issuer.StatusRevoked {
		t.Errorf("the key is %s, %v", k.Status, err)
	}
}

func issue(t *testing.T, paths config.Paths) (string, issuer.KeyID) {
	t.Helper()
	ws, err := config.Open(t.Context(), paths, config.Mode{})
	if err != nil {
		t.Fatal(err)
	}
	act := issuer.Act{Actor: "test", At: time.Now()}
	if _, err := ws.Issuer(rand.Reader).CreateFamily(t.Context(), "acme_live", nil, act); err != nil {
		t.Fatal(err)
	}
	plain, k, err := ws.Issuer(rand.Reader).Issue(t.Context(), issuer.IssueRequest{Family: "acme_live", Owner: "billing", Act: act})
	if err != nil {
		t.Fatal(err)
	}
	if err := ws.Close(); err != nil {
		t.Fatal(err)
	}
	return plain.Reveal(), k.ID
}
