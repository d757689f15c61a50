package gitsource_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
)

// tripwire is a program that leaves a mark when it runs.
type tripwire struct{ program, mark string }

func newTripwire(t *testing.T) tripwire {
	t.Helper()
	dir := t.TempDir()
	w := tripwire{filepath.Join(dir, "evil"), filepath.Join(dir, "ran")}
	if err := os.WriteFile(w.program, []byte("#!/bin/sh\n: >"+w.mark+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w tripwire) ran() bool { _, err := os.Stat(w.mark); return err == nil }

// exercise runs every source of a repository to its end.
func exercise(t *testing.T, dir string) result {
	t.Helper()
	g := open(t, dir)
	h := g.History()
	all := collect(t, h)
	var ids []scanner.BlobID
	for _, b := range all.blobs {
		if b.ID != "" {
			ids = append(ids, b.ID)
		}
	}
	if _, err := h.Locate(t.Context(), ids); err != nil {
		t.Logf("locate: %v", err)
	}
	add := func(x result) { all.skips, all.blobs = append(all.skips, x.skips...), append(all.blobs, x.blobs...) }
	add(collect(t, g.Staged()))
	add(collect(t, g.Index()))
	if s, err := g.Range(t.Context(), "HEAD~1..HEAD"); err == nil {
		add(collect(t, s))
	}
	if s, err := g.Refs(t.Context(), "main"); err == nil {
		add(collect(t, s))
	}
	return all
}

func TestNothingOfARepositoryIsExecuted(t *testing.T) {
	t.Parallel()
	w := newTripwire(t)
	r := newRepo(t)
	r.commit("a", "one\n")
	r.commit("a", "two\n")
	r.write(".gitattributes", "* filter=evil diff=evil merge=evil ident\n")
	r.write("staged", "three\n")
	r.git("add", "-A")
	included := r.path("included")
	r.write("included", "[core]\n\tfsmonitor = "+w.program+"\n\tpager = "+w.program+"\n")
	config := strings.ReplaceAll(`[core]
	fsmonitor = EVIL
	sshCommand = EVIL
	pager = EVIL
	editor = EVIL
	hooksPath = HOOKS
	attributesFile = /dev/null
	worktree = /
	alternateRefsCommand = EVIL
	gitProxy = EVIL
[diff]
	external = EVIL
[diff "evil"]
	textconv = EVIL
	command = EVIL
[filter "evil"]
	clean = EVIL
	smudge = EVIL
	process = EVIL
	required = true
[merge "evil"]
	driver = EVIL
[gpg]
	program = EVIL
[log]
	showSignature = true
[credential]
	helper = !EVIL
[uploadpack]
	packObjectsHook = EVIL
[alias]
	cat-file = !EVIL
	rev-list = !EVIL
	diff-tree = !EVIL
	ls-files = !EVIL
[trace2]
	eventTarget = MARK
	normalTarget = MARK
[include]
	path = INCLUDED
[extensions]
	partialClone = origin
[remote "origin"]
	url = ext::EVIL
	promisor = true
	uploadpack = EVIL
	partialclonefilter = blob:none
`, "EVIL", w.program)
	config = strings.NewReplacer("HOOKS", filepath.Dir(w.program), "INCLUDED", included, "MARK", w.mark).Replace(config)
	r.overwrite(r.path(".git/config"), func(b []byte) []byte { return append(b, config...) })
	for _, hook := range []string{"post-index-change", "fsmonitor-watchman", "reference-transaction", "post-checkout"} {
		r.write(".git/hooks/"+hook, "#!/bin/sh\n: >"+w.mark+"\n")
		if err := os.Chmod(r.path(".git/hooks/"+hook), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// A missing blob is what makes git run a promisor's uploadpack.
	missing := r.git("rev-parse", "HEAD~1:a")
	r.remove(r.loose(missing))
	// The trap works: git by itself trips it.
	if _, _ = r.try("", "status"); !w.ran() {
		t.Fatal("the trap itself does not work here")
	}
	r.remove(w.mark)
	got := exercise(t, r.dir)
	if w.ran() {
		t.Error("a program that the repository names was run")
	}
	got.must(t, "two\n")
	got.must(t, "three\n")
	if got.reasons() != "missing-object" || got.objects()[0] != missing {
		t.Errorf("skips %v", got.skips)
	}
}

func TestAPromisorsProgramIsNotRun(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	r.commit("b", "two\n")
	w := newTripwire(t)
	c := r.clone("--filter=blob:none", "--no-checkout")
	c.git("config", "remote.origin.uploadpack", w.program)
	if _, _ = c.try("", "cat-file", "-p", "HEAD:a"); !w.ran() {
		t.Fatal("the trap itself does not work here")
	}
	c.remove(w.mark)
	if got := exercise(t, c.dir); w.ran() || got.reasons() != "missing-object" {
		t.Errorf("ran: %v, skips %v", w.ran(), got.skips)
	}
}

func TestAFIFOAnywhereIsASkipAndNeverAHang(t *testing.T) {
	t.Parallel()
	places := []string{
		"HEAD", "config", "index", "packed-refs", "shallow", "refs/heads/pipe", "logs/pipe", "ORIG_HEAD", "objects/info/alternates",
		"objects/pack/pack-1234567890123456789012345678901234567890.idx", "objects/pack/pack-1234567890123456789012345678901234567890.pack",
		"objects/ab/cdef567890123456789012345678901234567890", "objects/info/commit-graph", "objects/pack/multi-pack-index",
		"objects/info/packs", "info/grafts", "info/exclude", "info/attributes", "commondir", "objects/info/commit-graphs",
	}
	for _, place := range places {
		t.Run(strings.ReplaceAll(place, "/", " "), func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			r.commit("a", "one\n")
			r.commit("a", "two\n")
			path := r.path(".git/" + place)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			_ = os.Remove(path)
			if err := syscall.Mkfifo(path, 0o644); err != nil {
				t.Fatal(err)
			}
			got := exercise(t, r.dir)
			got.must(t, "one\n")
			unread := map[string]bool{"objects/info/commit-graph": true, "objects/pack/multi-pack-index": true, "objects/info/packs": true,
				"info/grafts": true, "info/exclude": true, "info/attributes": true, "objects/info/commit-graphs": true}
			want := "hostile-repository"
			switch {
			case unread[place]:
				want = "" // git does not get to see it and nothing is lost without it
			case strings.HasSuffix(place, ".idx"), strings.HasSuffix(place, ".pack"):
				want = "missing-pack"
			case place == "commondir":
				want = "" // not a pointer, so it is none
			}
			if got.reasons() != want {
				t.Errorf("skips %v, want %q", got.skips, want)
			}
		})
	}
}

func TestAFIFOAsOneOfAPackAndItsIndexIsASkip(t *testing.T) {
	t.Parallel()
	for _, ext := range []string{"pack", "idx"} {
		r := newRepo(t)
		r.commit("a", "one\n")
		r.git("repack", "-q", "-a", "-d")
		r.hash("loose\n")
		path := r.pack(ext)
		r.remove(path)
		if err := syscall.Mkfifo(path, 0o644); err != nil {
			t.Fatal(err)
		}
		got := exercise(t, r.dir)
		got.must(t, "loose\n")
		if got.reasons() != "hostile-repository missing-object" {
			t.Errorf("%s: skips %v", ext, got.skips)
		}
	}
}

func TestLinksThatLoopAreNotFollowedForEver(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	for name, target := range map[string]string{"refs/heads/loop": "..", "refs/heads/self": "self", "logs/loop": "."} {
		if err := os.Symlink(target, r.path(".git/"+name)); err != nil {
			t.Fatal(err)
		}
	}
	r.write(".git/objects/info/alternates", "../objects\n"+r.path(".git/objects")+"\n")
	exercise(t, r.dir).must(t, "one\n")
}

func TestAlternatesAndPointersElsewhereAreDataOnly(t *testing.T) {
	t.Parallel()
	w := newTripwire(t)
	other := newRepo(t)
	other.commit("x", "of the other\n")
	other.git("config", "core.fsmonitor", w.program)
	r := newRepo(t)
	r.commit("a", "one\n")
	r.write(".git/objects/info/alternates", "# a comment\n\""+other.path(".git/objects")+"\"\n")
	got := exercise(t, r.dir)
	got.must(t, "of the other\n")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".git"), []byte("gitdir: "+other.path(".git")), 0o644); err != nil {
		t.Fatal(err)
	}
	exercise(t, dir).must(t, "of the other\n")
	if w.ran() {
		t.Error("a program that the other repository names was run")
	}
}

func TestAnotherUsersRepositoryIsRead(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can give a file away; git's own ownership check looks at folders that it is not shown")
	}
	r := newRepo(t)
	r.commit("a", "one\n")
	err := filepath.Walk(r.dir, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, 12345, 12345)
	})
	if err != nil {
		t.Fatal(err)
	}
	collect(t, r.open().History()).clean(t).must(t, "one\n")
}

