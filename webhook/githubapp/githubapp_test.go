package githubapp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/webhook/githubapp"
	"github.com/keywright/keywright/webhook/githubtest"
)

// app is the App under test at a fake GitHub, with an empty folder for its fetches.
func app(t *testing.T, gh *githubtest.Server, edit func(*githubapp.Options)) (*githubapp.App, string) {
	t.Helper()
	key := filepath.Join(t.TempDir(), "app.pem")
	if err := os.WriteFile(key, gh.KeyPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	o := githubapp.Options{AppID: gh.AppID, KeyFile: key, APIURL: gh.APIURL(), GitURL: gh.GitURL(), TempDir: t.TempDir()}
	if edit != nil {
		edit(&o)
	}
	a, err := githubapp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return a, o.TempDir
}

func named(r *githubtest.Repository) githubapp.Repository {
	return githubapp.Repository{Installation: r.Installation, ID: r.ID, Owner: r.Owner, Name: r.Name}
}

func moved(before, after string) githubapp.Range {
	return githubapp.Range{Ref: "refs/heads/main", Before: before, After: after}
}

// git runs git in a fetched repository, where nothing may be fetched any more.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// grow makes n commits on main, each with a file of its own, and returns the branch's id before and after them.
func grow(r *githubtest.Repository, n int, label string) (before, after string) {
	changes := make([]githubtest.Change, n)
	for i := range changes {
		name := fmt.Sprintf("%s/%d", label, i)
		changes[i] = githubtest.Change{Message: name, Files: map[string][]byte{name: []byte(label + strconv.Itoa(i))}}
	}
	return r.Commits("main", changes...)
}

func TestFetchBringsTheBlobsOfAPushAndNoOthers(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.AddRepository("octo", "demo")
	grow(repo, 33, "old")
	before, after := grow(repo, 3, "new")
	a, _ := app(t, gh, nil)
	got, cleanup, err := a.Fetch(t.Context(), named(repo), moved(before, after))
	if err != nil {
		t.Fatal(err)
	}
	defer cleanup()
	if got.Before != before || got.After != after {
		t.Errorf("range = %s..%s", got.Before, got.After)
	}
	if n := git(t, got.Dir, "rev-list", "--count", after, "^"+before); n != "3" {
		t.Errorf("%s new commits, want 3", n)
	}
	for i := range 3 {
		if text := git(t, got.Dir, "cat-file", "blob", fmt.Sprintf("%s:new/%d", after, i)); text != fmt.Sprintf("new%d", i) {
			t.Errorf("new blob %d = %q", i, text)
		}
	}
	objects := git(t, got.Dir, "cat-file", "--batch-all-objects", "--batch-check")
	if n := strings.Count(objects, " blob "); n != 3 {
		t.Errorf("%d blobs were fetched, want 3:\n%s", n, objects)
	}
}

func TestFetchOfMoreCommitsThanTheFirstDepth(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.AddRepository("octo", "demo")
	grow(repo, 2, "old")
	before, after := grow(repo, 33, "new")
	a, _ := app(t, gh, nil)
	got, cleanup, err := a.Fetch(t.Context(), named(repo), moved(before, after))
	if err != nil {
		t.Fatal(err)
	}
	defer cleanup()
	if n := git(t, got.Dir, "rev-list", "--count", after, "^"+before); n != "33" {
		t.Errorf("%s new commits, want 33", n)
	}
	if text := git(t, got.Dir, "cat-file", "blob", after+":new/0"); text != "new0" {
		t.Errorf("the oldest new blob = %q", text)
	}
}

func TestFetchOfANewRefBringsAllOfIt(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.AddRepository("octo", "demo")
	before, after := grow(repo, 3, "new")
	a, _ := app(t, gh, nil)
	got, cleanup, err := a.Fetch(t.Context(), named(repo), moved(before, after))
	if err != nil {
		t.Fatal(err)
	}
	defer cleanup()
	if got.Before != "" {
		t.Errorf("before = %q, want none", got.Before)
	}
	if missing := git(t, got.Dir, "rev-list", "--objects", "--missing=print", after); strings.Contains(missing, "?") {
		t.Errorf("missing: %s", missing)
	}
}

func TestFetchAfterAForcePushThatGitHubForgot(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.AddRepository("octo", "demo")
	_, after := grow(repo, 2, "new")
	gone := strings.Repeat("12", 20)
	a, temp := app(t, gh, nil)
	got, cleanup, err := a.Fetch(t.Context(), named(repo), moved(gone, after))
	if err != nil {
		t.Fatal(err)
	}
	if got.Before != "" || len(got.Notes) != 1 {
		t.Errorf("before = %q, notes = %v", got.Before, got.Notes)
	}
	if missing := git(t, got.Dir, "rev-list", "--objects", "--missing=print", after); strings.Contains(missing, "?") {
		t.Errorf("missing: %s", missing)
	}
	cleanup()
	cleanup()
	if _, _, err := a.Fetch(t.Context(), named(repo), moved(after, gone)); !errors.Is(err, githubapp.ErrGone) {
		t.Errorf("error of an after that is gone = %v", err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestFetchOfATagBringsTheTagItself(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.AddRepository("octo", "demo")
	grow(repo, 2, "new")
	repo.Git("-c", "user.name=o", "-c", "user.email=o@github.invalid", "tag", "-a", "-m", "Release", "v1", "main")
	tag := repo.Git("rev-parse", "v1")
	a, _ := app(t, gh, nil)
	got, cleanup, err := a.Fetch(t.Context(), named(repo), githubapp.Range{Ref: "refs/tags/v1", After: tag})
	if err != nil {
		t.Fatal(err)
	}
	defer cleanup()
	if kind := git(t, got.Dir, "cat-file", "-t", "refs/tags/v1"); kind != "tag" {
		t.Errorf("refs/tags/v1 is a %s", kind)
	}
}

func TestObjectIsReadByItsID(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.AddRepository("octo", "demo")
	_, head := grow(repo, 3, "new")
	a, temp := app(t, gh, nil)
	found, err := a.Find(t.Context(), "octo", "demo")
	if err != nil || found.Installation != repo.Installation {
		t.Fatalf("Find = %+v, %v", found, err)
	}
	for _, name := range []string{head + ":new/1", head} {
		want := repo.Git("cat-file", strings.TrimSpace(repo.Git("cat-file", "-t", name)), name)
		text, err := a.Object(t.Context(), found, repo.Git("rev-parse", name))
		if err != nil || strings.TrimSpace(string(text)) != strings.TrimSpace(want) {
			t.Errorf("object %s = %q, %v; want %q", name, text, err, want)
		}
	}
	if _, err := a.Object(t.Context(), found, strings.Repeat("12", 20)); !errors.Is(err, githubapp.ErrGone) {
		t.Errorf("error of an object that is gone = %v", err)
	}
	if _, err := a.Find(t.Context(), "octo", "nothing"); !errors.Is(err, githubapp.ErrGone) {
		t.Errorf("error of a repository without us = %v", err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestFetchOverItsCapIsRefusedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.AddRepository("octo", "demo")
	noise := make([]byte, 200_000)
	_, _ = rand.Read(noise)
	before, after := repo.Commit("main", "Big", map[string][]byte{"noise": noise})
	a, temp := app(t, gh, func(o *githubapp.Options) { o.MaxFetch = 100_000 })
	if _, _, err := a.Fetch(t.Context(), named(repo), moved(before, after)); !errors.Is(err, githubapp.ErrTooLarge) {
		t.Errorf("error = %v, want ErrTooLarge", err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestCancelledFetchLeavesNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	gh := githubtest.New(t, githubtest.Options{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "git-upload-pack") {
			return false
		}
		// The server notices that the other side is gone only when it has read the whole request.
		_, _ = io.Copy(io.Discard, r.Body)
		cancel() // and do not answer until git's helper is gone too
		<-r.Context().Done()
		return true
	}})
	repo := gh.AddRepository("octo", "demo")
	before, after := grow(repo, 1, "new")
	a, temp := app(t, gh, nil)
	if _, _, err := a.Fetch(ctx, named(repo), moved(before, after)); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled", err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestTokenStaysInTheEnvironment looks where a token could have stayed: URLs, the repository's files, errors.
func TestTokenStaysInTheEnvironment(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.AddRepository("octo", "demo")
	before, after := grow(repo, 2, "new")
	a, temp := app(t, gh, nil)
	_, cleanup, err := a.Fetch(t.Context(), named(repo), moved(before, after))
	if err != nil {
		t.Fatal(err)
	}
	defer cleanup()
	for _, r := range gh.Requests() {
		if strings.Contains(r.URI, "ghs_") || strings.Contains(r.URI, "@") {
			t.Errorf("%s %s holds a credential", r.Method, r.URI)
		}
	}
	err = filepath.WalkDir(temp, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte("ghs_")) || bytes.Contains(text, []byte("Authorization")) {
			t.Errorf("%s holds a credential", filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = a.Fetch(t.Context(), named(repo), moved("", strings.Repeat("12", 20)))
	if err == nil || strings.Contains(err.Error(), "ghs_") || strings.Contains(err.Error(), "Basic") {
		t.Errorf("error = %v", err)
	}
}

func TestTokenOpensOneRepositoryAndIsAskedForAgainWhenRefused(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	repo, other := gh.AddRepository("octo", "demo"), gh.AddRepository("octo", "other")
	before, after := grow(repo, 1, "new")
	a, _ := app(t, gh, nil)
	wrong := named(repo)
	wrong.ID = other.ID // a token for the other repository does not open this one
	if _, _, err := a.Fetch(t.Context(), wrong, moved(before, after)); err == nil {
		t.Error("a token for another repository opened this one")
	}
	fetch := func() error {
		_, cleanup, err := a.Fetch(t.Context(), named(repo), moved(before, after))
		cleanup()
		return err
	}
	if err := fetch(); err != nil {
		t.Fatal(err)
	}
	gh.Revoke()
	if err := fetch(); err == nil {
		t.Error("a revoked token opened the repository")
	}
	if err := fetch(); err != nil {
		t.Errorf("after a refusal no new token was asked for: %v", err)
	}
}

func TestExpiredTokenIsRenewed(t *testing.T) {
	t.Parallel()
	// A token is renewed a minute before its end, so this one never serves twice.
	gh := githubtest.New(t, githubtest.Options{TokenLife: 30 * time.Second})
	repo := gh.AddRepository("octo", "demo")
	_, head := grow(repo, 1, "new")
	a, _ := app(t, gh, nil)
	for i := range 2 {
		if _, _, err := a.FindCheck(t.Context(), named(repo), head, "x"); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
	tokens := 0
	for _, r := range gh.Requests() {
		if strings.HasSuffix(r.URI, "/access_tokens") {
			tokens++
		}
	}
	if tokens != 2 {
		t.Errorf("%d tokens were made, want 2", tokens)
	}
}

func TestCheckRunOpensConcludesAndStaysOne(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.AddRepository("octo", "demo")
	_, head := grow(repo, 1, "new")
	a, _ := app(t, gh, nil)
	check := githubapp.Check{Head: head, ExternalID: "delivery-1", Title: "Scanning", Summary: "…"}
	first, err := a.PutCheck(t.Context(), named(repo), check)
	if err != nil {
		t.Fatal(err)
	}
	check.Conclusion, check.Title = githubapp.Failure, "2 keys"
	for range 2 {
		again, err := a.PutCheck(t.Context(), named(repo), check)
		if err != nil || again != first {
			t.Fatalf("PutCheck = %d, %v; want %d", again, err, first)
		}
	}
	all := gh.CheckRuns()
	if len(all) != 1 || all[0].Status != "completed" || all[0].Conclusion != "failure" || all[0].Title != "2 keys" || all[0].Updates != 1 {
		t.Errorf("check runs = %+v", all)
	}
}

func TestCheckRunWithManyAnnotationsAndALongSummary(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	repo := gh.AddRepository("octo", "demo")
	_, head := grow(repo, 1, "new")
	a, _ := app(t, gh, nil)
	check := githubapp.Check{Head: head, ExternalID: "x", Conclusion: githubapp.Failure, Title: "t", Summary: strings.Repeat("ä", 40_000)}
	for i := range 120 {
		check.Annotations = append(check.Annotations, githubapp.Annotation{Path: "a", Start: i, End: i - 1, Message: "here"})
	}
	if _, err := a.PutCheck(t.Context(), named(repo), check); err != nil {
		t.Fatal(err)
	}
	if all := gh.CheckRuns(); len(all) != 1 || len(all[0].Annotations) != 120 || !strings.HasSuffix(all[0].Summary, "(cut)") {
		t.Errorf("%d check runs", len(all))
	}
}

func TestRedirectToAnotherHostIsNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := githubtest.New(t, githubtest.Options{})
	gh := githubtest.New(t, githubtest.Options{Intercept: func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/access_tokens") {
			return false
		}
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
		return true
	}})
	repo := gh.AddRepository("octo", "demo")
	before, after := grow(repo, 1, "new")
	a, _ := app(t, gh, nil)
	if _, _, err := a.FindCheck(t.Context(), named(repo), after, "x"); err == nil {
		t.Error("an API request was redirected")
	}
	if _, _, err := a.Fetch(t.Context(), named(repo), moved(before, after)); err == nil {
		t.Error("a fetch was redirected")
	}
	if got := elsewhere.Requests(); len(got) != 0 {
		t.Errorf("the other host was asked: %v", got)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	good := filepath.Join(t.TempDir(), "app.pem")
	bad := filepath.Join(t.TempDir(), "bad.pem")
	for file, text := range map[string][]byte{good: gh.KeyPEM(), bad: []byte("canary")} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cases := []struct {
		name string
		edit func(*githubapp.Options)
	}{
		{"an App without an id", func(o *githubapp.Options) { o.AppID = 0 }},
		{"a file that holds no key", func(o *githubapp.Options) { o.KeyFile = bad }},
		{"plain http to another machine", func(o *githubapp.Options) { o.APIURL = "http://github.invalid/" }},
		{"a URL with a password", func(o *githubapp.Options) { o.GitURL = "https://u:p@github.invalid/" }},
		{"a URL that is none", func(o *githubapp.Options) { o.GitURL = "github.invalid" }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := githubapp.Options{AppID: 1, KeyFile: good}
			c.edit(&o)
			if _, err := githubapp.New(o); !errors.Is(err, githubapp.ErrOptions) || strings.Contains(err.Error(), "canary") {
				t.Errorf("error = %v, want ErrOptions", err)
			}
		})
	}
}
