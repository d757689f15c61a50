package githubtest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/keywright/keywright/webhook/githubtest"
)

// door is an App's door that keeps what it got.
func door(t *testing.T, status int) (url string, got chan *http.Request) {
	t.Helper()
	got = make(chan *http.Request, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
		got <- r
	}))
	t.Cleanup(server.Close)
	return server.URL, got
}

func TestDeliveriesAreGitHubsAndSigned(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.AddRepository("octo", "demo")
	url, got := door(t, http.StatusAccepted)
	start, first := repo.Commit("main", "Begin", map[string][]byte{"a/b.txt": []byte("one\n")})
	before, after := repo.Commit("main", "Go on", map[string][]byte{"a/b.txt": nil, "c": []byte("two\n")})
	pushes := []githubtest.Push{
		{Ref: "refs/heads/main", Before: start, After: first},
		{Ref: "refs/heads/main", Before: before, After: after},
		{Ref: "refs/heads/main", Before: after, After: start},
	}
	for _, p := range pushes {
		// Each delivery is checked against GitHub's description on its way; a difference fails this test.
		if d := repo.Push(url, p); d.Status != http.StatusAccepted {
			t.Errorf("answer = %d, want 202", d.Status)
		}
		if r := <-got; !strings.HasPrefix(r.Header.Get("X-Hub-Signature-256"), "sha256=") {
			t.Errorf("signature = %q", r.Header.Get("X-Hub-Signature-256"))
		}
	}
	if d := gh.Ping(url); d.Status != http.StatusAccepted {
		t.Errorf("answer to the ping = %d", d.Status)
	}
}

func TestRedeliveryKeepsItsID(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.AddRepository("octo", "demo")
	url, got := door(t, http.StatusServiceUnavailable)
	before, after := repo.Commit("main", "Begin", map[string][]byte{"f": []byte("1")})
	first := repo.Push(url, githubtest.Push{Ref: "refs/heads/main", Before: before, After: after})
	again := gh.Redeliver(first)
	one, two := <-got, <-got
	if id := one.Header.Get("X-GitHub-Delivery"); id == "" || id != two.Header.Get("X-GitHub-Delivery") {
		t.Errorf("ids = %q and %q", id, two.Header.Get("X-GitHub-Delivery"))
	}
	if !again.Again || again.ID == first.ID {
		t.Errorf("second attempt = %+v", again)
	}
	if all := gh.Deliveries(); len(all) != 2 || all[0].Status != http.StatusServiceUnavailable {
		t.Errorf("deliveries = %d", len(all))
	}
}

func TestCommitBuildsOnTheBranch(t *testing.T) {
	t.Parallel()
	repo := githubtest.New(t, githubtest.Options{}).AddRepository("octo", "demo")
	before, first := repo.Commit("main", "Begin", map[string][]byte{"keep": []byte("1"), "drop": []byte("2")})
	if strings.Trim(before, "0") != "" || len(before) != len(first) {
		t.Errorf("before = %q, want zeros", before)
	}
	before, second := repo.Commit("main", "Go on", map[string][]byte{"drop": nil, "new": []byte("3")})
	if before != first {
		t.Errorf("before = %s, want %s", before, first)
	}
	files := strings.Fields(repo.Git("ls-tree", "-r", "--name-only", second))
	if !slices.Equal(files, []string{"keep", "new"}) {
		t.Errorf("files = %v", files)
	}
}

func TestNobodyIsServedWithoutAToken(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	gh.AddRepository("octo", "demo")
	for _, path := range []string{"octo/demo.git/info/refs?service=git-upload-pack", "api/v3/app", "api/v3/app/hook/deliveries"} {
		response, err := http.Get(gh.GitURL() + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: status %d, want 401", path, response.StatusCode)
		}
	}
}
