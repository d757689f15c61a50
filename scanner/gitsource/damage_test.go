package gitsource_test

import (
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
)

// loose is the file of a loose object.
func (r *repo) loose(id string) string { return r.path(".git/objects/" + id[:2] + "/" + id[2:]) }

func (r *repo) remove(path string) {
	r.t.Helper()
	if err := os.Remove(path); err != nil {
		r.t.Fatal(err)
	}
}

// overwrite changes bytes of a file that git made read-only.
func (r *repo) overwrite(path string, change func([]byte) []byte) {
	r.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	r.remove(path)
	if err := os.WriteFile(path, change(data), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *repo) pack(ext string) string {
	r.t.Helper()
	files, _ := filepath.Glob(r.path(".git/objects/pack/pack-*." + ext))
	if len(files) == 0 {
		r.t.Fatalf("no .%s", ext)
	}
	return files[0]
}

func half(b []byte) []byte { return b[:len(b)/2] }

func (x result) objects() []string {
	var ids []string
	for _, s := range x.skips {
		if s.Object != "" {
			ids = append(ids, s.Object)
		}
	}
	sort.Strings(ids)
	return ids
}

func TestWhatIsNotThereIsASkipAndTheRestIsRead(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		damage  func(r *repo) (object string) // the object that a skip must name, if any
		reasons string
	}{
		{"a missing blob", func(r *repo) string {
			id := r.git("rev-parse", "HEAD~1:a")
			r.remove(r.loose(id))
			return id
		}, "missing-object"},
		{"a missing tree", func(r *repo) string {
			id := r.git("rev-parse", "HEAD~1^{tree}")
			r.remove(r.loose(id))
			return id
		}, "missing-object"},
		{"a missing commit", func(r *repo) string {
			id := r.git("rev-parse", "HEAD~1")
			r.remove(r.loose(id))
			return id
		}, "missing-object"},
		{"a ref to nothing", func(r *repo) string {
			id := strings.Repeat("5", 40)
			r.write(".git/refs/heads/gone", id+"\n")
			return id
		}, "missing-object"},
		{"a tag of nothing", func(r *repo) string {
			r.commit("x", "tagged\n")
			r.git("tag", "-a", "-m", "text", "t", "HEAD:x")
			id := r.git("rev-parse", "HEAD:x")
			r.git("reset", "-q", "--hard", "HEAD~1")
			r.git("reflog", "expire", "--expire=now", "--all")
			r.remove(r.loose(id))
			return id
		}, "missing-object"},
		{"a loose object cut in two", func(r *repo) string {
			id := r.git("rev-parse", "HEAD~1:a")
			r.overwrite(r.loose(id), half)
			return id
		}, "corrupt-object"},
		{"an empty loose object", func(r *repo) string {
			id := r.git("rev-parse", "HEAD~1:a")
			r.overwrite(r.loose(id), func([]byte) []byte { return nil })
			return id
		}, "corrupt-object"},
		{"a loose object of noise", func(r *repo) string {
			id := r.git("rev-parse", "HEAD~1:a")
			r.overwrite(r.loose(id), func([]byte) []byte { return []byte("no zlib stream at all") })
			return id
		}, "corrupt-object"},
		{"a broken tree", func(r *repo) string {
			id := r.git("rev-parse", "HEAD~1^{tree}")
			r.overwrite(r.loose(id), half)
			return id
		}, "corrupt-object missing-object"}, // git's own walk for missing objects dies of it, which is said
		{"a pack that was cut", func(r *repo) string {
			r.git("repack", "-q", "-a", "-d")
			r.overwrite(r.pack("pack"), half)
			r.hash("still here\n")
			return ""
		}, "corrupt-object missing-object"},
		{"a pack that is gone", func(r *repo) string {
			r.git("repack", "-q", "-a", "-d")
			r.remove(r.pack("pack"))
			return ""
		}, "missing-object missing-pack"},
		{"a pack whose index is gone", func(r *repo) string {
			r.git("repack", "-q", "-a", "-d")
			r.remove(r.pack("idx"))
			return ""
		}, "missing-object missing-pack"},
		{"an index with a wrong checksum", func(r *repo) string {
			r.git("repack", "-q", "-a", "-d")
			r.overwrite(r.pack("idx"), func(b []byte) []byte { b[1100] ^= 1; return b })
			return ""
		}, "corrupt-object missing-object"},
		{"an alternate that is gone", func(r *repo) string {
			r.write(".git/objects/info/alternates", "/nowhere/objects\n")
			return ""
		}, "unreadable"},
		{"a reftable", func(r *repo) string {
			r.write(".git/reftable/tables.list", "")
			return ""
		}, "unsupported"},
		{"an empty ref, as a crash leaves it", func(r *repo) string {
			r.write(".git/refs/heads/empty", "")
			return ""
		}, "hostile-repository"},
		{"a HEAD that is none", func(r *repo) string {
			r.write(".git/HEAD", "nothing\n")
			return ""
		}, "hostile-repository"},
		{"nothing, with files that git passes over", func(r *repo) string {
			r.write(".git/refs/heads/.DS_Store", "noise")
			r.write(".git/refs/heads/main.lock", "noise")
			r.write(".git/MERGE_MSG", strings.Repeat("long ", 100_000))
			r.write(".git/FETCH_HEAD", strings.Repeat(strings.Repeat("7", 40)+"\tnot-for-merge\tbranch\n", 5000))
			return ""
		}, ""},
		{"nothing, when only FETCH_HEAD leads to what was pruned", func(r *repo) string {
			r.git("checkout", "-q", "-b", "side")
			lost := r.commit("b", "fetched\n")
			blob := r.git("rev-parse", "HEAD:b")
			r.git("checkout", "-q", "main")
			r.git("branch", "-q", "-D", "side")
			r.git("reflog", "expire", "--expire=now", "--all")
			r.write(".git/FETCH_HEAD", lost+"\t\tbranch 'side'\n")
			r.remove(r.loose(blob))
			return ""
		}, ""},
		{"a ref that is none", func(r *repo) string {
			r.write(".git/refs/heads/odd", "neither\n")
			return ""
		}, "hostile-repository"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			r.commit("a", "first\n")
			r.commit("a", "second\n")
			r.commit("a", "third\n")
			object := c.damage(r)
			h := r.open().History()
			got := collect(t, h)
			if got.err != nil || got.reasons() != c.reasons {
				t.Fatalf("error %v, reasons %q, want %q: %v", got.err, got.reasons(), c.reasons, got.skips)
			}
			sameThroughGit(t, r, gitsource.Options{})
			if object != "" && (len(got.objects()) != 1 || got.objects()[0] != object) {
				t.Errorf("skips name %v, want %s", got.objects(), object)
			}
			if !strings.Contains(c.name, "pack") && !strings.Contains(c.name, "index") {
				got.must(t, "first\n")
				id := got.must(t, "third\n").ID
				found, _ := h.Locate(t.Context(), []scanner.BlobID{id})
				if len(found[id]) == 0 && c.name != "a reftable" {
					t.Errorf("the newest file has no place")
				}
			}
		})
	}
}

