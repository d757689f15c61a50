package gitsource_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
)

// shapes are repositories of every form whose objects are all there.
var shapes = []struct {
	name string
	make func(t *testing.T) *repo
}{
	{"a work tree with loose objects", func(t *testing.T) *repo {
		r := newRepo(t)
		r.commit("a", "one\n")
		r.commit("dir/b", "two\n")
		return r
	}},
	{"packed and loose objects, packed refs", func(t *testing.T) *repo {
		r := newRepo(t)
		r.commit("a", "one\n")
		r.commit("a", "two\n")
		r.git("gc", "-q")
		r.git("pack-refs", "--all")
		r.commit("b", "three\n")
		return r
	}},
	{"a bare repository", func(t *testing.T) *repo {
		r := newRepo(t)
		r.commit("a", "one\n")
		return r.clone("--bare")
	}},
	{"SHA-256", func(t *testing.T) *repo {
		r := newRepo(t, "--object-format=sha256")
		r.commit("a", "one\n")
		r.git("gc", "-q")
		r.commit("a", "two\n")
		return r
	}},
	{"alternates", func(t *testing.T) *repo {
		r := newRepo(t)
		r.commit("a", "one\n")
		r.git("gc", "-q")
		r.commit("loose", "in the alternate\n")
		dir := filepath.Join(t.TempDir(), "clone")
		r.git("clone", "-q", "--shared", r.dir, dir)
		c := &repo{t: t, dir: dir, clock: 100}
		c.commit("b", "only in the clone\n")
		return c
	}},
	{"a merge, a branch without a common commit, a deleted file", func(t *testing.T) *repo {
		r := newRepo(t)
		r.commit("a", "base\n")
		r.git("checkout", "-q", "-b", "side")
		r.commit("b", "side\n")
		r.git("checkout", "-q", "main")
		r.commit("c", "main\n")
		r.git("merge", "-q", "--no-edit", "side")
		r.git("rm", "-q", "c")
		r.git("commit", "-q", "-m", "drop c")
		r.git("checkout", "-q", "--orphan", "alone")
		r.commit("d", "orphan\n")
		return r
	}},
	{"stash, notes, tags, a detached head", func(t *testing.T) *repo {
		r := newRepo(t)
		r.commit("a", "one\n")
		r.write("a", "stashed\n")
		r.write("u", "untracked\n")
		r.git("stash", "push", "-q", "-u")
		r.git("notes", "add", "-m", "a note")
		r.git("tag", "-a", "-m", "a tag", "v1")
		r.git("tag", "blob", r.hash("tagged blob\n"))
		r.git("checkout", "-q", "--detach")
		r.commit("e", "detached\n")
		return r
	}},
	{"what only the reflog and nothing reaches", func(t *testing.T) *repo {
		r := newRepo(t)
		r.commit("a", "one\n")
		r.commit("a", "two\n")
		r.git("reset", "-q", "--hard", "HEAD~1")
		r.hash("nothing reaches this\n")
		return r
	}},
	{"a multi-pack-index and a commit graph", func(t *testing.T) *repo {
		r := newRepo(t)
		r.commit("a", "one\n")
		r.git("repack", "-q")
		r.commit("a", "two\n")
		r.git("repack", "-q")
		r.git("multi-pack-index", "write")
		r.git("commit-graph", "write", "--reachable")
		return r
	}},
	{"an index v1", func(t *testing.T) *repo {
		r := newRepo(t)
		r.git("config", "pack.indexVersion", "1")
		r.commit("a", "one\n")
		r.git("gc", "-q")
		return r
	}},
}

func TestHistoryIsGitsOwn(t *testing.T) {
	t.Parallel()
	for _, c := range shapes {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := c.make(t)
			h := r.open().History()
			got := collect(t, h).clean(t)
			if want := r.gitBlobs(); !reflect.DeepEqual(got.ids(scanner.KindFile), want) {
				t.Errorf("blobs are %v, git says %v", got.ids(scanner.KindFile), want)
			}
			commits, _ := strconv.Atoi(r.git("rev-list", "--all", "--reflog", "--count"))
			refs := len(strings.Fields(r.git("for-each-ref", "--format=%(refname)")))
			counts := h.Counts()
			if counts.Commits != commits || counts.Refs != refs || counts.Blobs != len(r.gitBlobs()) {
				t.Errorf("counts are %+v, git says %d commits, %d refs, %d blobs", counts, commits, refs, len(r.gitBlobs()))
			}
		})
	}
}

