package gitsource_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/keywright/keywright/scanner"
)

// saidByGitOf lists the refs that git says contain a commit.
func (r *repo) saidByGitOf(commit string) []string {
	names := strings.Fields(r.git("for-each-ref", "--contains", commit, "--format=%(refname)", "refs/heads", "refs/remotes", "refs/tags"))
	slices.Sort(names)
	return names
}

func TestRefsOfACommitAreThoseThatGitNames(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		make func(t *testing.T) *repo
	}{
		{"a made-up history with more commits than are asked at once, and tags of tags", func(t *testing.T) *repo {
			r := newRepo(t)
			r.fastImport(madeUpHistory(6, 100))
			r.git("tag", "-a", "-m", "x", "v1", "refs/heads/b1~2")
			r.git("tag", "-a", "-m", "x", "v2", "v1")
			r.git("tag", "light", "refs/heads/b2")
			r.git("update-ref", "refs/other/kept", "refs/heads/b3")
			return r
		}},
		{"a clone of few commits with branches of elsewhere", func(t *testing.T) *repo {
			r := newRepo(t)
			r.fastImport(madeUpHistory(7, 40))
			r.git("symbolic-ref", "HEAD", "refs/heads/b1")
			return r.clone("--depth=3", "--no-single-branch", "--no-checkout")
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := c.make(t)
			h := r.open().History()
			commits := collect(t, h).ids(scanner.KindCommit)
			got, err := h.RefsOf(t.Context(), commits)
			if err != nil {
				t.Fatal(err)
			}
			some := 0
			for i := 0; i < len(commits); i += 1 + len(commits)/25 { // git is asked one by one
				want := r.saidByGitOf(commits[i])
				some += len(want)
				if !slices.Equal(got[commits[i]], want) {
					t.Errorf("refs of %s are %v, git says %v", commits[i], got[commits[i]], want)
				}
			}
			if some == 0 {
				t.Error("git names no refs at all")
			}
		})
	}
}

func TestRefsOfChosenRefsAreOfThose(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	first := r.commit("a", "one\n")
	r.git("branch", "other")
	second := r.commit("a", "two\n")
	r.git("tag", "-a", "-m", "x", "v1")
	tag := r.git("rev-parse", "v1")
	check := func(l scanner.RefLister, want map[string][]string) {
		t.Helper()
		got, err := l.RefsOf(t.Context(), []string{first, second, tag, "no id"})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("refs are %v, error %v, want %v", got, err, want)
		}
	}
	g := r.open()
	refs, err := g.Refs(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	collect(t, refs).clean(t)
	check(refs, map[string][]string{first: {"main"}, second: {"main"}})
	commits, err := g.Range(t.Context(), "other..main")
	if err != nil {
		t.Fatal(err)
	}
	collect(t, commits).clean(t)
	check(commits, map[string][]string{
		first:  {"refs/heads/main", "refs/heads/other", "refs/tags/v1"},
		second: {"refs/heads/main", "refs/tags/v1"},
		tag:    {"refs/tags/v1"},
	})
}

func TestFiveThousandRefsAreListedForEachCommit(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	var stream strings.Builder
	for i := range 3 {
		fmt.Fprintf(&stream, "commit refs/heads/main\nmark :%d\ncommitter C <c@example.org> %d +0000\ndata 1\nx\n\n", i+1, 1_700_000_000+i)
	}
	for i := range 5000 {
		fmt.Fprintf(&stream, "reset refs/heads/n%04d\nfrom :%d\n\n", i, 1+i%3)
	}
	r.fastImport(stream.String())
	h := r.open().History()
	ids := collect(t, h).clean(t).ids(scanner.KindCommit)
	got, err := h.RefsOf(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	root, tip := r.git("rev-parse", "main~2"), r.git("rev-parse", "main")
	if len(got[root]) != 5001 || len(got[tip]) != 1667 {
		t.Errorf("the first commit has %d refs, the last %d", len(got[root]), len(got[tip]))
	}
}