func TestReplaceRefsAndGraftsHideNothing(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	second := r.commit("a", "two\n")
	third := r.commit("a", "three\n")
	r.git("replace", r.git("rev-parse", "HEAD:a"), r.hash("harmless\n"))
	r.write(".git/info/grafts", third+"\n")
	h := r.open().History()
	got := collect(t, h).clean(t)
	if h.Counts().Commits != 3 {
		t.Errorf("counts %+v", h.Counts())
	}
	id := got.must(t, "two\n").ID
	if l := locate(t, h, id)[id]; len(l) != 1 || l[0].Commit != second {
		t.Errorf("places are %+v", l)
	}
	got.must(t, "three\n")
}

func TestALyingCommitGraphHidesNothing(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	first := r.commit("a", "one\n")
	r.commit("a", "two\n")
	r.git("commit-graph", "write", "--reachable")
	graph := r.path(".git/objects/info/commit-graph")
	r.overwrite(graph, func(b []byte) []byte {
		for i := 200; i < len(b); i++ {
			b[i] = 0xff
		}
		return b
	})
	h := r.open().History()
	id := collect(t, h).clean(t).must(t, "one\n").ID
	if l := locate(t, h, id)[id]; len(l) != 1 || l[0].Commit != first {
		t.Errorf("places are %+v", l)
	}
}

