package gitsource_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/gitsource"
)

// fastImport feeds a stream to git.
func (r *repo) fastImport(stream string) {
	r.t.Helper()
	if out, err := r.try(stream, "fast-import", "--quiet", "--force"); err != nil {
		r.t.Fatalf("fast-import: %v\n%s", err, out)
	}
}

// madeUpHistory is a stream of commits that nobody would write: a few contents wander between a few paths, files
// become folders and back, modes change, submodules come and go, merges of up to four parents take what they like.
func madeUpHistory(seed uint64, commits int) string {
	random := rand.New(rand.NewPCG(seed, 1))
	var s strings.Builder
	names := []string{"a", "b", "b.c", "bc", "conf", "n\n\xff", "\"q\"", "é"}
	path := func() string {
		parts := make([]string, 1+random.IntN(4))
		for i := range parts {
			parts[i] = names[random.IntN(len(names))]
		}
		return quoted(strings.Join(parts, "/"))
	}
	for i := 1; i <= commits; i++ {
		branch := fmt.Sprintf("refs/heads/b%d", random.IntN(4))
		when := 1_700_000_000 + 60*i
		if random.IntN(8) == 0 {
			when -= random.IntN(10_000) // a clock that went wrong
		}
		fmt.Fprintf(&s, "commit %s\nmark :%d\ncommitter C <c@example.org> %d +0000\ndata 1\nx\n", branch, i, when)
		if i > 4 && random.IntN(20) > 0 {
			fmt.Fprintf(&s, "from :%d\n", i-1-random.IntN(4))
			for range max(0, random.IntN(6)-2) {
				fmt.Fprintf(&s, "merge :%d\n", i-1-random.IntN(4))
			}
		}
		for range 1 + random.IntN(4) {
			switch random.IntN(10) {
			case 0:
				fmt.Fprintf(&s, "D %s\n", path())
			case 1:
				fmt.Fprintf(&s, "M 160000 %040x %s\n", 1+random.IntN(3), path())
			default:
				content := fmt.Sprintf("content %d\n%s", random.IntN(12), strings.Repeat("line of text\n", random.IntN(3)))
				if random.IntN(10) == 0 {
					content = names[random.IntN(len(names))] + "\n" // a file that holds what is a name elsewhere
				}
				mode := []string{"100644", "100644", "100755", "120000"}[random.IntN(4)]
				fmt.Fprintf(&s, "M %s inline %s\ndata %d\n%s\n", mode, path(), len(content), content)
			}
		}
		s.WriteString("\n")
	}
	return s.String()
}

// quoted is a path in the C style of fast-import.
func quoted(path string) string {
	return `"` + strings.NewReplacer(`"`, `\"`, "\n", `\n`).Replace(path) + `"`
}

// wantedSets are choices of what is looked for: all, and parts of it.
func wantedSets(all []scanner.BlobID) map[string][]scanner.BlobID {
	sets := map[string][]scanner.BlobID{"all": all}
	for i, id := range all {
		every := fmt.Sprintf("every fifth from %d", i%5)
		sets[every] = append(sets[every], id)
	}
	for i := 0; i < len(all); i += 1 + len(all)/6 {
		sets[fmt.Sprintf("number %d alone", i)] = all[i : i+1]
	}
	return sets
}

// mustLocateAlike compares the places that are found without git with those that git finds.
func mustLocateAlike(t *testing.T, r *repo) {
	t.Helper()
	own, slow := r.open().History(), r.open(gitsource.Options{ThroughGit: true}).History()
	seen := map[scanner.BlobID]bool{}
	for _, b := range collect(t, own).blobs {
		seen[b.ID] = b.ID != ""
	}
	if len(collect(t, slow).blobs) == 0 || len(seen) == 0 {
		t.Fatal("nothing to look for")
	}
	sets := wantedSets(slices.Sorted(maps.Keys(seen)))
	for _, set := range slices.Sorted(maps.Keys(sets)) {
		got, gotErr := own.Locate(t.Context(), sets[set])
		want, wantErr := slow.Locate(t.Context(), sets[set])
		if (gotErr == nil) != (wantErr == nil) {
			t.Fatalf("%s: own way says %v, git's %v", set, gotErr, wantErr)
		}
		for _, id := range sets[set] {
			for i := range max(len(got[id]), len(want[id])) {
				if !reflect.DeepEqual(placeOf(got[id], i), placeOf(want[id], i)) {
					t.Fatalf("%s: place %d of %s is\n%+v, git says\n%+v", set, i, id, placeOf(got[id], i), placeOf(want[id], i))
				}
			}
		}
	}
}

