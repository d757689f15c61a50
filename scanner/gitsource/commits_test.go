package gitsource_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
)

func TestRange(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		make    func(r *repo) (expression string)
		want    map[string]string
		commits int
	}{
		{"what the commits of the range introduce", func(r *repo) string {
			base := r.commit("a", "old\n")
			r.commit("b", "new\n")
			return base + ".." + r.commit("c", "newer\n")
		}, map[string]string{"b": "new\n", "c": "newer\n"}, 2},
		{"what was deleted again", func(r *repo) string {
			base := r.commit("a", "old\n")
			r.commit("b", "new\n")
			r.git("rm", "-q", "b")
			r.git("commit", "-q", "-m", "drop")
			return base + "..HEAD"
		}, map[string]string{"b": "new\n"}, 2},
		{"nothing of an empty range", func(r *repo) string {
			r.commit("a", "old\n")
			return "HEAD..HEAD"
		}, map[string]string{}, 0},
		{"names as git resolves them", func(r *repo) string {
			r.commit("a", "old\n")
			r.git("tag", "-a", "-m", "base", "v1")
			r.git("checkout", "-q", "-b", "side")
			r.commit("b", "new\n")
			r.commit("c", "newer\n")
			return "v1..side~1"
		}, map[string]string{"b": "new\n"}, 1},
		{"a side left out is HEAD", func(r *repo) string {
			r.commit("a", "old\n")
			r.commit("b", "new\n")
			return "HEAD^.."
		}, map[string]string{"b": "new\n"}, 1},
		{"a branch's merge with all it brings, a resolution of its own included", func(r *repo) string {
			base := r.commit("a", "base\n")
			r.git("checkout", "-q", "-b", "side")
			r.commit("b", "of the side\n")
			r.git("checkout", "-q", "main")
			r.commit("c", "of main\n")
			r.git("merge", "-q", "--no-commit", "side")
			r.commit("d", "only in the merge\n")
			return base + "..HEAD"
		}, map[string]string{"b": "of the side\n", "c": "of main\n", "d": "only in the merge\n"}, 3},
		{"what the second parent brings when only the first is excluded", func(r *repo) string {
			r.commit("a", "base\n")
			r.git("checkout", "-q", "-b", "side")
			r.commit("b", "of the side\n")
			r.git("checkout", "-q", "main")
			base := r.commit("c", "of main\n")
			r.git("merge", "-q", "--no-edit", "side")
			return base + "..HEAD"
		}, map[string]string{"b": "of the side\n"}, 2},
		{"nothing that the base brought in by a merge", func(r *repo) string {
			r.commit("a", "base\n")
			r.git("checkout", "-q", "-b", "side")
			r.commit("b", "of the side\n")
			r.git("checkout", "-q", "main")
			r.commit("c", "of main\n")
			r.git("checkout", "-q", "side")
			r.git("merge", "-q", "--no-edit", "main")
			return "main..side"
		}, map[string]string{"b": "of the side\n"}, 2},
		{"three dots are both sides", func(r *repo) string {
			r.commit("a", "base\n")
			r.git("checkout", "-q", "-b", "side")
			r.commit("b", "of the side\n")
			r.git("checkout", "-q", "main")
			r.commit("c", "of main\n")
			return "main...side"
		}, map[string]string{"b": "of the side\n", "c": "of main\n"}, 2},
		{"a base of zeros excludes nothing", func(r *repo) string {
			r.commit("a", "old\n")
			return strings.Repeat("0", 40) + ".." + r.commit("b", "new\n")
		}, map[string]string{"a": "old\n", "b": "new\n"}, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			expression := c.make(r)
			s, err := r.open().Range(t.Context(), expression)
			if err != nil {
				t.Fatal(err)
			}
			got := collect(t, s).clean(t)
			if !reflect.DeepEqual(got.files(), c.want) {
				t.Errorf("files are %q, want %q", got.files(), c.want)
			}
			if n := s.Counts(); n.Commits != c.commits || len(got.ids(scanner.KindCommit)) != c.commits {
				t.Errorf("counts %+v, %d messages", n, len(got.ids(scanner.KindCommit)))
			}
			for _, b := range got.blobs {
				if b.Kind == scanner.KindFile && (b.Location.Commit == "" || b.Location.Author != "Ada <ada@example.org>") {
					t.Errorf("place of %s is %+v", b.ID, b.Location)
				}
			}
		})
	}
}