func TestDamageInsideAPackLosesOnlyWhatItHit(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for i := range 50 {
		r.commit("f"+strconv.Itoa(i), strings.Repeat("text "+strconv.Itoa(i*7919)+" ", 30))
	}
	r.git("repack", "-q", "-a", "-d", "--depth=0", "--window=0")
	all := r.gitBlobs()
	r.overwrite(r.pack("pack"), func(b []byte) []byte {
		for i := range 10 {
			b[len(b)*(i+1)/12] ^= 0xff
		}
		return b
	})
	sameThroughGit(t, r, gitsource.Options{})
	got := collect(t, r.open().History())
	if got.err != nil || len(got.objects()) == 0 || len(got.objects()) > 10 || !strings.Contains(got.reasons(), "corrupt-object") {
		t.Fatalf("error %v, skips %v", got.err, got.skips)
	}
	lost := map[string]bool{}
	for _, id := range got.objects() {
		lost[id] = true
	}
	read := map[string]bool{}
	for _, id := range got.ids(scanner.KindFile) {
		read[id] = true
	}
	for _, id := range all {
		if lost[id] == read[id] {
			t.Errorf("blob %s: read %v, reported as lost %v", id, read[id], lost[id])
		}
	}
}

func TestAPartialCloneReportsEachMissingBlob(t *testing.T) {
	t.Parallel()
	for _, withOrigin := range []bool{true, false} {
		r := newRepo(t)
		r.commit("a", "one\n")
		r.commit("b", "two\n")
		want := r.gitBlobs()
		c := r.clone("--filter=blob:none", "--no-checkout")
		if !withOrigin {
			c.git("remote", "remove", "origin")
		}
		sameThroughGit(t, c, gitsource.Options{})
		h := c.open().History()
		got := collect(t, h)
		if got.err != nil || got.reasons() != "missing-object" || !reflect.DeepEqual(got.objects(), want) {
			t.Errorf("origin %v: error %v, skips %v, want %v", withOrigin, got.err, got.skips, want)
		}
		if h.Counts().Commits != 2 || h.Counts().Blobs != 0 {
			t.Errorf("origin %v: counts %+v", withOrigin, h.Counts())
		}
		if len(got.ids(scanner.KindCommit)) != 2 {
			t.Error("the messages were not read")
		}
	}
}