func TestHistoryYieldsMessagesAndNames(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.write("folder/name-of-file", "content-of-file\n")
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "message-of-commit")
	r.git("tag", "-a", "-m", "message-of-tag", "name-of-tag")
	r.git("notes", "add", "-m", "text-of-note")
	got := collect(t, r.open().History()).clean(t)
	for text, kind := range map[string]scanner.Kind{
		"content-of-file": scanner.KindFile, "message-of-commit": scanner.KindCommit, "message-of-tag": scanner.KindTag,
		"name-of-file": scanner.KindName, "refs/tags/name-of-tag": scanner.KindRef, "text-of-note": scanner.KindFile,
	} {
		found := false
		for _, b := range got.blobs {
			found = found || b.Kind == kind && strings.Contains(string(b.Data), text)
		}
		if !found {
			t.Errorf("no blob of kind %s holds %q", kind, text)
		}
	}
}

func TestHistoryOfAnEmptyRepositoryIsEmpty(t *testing.T) {
	t.Parallel()
	h := newRepo(t).open().History()
	got := collect(t, h).clean(t)
	if len(got.blobs) != 0 || h.Counts() != (scanner.Counts{}) {
		t.Errorf("%d blobs, counts %+v", len(got.blobs), h.Counts())
	}
}

func TestHistoryLeavesOutBlobsOverTheCap(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", strings.Repeat("large\n", 100))
	r.commit("b", "small\n")
	t.Run("as a skip when nobody asked for the cap", func(t *testing.T) {
		h := r.open(gitsource.Options{MaxBlobBytes: 500}).History()
		got := collect(t, h)
		if got.reasons() != "too-large" || h.Counts().Blobs != 2 || h.Counts().Excluded != 0 {
			t.Errorf("skips %v, counts %+v", got.skips, h.Counts())
		}
	})
	t.Run("as excluded when the user asked for it", func(t *testing.T) {
		h := r.open(gitsource.Options{MaxBlobBytes: 500, UserSetMax: true}).History()
		collect(t, h).clean(t)
		if h.Counts().Excluded != 1 {
			t.Errorf("counts %+v", h.Counts())
		}
	})
}

func TestHistoryEndsWhenTheReceiverStops(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for i := range 5 {
		r.commit("a", strconv.Itoa(i))
	}
	n := 0
	for _, err := range r.open().History().Blobs(context.Background()) {
		if err != nil {
			t.Error(err)
		}
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d blobs", n)
	}
}

