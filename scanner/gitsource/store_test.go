package gitsource_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
)

// said are the reasons of the skips with what they name, sorted.
func (x result) said() []string {
	var all []string
	for _, s := range x.skips {
		all = append(all, string(s.Reason)+" "+s.Object+" "+s.Path)
	}
	sort.Strings(all)
	return all
}

// sameThroughGit compares what is read without a git program to what git reads.
func sameThroughGit(t *testing.T, r *repo, options gitsource.Options) {
	t.Helper()
	own := r.open(options).History()
	options.ThroughGit = true
	slow := r.open(options).History()
	got, want := collect(t, own), collect(t, slow)
	if !reflect.DeepEqual(got.contents(), want.contents()) {
		t.Errorf("%d blobs, through git %d", len(got.blobs), len(want.blobs))
	}
	if own.Counts() != slow.Counts() {
		t.Errorf("counts %+v, through git %+v", own.Counts(), slow.Counts())
	}
	if fmt.Sprint(got.err) != fmt.Sprint(want.err) || !reflect.DeepEqual(got.said(), want.said()) {
		t.Errorf("error %v, skips %q; through git %v, %q", got.err, got.said(), want.err, want.said())
	}
	options.ThroughGit = false
	sameLent(t, r, options)
}

func TestReadingPacksOurselvesYieldsWhatGitReads(t *testing.T) {
	t.Parallel()
	more := []struct {
		name string
		make func(t *testing.T) *repo
	}{
		{"chains of deltas in several packs, with copies", func(t *testing.T) *repo {
			r := newRepo(t)
			text := ""
			for i := range 60 {
				text += "line " + strconv.Itoa(i*7919) + " of a file that grows\n"
				r.commit("grows", text)
				if i%20 == 19 {
					r.git("repack", "-q", "--depth=50")
				}
			}
			r.git("pack-objects", "--all", "-q", "--depth=4095", "--window=20", ".git/objects/pack/pack")
			r.commit("grows", text+"loose\n")
			return r
		}},
		{"a cruft pack", func(t *testing.T) *repo {
			r := newRepo(t)
			r.commit("a", "one\n")
			r.hash("nothing reaches this\n")
			r.git("repack", "-q", "--cruft", "-d")
			return r
		}},
		{"bases that are named by id, in SHA-256", func(t *testing.T) *repo {
			r := newRepo(t, "--object-format=sha256")
			text := ""
			for i := range 20 {
				text += "line " + strconv.Itoa(i*7919) + " of a file that grows\n"
				r.commit("grows", text)
			}
			r.git("-c", "repack.useDeltaBaseOffset=false", "repack", "-qadf")
			return r
		}},
		{"a work tree of its own", func(t *testing.T) *repo {
			r := newRepo(t)
			r.commit("a", "one\n")
			r.git("gc", "-q")
			dir := filepath.Join(t.TempDir(), "linked")
			r.git("worktree", "add", "-q", "-b", "other", dir)
			linked := &repo{t: t, dir: dir, clock: 500}
			linked.commit("b", "in the linked tree\n")
			return linked
		}},
		{"large, empty and binary files", func(t *testing.T) *repo {
			r := newRepo(t)
			r.commit("empty", "")
			r.commit("large", strings.Repeat("much of the same\n", 100_000))
			r.commit("zeros", string(make([]byte, 10_000)))
			return r
		}},
	}
	for i, c := range append(more, shapes...) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := c.make(t)
			if i < len(more) {
				sameThroughGit(t, r, gitsource.Options{MaxBlobBytes: 20})
				sameThroughGit(t, r, gitsource.Options{MaxBlobBytes: 600, UserSetMax: true})
			}
			sameThroughGit(t, r, gitsource.Options{})
		})
	}
}

func TestOddLooseFilesAreLeftToGit(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	id := r.hash("with a tail\n")
	r.overwrite(r.loose(id), func(b []byte) []byte { return append(b, "tail"...) })
	r.write(".git/objects/ab/tmp_obj_123456", "left over from a crash")
	r.write(".git/objects/ab/README", "no object")
	sameThroughGit(t, r, gitsource.Options{})
}

// A pack whose file becomes shorter while it is read costs its objects, each of which is said, and no more.
func TestAPackThatIsTruncatedDuringAScanIsNeverClean(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for i := range 20 {
		r.write("f"+strconv.Itoa(i), strings.Repeat("text "+strconv.Itoa(i*7919)+" ", 40_000))
	}
	r.commit("one more", "file\n")
	r.git("-c", "pack.compression=0", "repack", "-qadF", "--depth=0", "--window=0") // several parcels of objects
	want := r.gitBlobs()
	pack := r.pack("pack")
	if err := os.Chmod(pack, 0o600); err != nil {
		t.Fatal(err)
	}
	h := r.open().History()
	read, skipped, cut := map[string]bool{}, map[string]bool{}, false
	for b, err := range h.Blobs(t.Context()) {
		var s *scanner.Skip
		switch {
		case errors.As(err, &s):
			skipped[s.Object] = true
			continue
		case err != nil:
			t.Fatal(err)
		}
		if b.Kind == scanner.KindFile {
			read[string(b.ID)] = true
		}
		if !cut {
			cut = true
			if err := os.Truncate(pack, 5000); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(skipped) == 0 {
		t.Error("nothing was said of the pack")
	}
	for _, id := range want {
		if !read[id] && !skipped[id] {
			t.Errorf("blob %s is neither read nor said to be lost", id)
		}
	}
}

// sink keeps findings by all that a report says of them.
type sink struct{ said []string }

func (s *sink) Started(scanner.Start) error { return nil }
func (s *sink) Finding(f scanner.Finding) error {
	s.said = append(s.said, fmt.Sprintf("%s %s %s %+v", f.Pattern, f.Fingerprint, f.Blob, f.Location))
	return nil
}
func (s *sink) Skipped(x scanner.Skip) error {
	s.said = append(s.said, "skip "+string(x.Reason))
	return nil
}
func (s *sink) Done(x scanner.Summary) error {
	s.said = append(s.said, fmt.Sprintf("%+v", x.Counts))
	return nil
}

func TestFindingsAndTheirOrderAreThoseThatGitLeadsTo(t *testing.T) {
	t.Parallel()
	set, err := patterns.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	own, _ := set.ByID(patterns.OwnID)
	r := newRepo(t)
	text := ""
	for i := range 30 {
		key, err := patterns.Mint(own, strconv.Itoa(i))
		if err != nil {
			t.Fatal(err)
		}
		text += strings.Repeat("some text around\n", i) + "KEY=" + key + "\n"
		r.commit("config", text)
		if i%11 == 10 {
			r.git("gc", "-q")
		}
	}
	findings := func(options gitsource.Options) []string {
		s, err := scanner.New(set, scanner.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var out sink
		if _, err := s.Scan(t.Context(), r.open(options).History(), &out); err != nil {
			t.Fatal(err)
		}
		return out.said
	}
	want := findings(gitsource.Options{ThroughGit: true})
	if len(want) < 30 {
		t.Fatalf("%d findings: the test looks at the wrong thing", len(want))
	}
	for range 3 {
		if got := findings(gitsource.Options{}); !reflect.DeepEqual(got, want) {
			t.Fatalf("%d findings, through git %d:\n%q\n%q", len(got), len(want), got[:2], want[:2])
		}
	}
}
