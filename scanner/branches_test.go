package scanner_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/keywright/keywright/scanner"
)

func TestAFindingNamesTheBranchesAndTagsOfItsPlacesWhenAsked(t *testing.T) {
	t.Parallel()
	key := mint(t, own(), "branches")
	source := func() *list {
		return &list{
			blobs: []scanner.Blob{blob("aa", "", "k="+key), blob("bb", "", "k2="+key), blob("cc", "", "k3="+key)},
			places: map[scanner.BlobID][]scanner.Location{
				"aa": {{Path: "a", Commit: "c1", Date: day(1)}}, "bb": {{Path: "b", Commit: "c2", Date: day(2)}},
				"cc": {{Ref: "refs/tags/of-a-blob"}, {Ref: "refs/stash"}},
			},
			refs: map[string][]string{"c1": {"refs/heads/main", "refs/tags/v1"}, "c2": {"refs/heads/dev", "refs/heads/main"}},
		}
	}
	cases := []struct {
		name    string
		options scanner.Options
		refErr  error
		want    []string
		skips   int
	}{
		{"not asked", scanner.Options{}, nil, nil, 0},
		{"asked", scanner.Options{Branches: true}, nil, []string{"refs/heads/dev", "refs/heads/main", "refs/tags/of-a-blob", "refs/tags/v1"}, 0},
		{"some could not be told", scanner.Options{Branches: true}, errors.New("no"), []string{"refs/heads/dev", "refs/heads/main", "refs/tags/of-a-blob", "refs/tags/v1"}, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := source()
			l.refErr = c.refErr
			r, summary := scan(t, newScanner(t, c.options), scanner.Join(l, &list{blobs: []scanner.Blob{blob("", "d", "nothing")}}))
			if len(r.findings) != 1 || !slices.Equal(r.findings[0].Refs, c.want) {
				t.Errorf("findings %+v, want refs %v", r.findings, c.want)
			}
			if len(r.skips) != c.skips || summary.Complete != (c.skips == 0) {
				t.Errorf("skips %v, complete %v", r.skips, summary.Complete)
			}
		})
	}
}
