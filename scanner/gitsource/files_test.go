package gitsource_test

import (
	"os"
	"reflect"
	"sort"
	"testing"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
)

// files are the file contents that were yielded, by path.
func (x result) files() map[string]string {
	out := map[string]string{}
	for _, b := range x.blobs {
		if b.Kind == scanner.KindFile {
			out[b.Location.Path] = string(b.Data)
		}
	}
	return out
}

func TestStaged(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		make func(r *repo)
		want map[string]string
	}{
		{"what was added and not what the work tree holds", func(r *repo) {
			r.commit("a", "old\n")
			r.write("a", "staged\n")
			r.git("add", "a")
			r.write("a", "only in the work tree\n")
			r.write("b", "untracked\n")
		}, map[string]string{"a": "staged\n"}},
		{"the whole index before the first commit", func(r *repo) {
			r.write("a", "one\n")
			r.write("dir/b", "two\n")
			r.git("add", "-A")
		}, map[string]string{"a": "one\n", "dir/b": "two\n"}},
		{"nothing when the index is HEAD", func(r *repo) { r.commit("a", "one\n") }, map[string]string{}},
		{"nothing when there is no index", func(r *repo) {}, map[string]string{}},
		{"nothing of a deleted file", func(r *repo) {
			r.commit("a", "one\n")
			r.git("rm", "-q", "a")
		}, map[string]string{}},
		{"a moved file at its new path", func(r *repo) {
			r.commit("a", "one\n")
			r.git("mv", "a", "b")
		}, map[string]string{"b": "one\n"}},
		{"the target of a link", func(r *repo) {
			r.commit("a", "one\n")
			if err := os.Symlink("target-of-link", r.path("l")); err != nil {
				r.t.Fatal(err)
			}
			r.git("add", "l")
		}, map[string]string{"l": "target-of-link"}},
		{"nothing of a file that is only announced", func(r *repo) {
			r.commit("a", "one\n")
			r.write("b", "two\n")
			r.git("add", "-N", "b")
		}, map[string]string{}},
		{"no submodule", func(r *repo) {
			r.commit("a", "one\n")
			sub := newRepo(r.t)
			sub.commit("x", "sub\n")
			r.git("submodule", "add", "-q", "file://"+sub.dir, "module")
			r.git("rm", "-q", "--cached", ".gitmodules")
		}, map[string]string{}},
		{"an index of version 4", func(r *repo) {
			r.git("config", "index.version", "4")
			r.commit("a", "one\n")
			r.write("dir/b", "two\n")
			r.git("add", "-A")
		}, map[string]string{"dir/b": "two\n"}},
		{"a split index", func(r *repo) {
			r.commit("a", "one\n")
			r.git("update-index", "--split-index")
			r.write("b", "two\n")
			r.git("add", "-A")
		}, map[string]string{"b": "two\n"}},
		{"SHA-256", func(r *repo) {
			if err := os.RemoveAll(r.path(".git")); err != nil {
				r.t.Fatal(err)
			}
			r.git("init", "-q", "--object-format=sha256")
			r.commit("a", "one\n")
			r.write("b", "two\n")
			r.git("add", "-A")
		}, map[string]string{"b": "two\n"}},
		{"a detached HEAD", func(r *repo) {
			r.commit("a", "one\n")
			r.git("checkout", "-q", "--detach")
			r.write("b", "two\n")
			r.git("add", "-A")
		}, map[string]string{"b": "two\n"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			c.make(r)
			s := r.open().Staged()
			got := collect(t, s).clean(t)
			if !reflect.DeepEqual(got.files(), c.want) {
				t.Errorf("files are %q, want %q", got.files(), c.want)
			}
			if s.Counts().Blobs != len(c.want) {
				t.Errorf("counts %+v", s.Counts())
			}
		})
	}
}

func TestStagedHasEverySideOfAConflict(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "base\n")
	r.git("checkout", "-q", "-b", "side")
	r.commit("a", "theirs\n")
	r.git("checkout", "-q", "main")
	r.commit("a", "ours\n")
	_, _ = r.try("", "merge", "-q", "side")
	got := collect(t, r.open().Staged()).clean(t)
	got.must(t, "theirs\n")
	got.must(t, "ours\n")
}

func TestStagedHonoursWhatAHookIsGiven(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	r.write("a", "in the other index\n")
	r.git("add", "a")
	if err := os.Rename(r.path(".git/index"), r.path(".git/other")); err != nil {
		t.Fatal(err)
	}
	r.git("reset", "-q")
	env := map[string]string{"GIT_INDEX_FILE": ".git/other", "GIT_DIR": r.path(".git")}
	getenv := func(name string) string { return env[name] }
	got := collect(t, r.open(gitsource.Options{Getenv: getenv}).Staged()).clean(t)
	if want := map[string]string{"a": "in the other index\n"}; !reflect.DeepEqual(got.files(), want) {
		t.Errorf("files are %q", got.files())
	}
}

func TestStagedLocatesEveryPathAndName(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.write("one", "the same text\n")
	r.write("folder/two", "the same text\n")
	r.git("add", "-A")
	s := r.open().Staged()
	got := collect(t, s).clean(t)
	text, name := got.must(t, "the same text"), got.must(t, "two\n")
	found := locate(t, s, text.ID, name.ID)
	var paths []string
	for _, l := range found[text.ID] {
		paths = append(paths, l.Path)
	}
	sort.Strings(paths)
	if !reflect.DeepEqual(paths, []string{"folder/two", "one"}) {
		t.Errorf("places are %+v", found[text.ID])
	}
	if l := found[name.ID]; len(l) != 1 || l[0].Kind != scanner.KindName || l[0].Path != "folder" {
		t.Errorf("places of the name are %+v", l)
	}
}

func TestIndexHoldsAllFilesOnce(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	r.write("b", "two\n")
	r.git("add", "-A")
	g := r.open()
	if got := collect(t, g.Index()).clean(t).files(); len(got) != 2 {
		t.Errorf("files are %q", got)
	}
	collect(t, g.History()).clean(t)
	if got := collect(t, g.Index()).clean(t); len(got.files()) != 0 {
		t.Errorf("the history was yielded before, and again came %q", got.files())
	}
}