func TestATreelessCloneIsNotComplete(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	c := r.clone("--filter=tree:0", "--no-checkout")
	got := collect(t, c.open().History())
	if got.err != nil || got.reasons() != "missing-object" {
		t.Errorf("error %v, skips %v", got.err, got.skips)
	}
	s, err := c.open().Range(t.Context(), strings.Repeat("0", 40)+"..HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if got := collect(t, s); got.err != nil || got.reasons() != "missing-object" {
		t.Errorf("range: error %v, skips %v", got.err, got.skips)
	}
}

func TestAShallowCloneReportsItsBoundary(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	r.commit("a", "two\n")
	boundary := r.commit("a", "three\n")
	c := r.clone("--depth=1")
	sameThroughGit(t, c, gitsource.Options{})
	h := c.open().History()
	got := collect(t, h)
	if got.err != nil || got.reasons() != "shallow-boundary" || !reflect.DeepEqual(got.objects(), []string{boundary}) {
		t.Errorf("error %v, skips %v", got.err, got.skips)
	}
	if h.Counts().Commits != 1 {
		t.Errorf("counts %+v", h.Counts())
	}
	id := got.must(t, "three\n").ID
	if l := locate(t, h, id)[id]; len(l) != 1 || l[0].Commit != boundary {
		t.Errorf("places are %+v", l)
	}
}

func TestManyShallowBoundariesAreOneSkip(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "base\n")
	for i := range 25 {
		r.git("checkout", "-q", "-b", "b"+strconv.Itoa(i), "main")
		r.commit("a", strconv.Itoa(i)+"\n")
		r.commit("a", strconv.Itoa(i)+" again\n")
	}
	got := collect(t, r.clone("--depth=1", "--no-single-branch").open().History())
	if got.err != nil || got.reasons() != "shallow-boundary" || len(got.skips) != 21 {
		t.Errorf("error %v, %d skips", got.err, len(got.skips))
	}
}

func TestARangeWithAMissingCommitIsNotComplete(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	base := r.commit("a", "base\n")
	gone := r.commit("b", "lost\n")
	r.commit("c", "kept\n")
	r.remove(r.loose(gone))
	s, err := r.open().Range(t.Context(), base+"..HEAD")
	if err != nil {
		t.Fatal(err)
	}
	got := collect(t, s)
	got.must(t, "kept\n")
	if got.err != nil || got.reasons() != "missing-object" {
		t.Errorf("error %v, skips %v", got.err, got.skips)
	}
}

func TestStagedReportsAMissingBlobAndAMissingHead(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	head := r.commit("a", "one\n")
	r.write("b", "two\n")
	r.git("add", "-A")
	id := r.git("rev-parse", ":b")
	r.remove(r.loose(id))
	if got := collect(t, r.open().Staged()); got.reasons() != "missing-object" || got.objects()[0] != id {
		t.Errorf("skips %v", got.skips)
	}
	r.hash("two\n")
	r.remove(r.loose(head))
	got := collect(t, r.open().Staged())
	got.must(t, "one\n")
	got.must(t, "two\n")
	if got.err != nil || got.reasons() != "missing-object" {
		t.Errorf("error %v, skips %v", got.err, got.skips)
	}
}