func TestRangeOfAnUnknownRevisionIsAnError(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	g := r.open()
	for _, expression := range []string{
		"nowhere..HEAD", "HEAD..nowhere", strings.Repeat("1", 40) + "..HEAD", "HEAD", "", "--all..HEAD", "HEAD..-n1", "a\nb..HEAD",
		"HEAD:a..HEAD",
	} {
		if _, err := g.Range(t.Context(), expression); !errors.Is(err, gitsource.ErrUnknownRevision) {
			t.Errorf("range %q: error is %v", expression, err)
		}
	}
	if _, err := g.Refs(t.Context(), "main", "nowhere"); !errors.Is(err, gitsource.ErrUnknownRevision) {
		t.Errorf("refs: error is %v", err)
	}
}

func TestRangeLocatesInItsCommitsOnly(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	base := r.commit("a", "the text\n")
	first := r.commit("folder/b", "the text\n")
	second := r.commit("c", "the text\n")
	s, err := r.open().Range(t.Context(), base+"..HEAD")
	if err != nil {
		t.Fatal(err)
	}
	got := collect(t, s).clean(t)
	text, folder := got.must(t, "the text"), got.must(t, "folder\n")
	found := locate(t, s, text.ID, folder.ID, scanner.BlobID(second))
	if l := found[text.ID]; len(l) != 2 || l[0].Commit != first || l[0].Path != "folder/b" || l[1].Commit != second || l[1].Path != "c" {
		t.Errorf("places are %+v", l)
	}
	if l := found[folder.ID]; len(l) != 1 || l[0].Kind != scanner.KindName || l[0].Commit != first {
		t.Errorf("places of the name are %+v", l)
	}
	if l := found[scanner.BlobID(second)]; len(l) != 1 || l[0].Kind != scanner.KindCommit {
		t.Errorf("places of the commit are %+v", l)
	}
}

func TestRangeThatReachesAShallowBoundaryIsNotComplete(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	r.git("checkout", "-q", "-b", "side")
	r.commit("b", "two\n")
	r.git("checkout", "-q", "main")
	r.commit("c", "three\n")
	c := r.clone("--depth=1", "--no-single-branch")
	s, err := c.open().Range(t.Context(), "origin/main..origin/side")
	if err != nil {
		t.Fatal(err)
	}
	got := collect(t, s)
	got.must(t, "two\n")
	if got.err != nil || got.reasons() != "shallow-boundary" {
		t.Errorf("error %v, skips %v", got.err, got.skips)
	}
}

func TestRefsReachesOnlyWhatTheyReach(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "base\n")
	r.git("checkout", "-q", "-b", "side")
	side := r.commit("b", "of the side\n")
	r.git("tag", "-a", "-m", "message-of-tag", "v1")
	r.git("tag", "text", r.hash("tagged blob\n"))
	r.git("checkout", "-q", "main")
	r.commit("c", "of main\n")
	g := r.open()
	s, err := g.Refs(t.Context(), "v1", "text")
	if err != nil {
		t.Fatal(err)
	}
	got := collect(t, s).clean(t)
	for _, text := range []string{"base\n", "of the side\n", "tagged blob\n", "message-of-tag", "change b"} {
		got.must(t, text)
	}
	if _, ok := got.find("of main\n"); ok {
		t.Error("what only main reaches was yielded")
	}
	if n := s.Counts(); n.Commits != 2 || n.Blobs != 3 || n.Refs != 2 {
		t.Errorf("counts %+v", n)
	}
	id := got.must(t, "of the side\n").ID
	if l := locate(t, s, id)[id]; len(l) != 1 || l[0].Commit != side || l[0].Path != "b" || l[0].Ref != "v1" {
		t.Errorf("places are %+v", l)
	}
}