func TestHistoryEndsWithTheErrorOfACancelledContext(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var last error
	for _, err := range r.open().History().Blobs(ctx) {
		last = err
	}
	if last == nil {
		t.Error("a cancelled scan ended without an error")
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		make func(r *repo) (content string, want []scanner.Location)
	}{
		{"a file that was deleted stands where it was added", func(r *repo) (string, []scanner.Location) {
			first := r.commit("dir/conf", "the text\n")
			r.git("rm", "-q", "dir/conf")
			r.git("commit", "-q", "-m", "drop")
			return "the text", []scanner.Location{{Path: "dir/conf", Commit: first, Ref: "refs/heads/main"}}
		}},
		{"every place is told, the oldest first", func(r *repo) (string, []scanner.Location) {
			first := r.commit("b", "the text\n")
			second := r.commit("a", "the text\n")
			return "the text", []scanner.Location{
				{Path: "b", Commit: first, Ref: "refs/heads/main"}, {Path: "a", Commit: second, Ref: "refs/heads/main"}}
		}},
		{"a merge is the place of what only its resolution holds", func(r *repo) (string, []scanner.Location) {
			r.commit("a", "base\n")
			r.git("checkout", "-q", "-b", "side")
			r.commit("a", "side\n")
			r.git("checkout", "-q", "main")
			r.commit("a", "main\n")
			_, _ = r.try("", "merge", "-q", "side")
			merge := r.commit("a", "the text\n")
			return "the text", []scanner.Location{{Path: "a", Commit: merge, Ref: "refs/heads/main"}}
		}},
		{"a merge is no place of what a parent has", func(r *repo) (string, []scanner.Location) {
			r.commit("a", "base\n")
			r.git("checkout", "-q", "-b", "side")
			side := r.commit("b", "the text\n")
			r.git("checkout", "-q", "main")
			r.commit("c", "main\n")
			r.git("merge", "-q", "--no-edit", "side")
			return "the text", []scanner.Location{{Path: "b", Commit: side, Ref: "refs/heads/main"}}
		}},
		{"the index of a stash", func(r *repo) (string, []scanner.Location) {
			r.commit("a", "base\n")
			r.write("a", "the text\n")
			r.git("add", "a")
			r.write("a", "work\n")
			r.git("stash", "push", "-q")
			return "the text", []scanner.Location{{Path: "a", Commit: r.git("rev-parse", "stash^2"), Ref: "refs/stash"}}
		}},
		{"the untracked files of a stash", func(r *repo) (string, []scanner.Location) {
			r.commit("a", "base\n")
			r.write("new", "the text\n")
			r.git("stash", "push", "-q", "-u")
			return "the text", []scanner.Location{{Path: "new", Commit: r.git("rev-parse", "stash^3"), Ref: "refs/stash"}}
		}},
		{"a commit that only a reflog has", func(r *repo) (string, []scanner.Location) {
			r.commit("a", "base\n")
			lost := r.commit("a", "the text\n")
			r.git("reset", "-q", "--hard", "HEAD~1")
			return "the text", []scanner.Location{{Path: "a", Commit: lost, Ref: "HEAD"}}
		}},
		{"a blob that a tag names", func(r *repo) (string, []scanner.Location) {
			r.commit("a", "base\n")
			r.git("tag", "t", r.hash("the text\n"))
			return "the text", []scanner.Location{{Ref: "refs/tags/t"}}
		}},
		{"a tree that a tag names", func(r *repo) (string, []scanner.Location) {
			r.commit("a", "base\n")
			r.write("sub/x", "the text\n")
			r.git("add", "-A")
			r.git("tag", "-a", "-m", "tree", "t", r.git("write-tree"))
			r.git("reset", "-q", "--hard")
			return "the text", []scanner.Location{{Path: "sub/x", Ref: "refs/tags/t"}}
		}},
		{"a file that only the index holds", func(r *repo) (string, []scanner.Location) {
			r.commit("a", "base\n")
			r.write("b", "the text\n")
			r.git("add", "b")
			r.write("b", "other\n")
			return "the text", []scanner.Location{{Path: "b"}}
		}},
		{"a file that only the index of another work tree holds", func(r *repo) (string, []scanner.Location) {
			r.commit("a", "base\n")
			other := &repo{t: r.t, dir: filepath.Join(r.t.TempDir(), "other"), clock: 50}
			r.git("worktree", "add", "-q", other.dir)
			other.write("b", "the text\n")
			other.git("add", "b")
			return "the text", []scanner.Location{{Path: "b"}}
		}},
		{"a blob that nothing reaches has no place", func(r *repo) (string, []scanner.Location) {
			r.commit("a", "base\n")
			r.hash("the text\n")
			return "the text", nil
		}},
		{"a path with a line end, a tab and bytes that are no UTF-8", func(r *repo) (string, []scanner.Location) {
			c := r.commit("n\n\t\xff", "the text\n")
			return "the text", []scanner.Location{{Path: "n\n\t\xff", Commit: c, Ref: "refs/heads/main"}}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			content, want := c.make(r)
			h := r.open().History()
			b := collect(t, h).clean(t).must(t, content)
			got := locate(t, h, b.ID)[b.ID]
			for i := range got {
				if got[i].Commit != "" && (got[i].Author != "Ada <ada@example.org>" || got[i].Date.IsZero()) {
					t.Errorf("place %d has author %q and date %v", i, got[i].Author, got[i].Date)
				}
				got[i].Author, got[i].Date, got[i].Kind = "", time.Time{}, ""
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("places are\n%+v, want\n%+v", got, want)
			}
		})
	}
}