func TestAnEnvironmentOfOursDoesNotReachGit(t *testing.T) {
	w := newTripwire(t)
	t.Setenv("GIT_EXTERNAL_DIFF", w.program)
	t.Setenv("GIT_TRACE2_EVENT", w.mark)
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
	t.Setenv("GIT_CONFIG_VALUE_0", w.program)
	t.Setenv("GIT_OBJECT_DIRECTORY", "/nowhere")
	r := newRepo(t)
	r.commit("a", "one\n")
	exercise(t, r.dir).must(t, "one\n")
	if w.ran() {
		t.Error("git saw our environment")
	}
}

func TestAQuarantineIsReadWithWhatItStandsOn(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	base := r.commit("a", "one\n")
	pushed := r.commit("b", "two\n")
	quarantine := filepath.Join(t.TempDir(), "incoming")
	for _, id := range []string{pushed, r.git("rev-parse", pushed+"^{tree}"), r.git("rev-parse", pushed+":b")} {
		if err := os.MkdirAll(filepath.Join(quarantine, id[:2]), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(r.loose(id), filepath.Join(quarantine, id[:2], id[2:])); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"GIT_DIR": r.path(".git"), "GIT_OBJECT_DIRECTORY": quarantine, "GIT_ALTERNATE_OBJECT_DIRECTORIES": r.path(".git/objects")}
	s, err := r.open(gitsource.Options{Getenv: func(k string) string { return env[k] }}).Range(t.Context(), base+".."+pushed)
	if err != nil {
		t.Fatal(err)
	}
	got := collect(t, s).clean(t)
	got.must(t, "two\n")
	if _, ok := got.find("one\n"); ok {
		t.Error("the base was yielded")
	}
}

func TestALargePartOfARepositoryIsRefusedBeforeItIsRead(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	if err := os.WriteFile(filepath.Join(r.dir, ".git", "packed-refs"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(r.dir, ".git", "packed-refs"), 1<<40); err != nil { // a sparse file
		t.Skip(err)
	}
	if got := collect(t, r.open(gitsource.Options{}).History()); got.reasons() != "hostile-repository" {
		t.Errorf("skips %v", got.skips)
	}
}

func TestAPackIndexThatIsLongerThanItsPackNeedsIsRefusedBeforeItIsRead(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit("a", "one\n")
	r.git("gc", "-q")
	indexes, err := filepath.Glob(filepath.Join(r.dir, ".git", "objects", "pack", "*.idx"))
	if err != nil || len(indexes) != 1 {
		t.Fatal(indexes, err)
	}
	if err := errors.Join(os.Chmod(indexes[0], 0o644), os.Truncate(indexes[0], 3<<30)); err != nil { // a sparse file
		t.Skip(err)
	}
	if got := collect(t, r.open(gitsource.Options{}).History()); !strings.HasPrefix(got.reasons(), "corrupt-object") {
		t.Errorf("skips %v", got.skips)
	}
}
