package gitsource_test

import (
	"errors"
	"reflect"
	"sort"
	"testing"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
)

// contents are the kinds and contents that were yielded, sorted.
func (x result) contents() []string {
	var all []string
	for _, b := range x.blobs {
		all = append(all, string(b.Kind)+" "+string(b.ID)+" "+string(b.Data))
	}
	sort.Strings(all)
	return all
}

func TestBothReadersYieldTheSame(t *testing.T) {
	t.Parallel()
	for _, c := range shapes {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := c.make(t)
			with, without := r.open().History(), r.open(gitsource.Options{NoGit: true}).History()
			want, got := collect(t, with).clean(t), collect(t, without)
			if !reflect.DeepEqual(got.clean(t).contents(), want.contents()) {
				t.Errorf("without git:\n%q\nwith git:\n%q", got.contents(), want.contents())
			}
			if with.Counts() != without.Counts() {
				t.Errorf("counts without git %+v, with git %+v", without.Counts(), with.Counts())
			}
		})
	}
}

func TestWithoutGitDamageIsASkip(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	r.commit("a", "two\n")
	id := r.git("rev-parse", "HEAD~1:a")
	r.overwrite(r.loose(id), half)
	g := r.open(gitsource.Options{NoGit: true})
	got := collect(t, g.History())
	got.must(t, "two\n")
	if got.err != nil || len(got.skips) == 0 || got.skips[0].Object != id {
		t.Errorf("error %v, skips %v", got.err, got.skips)
	}
	r.remove(r.loose(id))
	got = collect(t, r.open(gitsource.Options{NoGit: true}).History())
	if got.reasons() != "missing-object" {
		t.Errorf("skips %v", got.skips)
	}
}

func TestWithoutGitOtherSourcesSayThatTheyNeedIt(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	g := r.open(gitsource.Options{NoGit: true})
	for name, files := range map[string]*gitsource.Files{"staged": g.Staged(), "index": g.Index()} {
		// A skip, so that the work tree behind it is scanned.
		if got := collect(t, files); got.err != nil || got.reasons() != "unsupported" || got.skips[0].Detail != gitsource.ErrNeedsGit.Error() {
			t.Errorf("%s: %v, %v", name, got.skips, got.err)
		}
	}
	if _, err := g.Range(t.Context(), "HEAD..HEAD"); !errors.Is(err, gitsource.ErrNeedsGit) {
		t.Errorf("range: %v", err)
	}
	if _, err := g.Refs(t.Context(), "main"); !errors.Is(err, gitsource.ErrNeedsGit) {
		t.Errorf("refs: %v", err)
	}
	h := g.History()
	id := collect(t, h).clean(t).must(t, "one\n").ID
	places, err := h.Locate(t.Context(), []scanner.BlobID{id})
	if err != nil || len(places[id]) != 1 || places[id][0].Path != "a" {
		t.Errorf("places of a history need no git: %v, %v", places, err)
	}
}
