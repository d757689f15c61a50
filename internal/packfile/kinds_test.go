package packfile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keywright/keywright/internal/packfile"
)

// stdinOf makes the input of a git command from ids.
func stdinOf(ids ...string) *bytes.Reader {
	return bytes.NewReader([]byte(strings.Join(ids, "\n") + "\n"))
}

func TestUnreachableObjectsInACruftPackAreGiven(t *testing.T) {
	t.Parallel()
	r := newRepository(t, "sha1")
	r.addHistory(t, "main", "errors", 40)
	r.addHistory(t, "gone", "sort", 40)
	r.git(t, nil, "repack", "-qad")
	r.git(t, nil, "update-ref", "-d", "refs/heads/gone")
	r.git(t, nil, "repack", "-qd", "--cruft")
	if cruft, err := filepath.Glob(filepath.Join(r.dir, "objects/pack/*.mtimes")); err != nil || len(cruft) != 1 {
		t.Fatalf("%q, %v", cruft, err)
	}
	packs, want := r.packs(t), r.saidByGit(t)
	var s seen
	if _, err := packfile.Walk(t.Context(), packs, packfile.Options{VerifyIDs: true}, s.visitor()); err != nil {
		t.Fatal(err)
	}
	s.mustEqual(t, want)
	mustReadAll(t, packs, packfile.ReaderOptions{}, want)
}

// The other pack may be that of an alternate: a walk does not know where its packs come from.
func TestAThinPackTakesItsBasesFromAnother(t *testing.T) {
	t.Parallel()
	r := newRepository(t, "sha1")
	r.addHistory(t, "main", "strconv", 40)
	r.git(t, nil, "repack", "-qad")
	want := r.saidByGit(t)
	tip := strings.TrimSpace(string(r.git(t, nil, "rev-parse", "main")))
	old := strings.TrimSpace(string(r.git(t, nil, "rev-parse", "main~20")))
	thin := r.git(t, stdinOf(tip, "^"+old), "pack-objects", "-q", "--revs", "--thin", "--stdout")
	whole := r.git(t, stdinOf(old), "pack-objects", "-q", "--revs", "--stdout")
	packs := []*packfile.Pack{r.indexed(t, thin), r.indexed(t, whole)}
	var alone seen
	if _, err := packfile.Walk(t.Context(), packs[:1], packfile.Options{}, alone.visitor()); err != nil {
		t.Fatal(err)
	}
	if alone.reasons()[packfile.ReasonMissingBase] == 0 {
		t.Fatalf("%d objects and %v: the pack is not thin", len(alone.objects), alone.reasons())
	}
	var s seen
	options := packfile.Options{Workers: 1, Base: packfile.NewReader(packs, packfile.ReaderOptions{}).Read}
	if _, err := packfile.Walk(t.Context(), packs, options, s.visitor()); err != nil {
		t.Fatal(err)
	}
	s.mustEqual(t, want)
}

// indexed opens a pack that git wrote, thin or not. Git makes an index for a pack only after it has appended the
// bases that are missing; of that index those entries are kept that the pack has by itself.
func (r repository) indexed(t *testing.T, pack []byte) *packfile.Pack {
	t.Helper()
	path := filepath.Join(t.TempDir(), "full.pack")
	r.git(t, bytes.NewReader(pack), "index-pack", "--stdin", "--fix-thin", path)
	data, err := os.ReadFile(strings.TrimSuffix(path, ".pack") + ".idx")
	if err != nil {
		t.Fatal(err)
	}
	x, err := packfile.ParseIndex(data, r.size)
	if err != nil {
		t.Fatal(err)
	}
	b := newBuilder()
	b.pack = pack[:len(pack)-r.size]
	for i := range x.Len() {
		if x.Offset(i) < uint64(len(b.pack)) {
			b.list(x.ID(i), x.Offset(i))
		}
	}
	return b.parse(t)
}

func TestAPartialCloneGivesWhatItHas(t *testing.T) {
	t.Parallel()
	from := newRepository(t, "sha1")
	from.addHistory(t, "main", "errors", 30)
	from.git(t, nil, "repack", "-qad")
	from.git(t, nil, "config", "uploadpack.allowFilter", "true")
	to := repository{dir: filepath.Join(t.TempDir(), "to.git"), size: packfile.SHA1Size}
	from.git(t, nil, "clone", "-q", "--bare", "--filter=blob:none", "file://"+from.dir, to.dir)
	if promisor, err := filepath.Glob(filepath.Join(to.dir, "objects/pack/*.promisor")); err != nil || len(promisor) == 0 {
		t.Fatalf("%q, %v", promisor, err)
	}
	if err := os.WriteFile(filepath.Join(to.dir, "HEAD"), []byte("ref: refs/heads/main\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var s seen
	if _, err := packfile.Walk(t.Context(), to.packs(t), packfile.Options{VerifyIDs: true}, s.visitor()); err != nil {
		t.Fatal(err)
	}
	want := from.saidByGit(t)
	kinds := map[string]int{}
	for id, o := range s.objects {
		if want[id] != o {
			t.Errorf("object %s is not git's", id)
		}
		kinds[o.kind]++
	}
	if len(s.unread) > 0 || kinds["commit"] != 30 || kinds["tree"] == 0 || kinds["blob"] > 0 {
		t.Errorf("%v, unread %v", kinds, s.reasons())
	}
}
