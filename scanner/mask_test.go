package scanner_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/keywright/keywright/scanner"
)

func TestASecretInANameIsNotShownByTheFindingsAndSkipsAroundIt(t *testing.T) {
	t.Parallel()
	inName, inFile := mint(t, own(), "name"), mint(t, own(), "file")
	path := "backup/" + inName + ".env"
	source := &list{
		blobs: []scanner.Blob{
			{Kind: scanner.KindName, Data: []byte(inName + ".env"), Location: scanner.Location{Path: "backup"}},
			{ID: "aa", Data: []byte("k=" + inFile)},
			{},
		},
		errs: map[int]error{2: &scanner.Skip{Reason: scanner.SkipUnreadable, Path: path, Detail: (&fs.PathError{Op: "open", Path: path, Err: errors.New("denied")}).Error()}},
		places: map[scanner.BlobID][]scanner.Location{"aa": {
			{Path: path, Ref: "refs/heads/" + inName, Author: inName + " <a@example.org>"}, {Path: "copy/" + path},
		}},
	}
	source.refs = map[string][]string{"c1": {"refs/heads/" + inName, "refs/heads/main"}}
	source.places["aa"] = append(source.places["aa"], scanner.Location{Path: "third", Commit: "c1"})
	r, _ := scan(t, newScanner(t, scanner.Options{Branches: true}), source)
	if len(r.findings) != 2 || len(r.skips) != 1 {
		t.Fatalf("%d findings, %d skips", len(r.findings), len(r.skips))
	}
	var shown []string
	for _, f := range r.findings {
		for _, l := range append([]scanner.Location{f.Location}, f.Locations...) {
			shown = append(shown, l.Path, l.Ref, l.Author)
		}
		shown = append(shown, f.Refs...)
	}
	shown = append(shown, r.skips[0].Path, r.skips[0].Detail)
	secret := inName[strings.LastIndexByte(inName, '_')+13:][:30]
	masked := 0
	for _, text := range shown {
		if strings.Contains(text, secret[:8]) {
			t.Error("a name shows a secret")
		}
		masked += strings.Count(text, "…(redacted)")
	}
	if masked != 7 {
		t.Errorf("%d masked names, want 7: %q", masked, shown)
	}
}
