package gitsource_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
	"github.com/keywright/keywright/scanner/memory"
)

// told is a sink that keeps all that a report says, each skip with what it is about.
type told struct {
	findings, skips []string
	counts          scanner.Counts
}

func (o *told) Started(scanner.Start) error { return nil }
func (o *told) Finding(f scanner.Finding) error {
	o.findings = append(o.findings, fmt.Sprintf("%s %s %s %+v %+v %v", f.Pattern, f.Fingerprint, f.Blob, f.Location, f.Locations, f.Refs))
	return nil
}
func (o *told) Skipped(x scanner.Skip) error {
	o.skips = append(o.skips, fmt.Sprintf("%s %s %s %s", x.Reason, x.Object, x.Path, x.Detail))
	return nil
}
func (o *told) Done(x scanner.Summary) error {
	o.counts = x.Counts
	return nil
}

// rememberer scans one repository again and again with a memory.
type rememberer struct {
	t       *testing.T
	r       *repo
	scanner *scanner.Scanner
	keys    *patterns.Pattern
	folder  *memory.Folder
	options gitsource.Options
	saved   int
	minted  int
}

func newRememberer(t *testing.T, r *repo) *rememberer {
	t.Helper()
	set, err := patterns.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	own, _ := set.ByID(patterns.OwnID)
	s, err := scanner.New(set, scanner.Options{Workers: 2, Branches: true})
	if err != nil {
		t.Fatal(err)
	}
	folder, err := memory.Open(filepath.Join(t.TempDir(), "memory"))
	if err != nil {
		t.Fatal(err)
	}
	return &rememberer{t: t, r: r, scanner: s, keys: own, folder: folder}
}

func (m *rememberer) key() string {
	m.t.Helper()
	m.minted++
	key, err := patterns.Mint(m.keys, strconv.Itoa(m.minted))
	if err != nil {
		m.t.Fatal(err)
	}
	return key
}

// scan scans with the memory, or without, and says what was told.
func (m *rememberer) scan(remember bool) told {
	m.t.Helper()
	h := m.r.open(m.options).History()
	if remember {
		past, note := m.folder.Load("repo", memory.Key{})
		if note != "" {
			m.t.Error(note)
		}
		h.Remember(past)
	}
	var out told
	if _, err := m.scanner.Scan(m.t.Context(), h, &out); err != nil {
		m.t.Fatal(err)
	}
	if d := h.Draft(); d != nil {
		m.saved++
		if err := m.folder.Save("repo", memory.Key{}, d); err != nil {
			m.t.Fatal(err)
		}
	}
	slices.Sort(out.skips)
	return out
}

// gone is what a scan says of an object that was marked and is not there.
const gone = "did not find it clean"

// same compares a scan that remembers with one that does not, and returns what the first one told.
func (m *rememberer) same(name string) told {
	m.t.Helper()
	want, got := m.scan(false), m.scan(true)
	remembered := got
	got.counts.Remembered = 0
	got.skips = slices.DeleteFunc(slices.Clone(got.skips), func(s string) bool { return strings.Contains(s, gone) })
	if len(got.skips) == 0 {
		got.skips = nil
	}
	if !reflect.DeepEqual(got, want) {
		m.t.Fatalf("%s: with the memory of past scans (%d objects)\n%+v\nwithout\n%+v", name, remembered.counts.Remembered, got, want)
	}
	return remembered
}

// text is a file's content without a secret, whose versions are deltas of each other.
func text(random *rand.Rand, lines int) string {
	var b strings.Builder
	for i := range lines {
		fmt.Fprintf(&b, "line %d says %d\n", i, random.IntN(3))
	}
	return b.String()
}

// change does something to a repository, which another scan follows.
func (m *rememberer) change(random *rand.Rand) string {
	r := m.r
	file := "f" + strconv.Itoa(random.IntN(4))
	plain := text(random, 60)
	changes := []struct {
		name string
		do   func()
	}{
		{"nothing", func() {}},
		{"a commit", func() { r.commit(file, plain) }},
		{"a commit in a folder", func() { r.commit("dir/"+file, plain) }},
		{"a commit with a key", func() { r.commit(file, plain+"KEY="+m.key()+"\n") }},
		{"a file with a key as its name", func() { r.commit(m.key(), plain) }},
		{"a message with a key", func() { r.git("commit", "-q", "--allow-empty", "-m", "use "+m.key()) }},
		{"an annotated tag", func() { r.git("tag", "-f", "-a", "-m", "tag "+file, "t"+file) }},
		{"a tag with a key", func() { r.git("tag", "-f", "-a", "-m", m.key(), "k"+file) }},
		{"a branch", func() { r.git("branch", "-f", "b"+file) }},
		{"a branch away", func() { _, _ = r.try("", "branch", "-D", "b"+file) }},
		{"back by one commit", func() { _, _ = r.try("", "reset", "-q", "--hard", "HEAD~1") }},
		{"an amended commit", func() { r.git("commit", "-q", "--allow-empty", "--amend", "-m", "amended "+file) }},
		{"a blob that nothing reaches", func() { r.hash(plain) }},
		{"a key that nothing reaches", func() { r.hash(m.key()) }},
		{"a new pack", func() { r.git("repack", "-qd") }},
		{"one pack", func() { r.git("gc", "-q", "--prune=now") }},
		{"what nothing reaches is pruned", func() {
			r.git("reflog", "expire", "--expire=now", "--all")
			r.git("gc", "-q", "--prune=now")
		}},
		{"a broken archive", func() { r.commit("a"+file+".gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"+plain) }},
	}
	c := changes[random.IntN(len(changes))]
	c.do()
	return c.name
}

