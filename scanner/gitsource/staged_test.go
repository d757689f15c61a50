package gitsource_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/keywright/keywright/scanner/gitsource"
)

// noGit is a program that is not there: what is read with it was read without git.
const noGit = "/nowhere/git"

func TestStagedWithoutGitIsWhatGitSays(t *testing.T) {
	t.Parallel()
	many := func(r *repo) {
		for i := range 30 {
			r.write("dir"+strconv.Itoa(i%5)+"/deep/file"+strconv.Itoa(i), "text "+strconv.Itoa(i)+"\n")
		}
		r.commit("top", "top\n")
	}
	cases := []struct {
		name string
		make func(t *testing.T, r *repo)
		git  bool // git has to be asked
	}{
		{"changed, added and deleted files at several depths", func(_ *testing.T, r *repo) {
			many(r)
			r.write("dir0/deep/file0", "changed\n")
			r.write("dir1/new/file", "added\n")
			r.write("dir2.txt", "sorts between\n")
			r.write("dir2-", "sorts before\n")
			r.git("add", "-A")
			r.git("rm", "-q", "dir3/deep/file3")
		}, false},
		{"an index without the trees that it knows", func(_ *testing.T, r *repo) {
			many(r)
			r.git("read-tree", "--empty")
			r.write("dir0/deep/file0", "changed\n")
			r.git("update-index", "--add", "dir0/deep/file0", "top", "dir1/deep/file1")
		}, false},
		{"an index that is HEAD with all trees known", func(_ *testing.T, r *repo) {
			many(r)
			r.git("read-tree", "HEAD")
		}, false},
		{"HEAD was reset below the index", func(_ *testing.T, r *repo) {
			many(r)
			r.commit("dir0/deep/file0", "second\n")
			r.git("reset", "-q", "--soft", "HEAD~1")
		}, false},
		{"a change of the mode alone", func(t *testing.T, r *repo) {
			many(r)
			if err := os.Chmod(r.path("top"), 0o755); err != nil {
				t.Fatal(err)
			}
			r.git("add", "-A")
		}, false},
		{"a file in place of a folder, and a folder in place of a file", func(_ *testing.T, r *repo) {
			many(r)
			r.git("rm", "-rq", "dir0", "top")
			r.write("dir0", "now a file\n")
			r.write("top/file", "now a folder\n")
			r.git("add", "-A")
		}, false},
		{"a link in place of a file", func(t *testing.T, r *repo) {
			many(r)
			if err := os.Remove(r.path("top")); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("dir0", r.path("top")); err != nil {
				t.Fatal(err)
			}
			r.git("add", "-A")
		}, false},
		{"version 3 with a file that is only announced", func(_ *testing.T, r *repo) {
			many(r)
			r.write("announced", "not staged\n")
			r.git("add", "-N", "announced")
			r.write("dir0/deep/file0", "changed\n")
			r.git("add", "dir0")
		}, false},
		{"a tracked file that was announced anew", func(_ *testing.T, r *repo) {
			many(r)
			r.git("rm", "-q", "--cached", "top")
			r.git("add", "-N", "top")
		}, false},
		{"version 4 with shortened paths", func(_ *testing.T, r *repo) {
			r.git("config", "index.version", "4")
			many(r)
			r.write("dir0/deep/file0", "changed\n")
			r.write("dir4/deep/file-more", "added\n")
			r.git("add", "-A")
		}, false},
		{"paths of over 4095 bytes", func(_ *testing.T, r *repo) {
			many(r)
			id := r.hash("deep down\n")
			path := strings.Repeat(strings.Repeat("d", 200)+"/", 21) + "file"
			r.git("update-index", "--add", "--cacheinfo", "100644,"+id+","+path)
		}, false},
		{"a conflict with three sides", func(t *testing.T, r *repo) {
			many(r)
			r.git("checkout", "-q", "-b", "side")
			r.commit("top", "theirs\n")
			r.git("checkout", "-q", "main")
			r.commit("top", "ours\n")
			if out, err := r.try("", "merge", "-q", "side"); err == nil {
				t.Fatalf("there is no conflict: %s", out)
			}
		}, false},
		{"a conflict without the base", func(t *testing.T, r *repo) {
			many(r)
			r.git("checkout", "-q", "-b", "side")
			r.commit("dir0/new", "theirs\n")
			r.git("checkout", "-q", "main")
			r.commit("dir0/new", "ours\n")
			if out, err := r.try("", "merge", "-q", "side"); err == nil {
				t.Fatalf("there is no conflict: %s", out)
			}
		}, false},
		{"renames", func(_ *testing.T, r *repo) {
			many(r)
			r.git("mv", "dir0", "moved")
			r.git("mv", "top", "moved/top")
		}, false},
		{"a submodule", func(_ *testing.T, r *repo) {
			many(r)
			r.git("update-index", "--add", "--cacheinfo", "160000,"+r.git("rev-parse", "HEAD")+",module")
			r.write("dir0/deep/file0", "changed\n")
			r.git("add", "dir0")
		}, false},
		{"no commit yet", func(_ *testing.T, r *repo) {
			r.write("dir/a", "one\n")
			r.write("empty", "")
			r.git("add", "-A")
		}, false},
		{"a branch without a commit beside one with", func(_ *testing.T, r *repo) {
			many(r)
			r.git("checkout", "-q", "--orphan", "bare")
		}, false},
		{"a detached HEAD", func(_ *testing.T, r *repo) {
			many(r)
			r.git("checkout", "-q", "--detach")
			r.commit("top", "on no branch\n")
			r.write("top", "staged\n")
			r.git("add", "-A")
		}, false},
		{"packed objects and refs, with deltas", func(_ *testing.T, r *repo) {
			many(r)
			text := strings.Repeat("a line of a long file\n", 200)
			for i := range 5 {
				text += strconv.Itoa(i) + "\n"
				r.commit("long", text)
			}
			r.git("reset", "-q", "--soft", "HEAD~2")
			r.git("repack", "-adq")
			r.git("pack-refs", "--all")
			r.git("prune-packed")
		}, false},
		{"several packs", func(_ *testing.T, r *repo) {
			for i := range 4 {
				r.commit("dir"+strconv.Itoa(i)+"/file", strconv.Itoa(i)+"\n")
				r.git("repack", "-dq")
			}
			r.git("reset", "-q", "--soft", "HEAD~3")
		}, false},
		{"objects of an alternate", func(_ *testing.T, r *repo) {
			many(r)
			other := newRepo(r.t)
			other.commit("top", "other\n")
			r.write(".git/objects/info/alternates", other.path(".git/objects")+"\n")
			r.git("update-index", "--add", "--cacheinfo", "100644,"+other.git("rev-parse", "HEAD:top")+",borrowed")
		}, false},
		{"SHA-256", func(t *testing.T, r *repo) {
			if err := os.RemoveAll(r.path(".git")); err != nil {
				t.Fatal(err)
			}
			r.git("init", "-q", "--object-format=sha256")
			many(r)
			r.write("dir0/deep/file0", "changed\n")
			r.git("add", "-A")
		}, false},
		{"an index whose checksum is left out", func(_ *testing.T, r *repo) {
			many(r)
			r.git("config", "index.skipHash", "true")
			r.write("dir0/deep/file0", "changed\n")
			r.git("add", "-A")
		}, false},
		{"optional extensions", func(_ *testing.T, r *repo) {
			r.git("config", "core.untrackedCache", "true")
			r.git("config", "index.threads", "2")
			many(r)
			r.git("update-index", "--untracked-cache")
			r.write("dir0/deep/file0", "changed\n")
			r.git("add", "-A")
		}, false},
		{"paths that git leaves alone", func(_ *testing.T, r *repo) {
			many(r)
			r.git("update-index", "--skip-worktree", "top")
			r.git("update-index", "--assume-unchanged", "dir0/deep/file0")
			r.write("dir1/deep/file1", "changed\n")
			r.git("add", "dir1")
		}, false},
		{"a split index", func(_ *testing.T, r *repo) {
			many(r)
			r.git("update-index", "--split-index")
			r.write("dir0/deep/file0", "changed\n")
			r.git("add", "-A")
		}, true},
		{"a sparse index", func(_ *testing.T, r *repo) {
			many(r)
			r.git("sparse-checkout", "init", "--cone", "--sparse-index")
			r.git("sparse-checkout", "set", "dir0")
			r.write("dir0/deep/file0", "changed\n")
			r.git("add", "dir0")
		}, true},
		{"a branch that stands for another", func(_ *testing.T, r *repo) {
			many(r)
			r.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
			r.git("symbolic-ref", "HEAD", "refs/heads/alias")
			r.write("top", "staged\n")
			r.git("add", "-A")
		}, true},
		{"a staged blob that is not there", func(t *testing.T, r *repo) {
			many(r)
			r.write("top", "staged and lost\n")
			r.git("add", "-A")
			id := r.git("rev-parse", ":top")
			if err := os.Remove(r.path(".git/objects/" + id[:2] + "/" + id[2:])); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"a commit that is not there", func(t *testing.T, r *repo) {
			many(r)
			id := r.git("rev-parse", "HEAD")
			if err := os.Remove(r.path(".git/objects/" + id[:2] + "/" + id[2:])); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"an index that ends early", func(t *testing.T, r *repo) {
			many(r)
			if err := os.Truncate(r.path(".git/index"), 200); err != nil {
				t.Fatal(err)
			}
		}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			c.make(t, r)
			slow := r.open(gitsource.Options{ThroughGit: true}).Staged()
			want := collect(t, slow)
			sameStaged(t, r, gitsource.Options{}, want)
			if !c.git {
				sameStaged(t, r, gitsource.Options{Git: noGit}, want)
			}
		})
	}
}

// sameStaged compares what is staged to what git said, name by name and skip by skip.
func sameStaged(t *testing.T, r *repo, options gitsource.Options, want result) {
	t.Helper()
	options.TempDir = t.TempDir()
	g, err := gitsource.Open(r.dir, options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}()
	got := collect(t, g.Staged())
	if !reflect.DeepEqual(got.files(), want.files()) || !reflect.DeepEqual(got.contents(), want.contents()) {
		t.Errorf("files %q, git says %q", got.files(), want.files())
	}
	if !reflect.DeepEqual(got.said(), want.said()) || (got.err == nil) != (want.err == nil) {
		t.Errorf("skips %q and %v, git says %q and %v", got.said(), got.err, want.said(), want.err)
	}
	if left, err := os.ReadDir(options.TempDir); options.Git == noGit && (err != nil || len(left) > 0) {
		t.Errorf("a repository for git was made: %v, %v", left, err)
	}
}

func TestStagedInALinkedWorkTree(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	r.commit("a", "two\n")
	linked := &repo{t: t, dir: filepath.Join(t.TempDir(), "linked"), clock: 100}
	r.git("worktree", "add", "-q", "-b", "other", linked.dir, "HEAD~1")
	linked.write("b", "in the linked work tree\n")
	linked.git("add", "-A")
	r.write("c", "in the main one\n")
	r.git("add", "-A")
	for _, one := range []*repo{r, linked} {
		want := collect(t, one.open(gitsource.Options{ThroughGit: true}).Staged())
		if len(want.files()) != 1 {
			t.Fatalf("git says %q", want.files())
		}
		sameStaged(t, one, gitsource.Options{Git: noGit}, want)
	}
}