func TestLocateWithoutBlobsReadsTheHistoryItself(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	commit := r.commit("a", "one\n")
	id := scanner.BlobID(r.git("rev-parse", "HEAD:a"))
	got := locate(t, r.open().History(), id)[id]
	if len(got) != 1 || got[0].Commit != commit || got[0].Path != "a" {
		t.Errorf("places are %+v", got)
	}
}

func TestLocateKnowsCommitsTagsAndNames(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	commit := r.commit("one/two/name-of-file", "content\n")
	r.git("tag", "-a", "-m", "text", "v1")
	tag := r.git("rev-parse", "v1")
	h := r.open().History()
	got := collect(t, h).clean(t)
	name, folder := got.must(t, "name-of-file\n"), got.must(t, "two\n")
	found := locate(t, h, scanner.BlobID(commit), scanner.BlobID(tag), name.ID, folder.ID)
	check := func(id scanner.BlobID, kind scanner.Kind, path, commit string) {
		t.Helper()
		l := found[id]
		if len(l) != 1 || l[0].Kind != kind || l[0].Path != path || l[0].Commit != commit {
			t.Errorf("places of %s are %+v", id, l)
		}
	}
	check(scanner.BlobID(commit), scanner.KindCommit, "", commit)
	check(scanner.BlobID(tag), scanner.KindTag, "", tag)
	check(name.ID, scanner.KindName, "one/two", commit)
	check(folder.ID, scanner.KindName, "one", commit)
}

func TestOpenFindsTheRepository(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("sub/a", "one\n")
	linked := filepath.Join(t.TempDir(), "linked")
	r.git("worktree", "add", "-q", linked)
	elsewhere := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(elsewhere, name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(path, ".git"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	rel, err := filepath.Rel(filepath.Join(elsewhere, "relative"), r.path(".git"))
	if err != nil {
		t.Fatal(err)
	}
	super := newRepo(t)
	super.commit("x", "super\n")
	super.git("submodule", "add", "-q", "file://"+r.dir, "module")
	cases := []struct {
		name    string
		path    string
		options gitsource.Options
		want    bool
	}{
		{"at a folder with .git", r.dir, gitsource.Options{}, true},
		{"at the .git folder itself", r.path(".git"), gitsource.Options{}, true},
		{"at a linked work tree", linked, gitsource.Options{}, true},
		{"at a submodule", super.path("module"), gitsource.Options{}, true},
		{"behind a .git file with an absolute path", write("absolute", "gitdir: "+r.path(".git")+"\n"), gitsource.Options{}, true},
		{"behind a .git file with a relative path", write("relative", "gitdir: "+rel), gitsource.Options{}, true},
		{"not below its top unless asked", r.path("sub"), gitsource.Options{}, false},
		{"below its top when asked", r.path("sub"), gitsource.Options{Climb: true}, true},
		{"not behind a .git file that leads nowhere", write("nowhere", "gitdir: /nowhere\n"), gitsource.Options{}, false},
		{"not behind a .git file that names itself", write("self", "gitdir: .git\n"), gitsource.Options{}, false},
		{"not in an empty folder", t.TempDir(), gitsource.Options{}, false},
		{"not at a path that does not exist", filepath.Join(elsewhere, "absent"), gitsource.Options{}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.options.TempDir = t.TempDir()
			g, err := gitsource.Open(c.path, c.options)
			if (err == nil) != c.want {
				t.Fatalf("error is %v", err)
			}
			if err != nil {
				return
			}
			collect(t, g.History()).clean(t).must(t, "one\n")
			if err := g.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestProgressEndsWithEveryObject(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	var last gitsource.Progress
	collect(t, r.open(gitsource.Options{Progress: func(p gitsource.Progress) { last = p }}).History()).clean(t)
	if last.Objects != 3 || last.Total != 3 || last.Bytes < 4 {
		t.Errorf("the last report is %+v", last)
	}
}

func TestAGitDirThatIsNoRepositoryIsAnError(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	env := map[string]string{"GIT_DIR": t.TempDir()}
	_, err := gitsource.Open(r.dir, gitsource.Options{Getenv: func(k string) string { return env[k] }})
	if !errors.Is(err, gitsource.ErrNotRepository) {
		t.Errorf("error is %v", err)
	}
}