func TestAScanThatRemembersSaysWhatOneSaysThatDoesNot(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			var args []string
			if seed == 0 {
				args = []string{"--object-format=sha256"}
			}
			r := newRepo(t, args...)
			m := newRememberer(t, r)
			random := rand.New(rand.NewPCG(seed, 7))
			for i := range 30 {
				r.write("f"+strconv.Itoa(i%4), text(random, 60))
				if i%5 == 4 {
					r.commit("again", text(random, 60))
				}
			}
			var names []string
			for range 16 {
				m.same(strings.Join(names, ", "))
				names = append(names, m.change(random))
			}
			m.same(strings.Join(names, ", "))
			if again := m.same("nothing more"); again.counts.Remembered == 0 && !t.Failed() {
				t.Log("no object is remembered: all are marked") // a name with a key marks the trees, not the blobs
			}
		})
	}
}

// An unchanged repository is not read, and its memory is not written again.
func TestAScanOfAnUnchangedRepositoryReadsWhatIsNotClean(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	m := newRememberer(t, r)
	for i := range 40 {
		r.commit("file"+strconv.Itoa(i%7), text(rand.New(rand.NewPCG(uint64(i), 1)), 50))
	}
	r.commit("config", "KEY="+m.key()+"\n")
	r.git("gc", "-q")
	all := m.same("first").counts
	if all.Remembered != 0 || m.saved != 1 {
		t.Fatalf("a first scan remembers %d objects, %d drafts were saved", all.Remembered, m.saved)
	}
	total := len(strings.Fields(r.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")))
	var read gitsource.Progress
	m.options.Progress = func(p gitsource.Progress) { read = p }
	second := m.scan(true)
	if second.counts.Remembered != total-1 || len(second.findings) != 1 || read.Objects != 1 {
		t.Errorf("of %d objects %d are remembered and %d read, %d findings", total, second.counts.Remembered, read.Objects, len(second.findings))
	}
	if m.saved != 1 {
		t.Errorf("%d drafts were saved", m.saved)
	}
	r.commit("new", "one more\n")
	if third := m.scan(true); third.counts.Commits != 42 || third.counts.Remembered != total-1 || read.Objects != 4 {
		t.Errorf("after a commit: %+v, %d objects read", third.counts, read.Objects)
	}
	if fourth := m.same("after a commit"); fourth.counts.Remembered != total+2 {
		t.Errorf("after that: %+v", fourth.counts)
	}
}

func TestAMarkedObjectThatIsGoneIsSaidOnce(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	m := newRememberer(t, r)
	r.commit("a", "one\n")
	id := r.hash("KEY=" + m.key() + "\n")
	m.same("first")
	if err := os.Remove(r.loose(id)); err != nil {
		t.Fatal(err)
	}
	if second := m.same("gone"); len(second.skips) != 1 || !strings.Contains(second.skips[0], id) || len(second.findings) != 0 {
		t.Errorf("skips %q, %d findings", second.skips, len(second.findings))
	}
	if third := m.same("gone before"); len(third.skips) != 0 {
		t.Errorf("it is said again: %q", third.skips)
	}
}

// What is missing is missing with a memory too, in every scan.
func TestACleanObjectThatIsGoneIsMissing(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"HEAD:dir/b", "HEAD:dir", "HEAD^{tree}", "HEAD~1", "v1"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			m := newRememberer(t, r)
			r.commit("a", "one\n")
			r.commit("dir/b", "two\n")
			r.git("tag", "-a", "-m", "a tag", "v1")
			unreached := r.hash("nothing reaches this\n")
			m.same("first")
			if err := os.Remove(r.loose(unreached)); err != nil {
				t.Fatal(err)
			}
			if x := m.same("what nothing reaches is gone"); len(x.skips) != 0 {
				t.Errorf("skips %q", x.skips)
			}
			if err := os.Remove(r.loose(r.git("rev-parse", what))); err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				if x := m.same(fmt.Sprintf("scan %d without %s", i, what)); len(x.skips) == 0 {
					t.Error("it is not said to be missing")
				}
			}
		})
	}
}

func TestShallowAndPartialRepositoriesAreNeverWholeByMemory(t *testing.T) {
	t.Parallel()
	origin := newRepo(t)
	for i := range 6 {
		origin.commit("f", text(rand.New(rand.NewPCG(uint64(i), 2)), 50))
	}
	for name, args := range map[string][]string{
		"shallow": {"--depth", "2"}, "without blobs": {"--no-checkout", "--filter=blob:none"}, "whole": nil,
	} {
		m := newRememberer(t, origin.clone(args...))
		m.t = t
		for i := range 3 {
			if x := m.same(fmt.Sprintf("%s, scan %d", name, i)); (len(x.skips) == 0) != (name == "whole") {
				t.Errorf("%s, scan %d: skips %q", name, i, x.skips)
			}
		}
	}
}

// Whatever a skip is about is read and said again.
func TestADamagedObjectIsSaidInEveryScan(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	m := newRememberer(t, r)
	m.options.MaxBlobBytes = 1 << 16
	r.commit("a", "one\n")
	r.commit("large", strings.Repeat("large\n", 20_000))
	id := r.hash("damaged\n")
	r.overwrite(r.loose(id), func(b []byte) []byte { return b[:len(b)/2] })
	first := m.same("first")
	if len(first.skips) != 2 {
		t.Fatalf("skips %q", first.skips)
	}
	for range 2 {
		if x := m.same("again"); !reflect.DeepEqual(x.skips, first.skips) || x.counts.Remembered == 0 {
			t.Errorf("skips %q, %d objects remembered", x.skips, x.counts.Remembered)
		}
	}
	r.git("repack", "-qad")
	m.same("packed")
	m.same("packed, again")
}