// placeOf is the i-th place; the zero place when there are fewer.
func placeOf(places []scanner.Location, i int) scanner.Location {
	if i < len(places) {
		return places[i]
	}
	return scanner.Location{}
}

func TestPlacesAreThoseThatGitFinds(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		make func(t *testing.T) *repo
	}{
		{"a made-up history in one pack", func(t *testing.T) *repo {
			r := newRepo(t)
			r.fastImport(madeUpHistory(1, 150))
			r.git("repack", "-qadf", "--depth=20")
			return r
		}},
		{"another one, in loose objects", func(t *testing.T) *repo {
			r := newRepo(t)
			r.git("config", "fastimport.unpackLimit", "100000")
			r.fastImport(madeUpHistory(2, 40))
			return r
		}},
		{"a third one, in two packs, as SHA-256", func(t *testing.T) *repo {
			r := newRepo(t, "--object-format=sha256")
			r.fastImport(strings.ReplaceAll(madeUpHistory(3, 60), "M 160000 ", "M 160000 000000000000000000000000"))
			r.commit("later", "one more\n")
			r.git("repack", "-q", "-d")
			return r
		}},
		{"stash, notes, reflog only, tags of a blob and of trees, submodule, an unmerged branch", everyWayIn},
		{"a clone of few commits, whose parents are not there", func(t *testing.T) *repo {
			r := newRepo(t)
			r.fastImport(madeUpHistory(4, 60))
			r.git("symbolic-ref", "HEAD", "refs/heads/b1")
			return r.clone("--depth=5", "--no-single-branch", "--no-checkout")
		}},
		{"a clone without file contents", func(t *testing.T) *repo {
			r := newRepo(t)
			r.fastImport(madeUpHistory(5, 60))
			r.git("symbolic-ref", "HEAD", "refs/heads/b1")
			return r.clone("--filter=blob:none", "--no-checkout")
		}},
		{"replace refs and grafts, which count for nothing", func(t *testing.T) *repo {
			r := newRepo(t)
			first := r.commit("a", "one\n")
			second := r.commit("b", "two\n")
			third := r.commit("c", "three\n")
			r.git("replace", second, first)
			r.write(".git/info/grafts", third+"\n")
			return r
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			mustLocateAlike(t, c.make(t))
		})
	}
}

// everyWayIn is a repository with something at each place from which objects are reached.
func everyWayIn(t *testing.T) *repo {
	r := newRepo(t)
	r.commit("a", "base\n")
	r.commit("dir/sub/a", "base\n")
	r.git("notes", "add", "-m", "a note")
	r.git("tag", "blob", r.hash("tagged\n"))
	r.git("tag", "-a", "-m", "tree", "tree", "HEAD^{tree}")
	r.git("tag", "subtree", "HEAD:dir")
	r.commit("lost", "lost\n")
	r.git("reset", "-q", "--hard", "HEAD~1")
	r.git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",module")
	r.git("commit", "-q", "-m", "submodule")
	r.git("mv", "a", "moved")
	r.git("commit", "-q", "-m", "move")
	r.git("checkout", "-q", "-b", "side")
	r.commit("a", "side\n")
	r.git("checkout", "-q", "main")
	r.commit("a", "main\n")
	_, _ = r.try("", "merge", "-q", "side")
	r.write("evil", "only in the merge\n")
	r.commit("a", "resolved\n")
	r.write("a", "stashed\n")
	r.write("new", "untracked\n")
	r.git("stash", "push", "-q", "-u")
	r.git("checkout", "-q", "-b", "unmerged", "HEAD~1")
	r.commit("u", "unmerged\n")
	r.write("staged", "only staged\n")
	r.git("add", "staged")
	return r
}
