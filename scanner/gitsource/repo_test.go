package gitsource_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
)

// repo is a real repository in a temporary folder, made by a git that sees no configuration of this machine.
type repo struct {
	t   *testing.T
	dir string
	// clock is the date of the next commit, one minute after the last.
	clock int
}

func newRepo(t *testing.T, args ...string) *repo {
	t.Helper()
	r := &repo{t: t, dir: t.TempDir()}
	r.git(append([]string{"init", "-q", "-b", "main", "--template="}, args...)...)
	return r
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	out, err := r.try("", args...)
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

func (r *repo) try(stdin string, args ...string) (string, error) {
	r.t.Helper()
	r.clock++
	date := strconv.Itoa(1700000000+60*r.clock) + " +0000"
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = r.dir, strings.NewReader(stdin)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "LC_ALL=C",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=Grace", "GIT_COMMITTER_EMAIL=grace@example.org", "GIT_COMMITTER_DATE=" + date,
		"GIT_CONFIG_COUNT=4", "GIT_CONFIG_KEY_0=protocol.file.allow", "GIT_CONFIG_VALUE_0=always",
		"GIT_CONFIG_KEY_1=safe.directory", "GIT_CONFIG_VALUE_1=*",
		"GIT_CONFIG_KEY_2=maintenance.auto", "GIT_CONFIG_VALUE_2=false", // one process less for each commit
		"GIT_CONFIG_KEY_3=core.fsync", "GIT_CONFIG_VALUE_3=none",
	}
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	if err != nil {
		return out.String() + stderr.String(), err
	}
	return out.String(), nil
}

func (r *repo) path(name string) string { return filepath.Join(r.dir, name) }

func (r *repo) write(name, content string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(r.path(name)), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(r.path(name), []byte(content), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// commit writes a file, commits everything, and returns the commit's id.
func (r *repo) commit(name, content string) string {
	r.t.Helper()
	r.write(name, content)
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "change "+name)
	return r.git("rev-parse", "HEAD")
}

// hash stores content as a blob that nothing reaches, and returns its id.
func (r *repo) hash(content string) string {
	r.t.Helper()
	out, err := r.try(content, "hash-object", "-w", "--stdin")
	if err != nil {
		r.t.Fatal(out)
	}
	return strings.TrimSpace(out)
}

func (r *repo) clone(args ...string) *repo {
	r.t.Helper()
	dir := filepath.Join(r.t.TempDir(), "clone")
	r.git("config", "uploadpack.allowFilter", "true")
	r.git(append(append([]string{"clone", "-q"}, args...), "file://"+r.dir, dir)...)
	return &repo{t: r.t, dir: dir, clock: r.clock + 100}
}

func (r *repo) open(options ...gitsource.Options) *gitsource.Repository {
	r.t.Helper()
	return open(r.t, r.dir, options...)
}

func open(t *testing.T, dir string, options ...gitsource.Options) *gitsource.Repository {
	t.Helper()
	o := gitsource.Options{}
	if len(options) > 0 {
		o = options[0]
	}
	o.TempDir = t.TempDir()
	g, err := gitsource.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// result is what a source yielded.
type result struct {
	blobs []scanner.Blob
	skips []scanner.Skip
	err   error
}

func collect(t *testing.T, s scanner.Source) result {
	t.Helper()
	var out result
	for b, err := range s.Blobs(context.Background()) {
		var skip *scanner.Skip
		switch {
		case errors.As(err, &skip):
			out.skips = append(out.skips, *skip)
		case err != nil:
			out.err = err
		default:
			out.blobs = append(out.blobs, b)
		}
	}
	return out
}

// clean fails the test when the source did not read everything.
func (x result) clean(t *testing.T) result {
	t.Helper()
	if x.err != nil || len(x.skips) > 0 {
		t.Fatalf("the source was not complete: error %v, skips %v", x.err, x.skips)
	}
	return x
}

func (x result) find(content string) (scanner.Blob, bool) {
	for _, b := range x.blobs {
		if strings.Contains(string(b.Data), content) {
			return b, true
		}
	}
	return scanner.Blob{}, false
}

func (x result) must(t *testing.T, content string) scanner.Blob {
	t.Helper()
	b, ok := x.find(content)
	if !ok {
		t.Fatalf("no blob holds %q", content)
	}
	return b
}

// reasons are the distinct reasons of the skips, sorted.
func (x result) reasons() string {
	set := map[string]bool{}
	for _, s := range x.skips {
		set[string(s.Reason)] = true
	}
	var list []string
	for reason := range set {
		list = append(list, reason)
	}
	sort.Strings(list)
	return strings.Join(list, " ")
}

func (x result) ids(kind scanner.Kind) []string {
	var ids []string
	for _, b := range x.blobs {
		if b.Kind == kind {
			ids = append(ids, string(b.ID))
		}
	}
	sort.Strings(ids)
	return ids
}

func locate(t *testing.T, s scanner.Locator, ids ...scanner.BlobID) map[scanner.BlobID][]scanner.Location {
	t.Helper()
	found, err := s.Locate(context.Background(), ids)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// gitBlobs are the blobs that git itself lists.
func (r *repo) gitBlobs() []string {
	var ids []string
	for line := range strings.Lines(r.git("cat-file", "--batch-all-objects", "--batch-check")) {
		if words := strings.Fields(line); len(words) == 3 && words[1] == "blob" {
			ids = append(ids, words[0])
		}
	}
	sort.Strings(ids)
	return ids
}
