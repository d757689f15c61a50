package packfile_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/keywright/keywright/internal/packfile"
)

// seen is what a walk gave.
type seen struct {
	mu      sync.Mutex
	objects map[string]object
	twice   []string
	unread  map[string]packfile.Unread
}

func (s *seen) visitor() packfile.Visitor {
	s.objects, s.unread = map[string]object{}, map[string]packfile.Unread{}
	return packfile.Visitor{Object: s.object, Unread: s.miss}
}

func (s *seen) object(o packfile.Object) (any, error) {
	id, seen := hex.EncodeToString(o.ID), object{o.Type.String(), len(o.Data), sha256.Sum256(o.Data)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.objects[id]; there {
		s.twice = append(s.twice, id)
	}
	s.objects[id] = seen
	return nil, nil
}

func (s *seen) miss(u packfile.Unread) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unread[hex.EncodeToString(u.ID)] = u
	return nil
}

// reasons counts the unread objects by reason.
func (s *seen) reasons() map[packfile.Reason]int {
	n := map[packfile.Reason]int{}
	for _, u := range s.unread {
		n[u.Reason]++
	}
	return n
}

// mustEqual compares a walk with what git says.
func (s *seen) mustEqual(t *testing.T, want map[string]object) {
	t.Helper()
	if len(s.unread) > 0 || len(s.twice) > 0 {
		t.Errorf("unread %v, given twice %d", s.reasons(), len(s.twice))
	}
	if maps.Equal(s.objects, want) {
		return
	}
	t.Errorf("%d objects, git says %d", len(s.objects), len(want))
	for id, o := range want {
		if s.objects[id] != o {
			t.Errorf("object %s: %d bytes of %s, git says %d of %s", id, s.objects[id].size, s.objects[id].kind, o.size, o.kind)
			return
		}
	}
}

func TestEveryObjectIsGitsOwn(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, format string
		make         func(t *testing.T, r repository)
		packs        int // at least
	}{
		{"deep chains of deltas", "sha1", func(t *testing.T, r repository) {
			r.addHistory(t, "main", "net/url", 250)
			r.git(t, nil, "repack", "-qadf", "--depth=4095", "--window=50")
		}, 1},
		{"an annotated tag, an empty file, and a file that compresses badly", "sha1", func(t *testing.T, r repository) {
			r.addHistory(t, "main", "errors", 5)
			r.git(t, nil, "-c", "user.name=a", "-c", "user.email=a@example.com", "tag", "-m", "a tag", "v1", "refs/heads/main")
			r.git(t, nil, "-c", "user.name=a", "-c", "user.email=a@example.com", "tag", "-m", "a tag of a tag", "v2", "v1")
			for _, text := range [][]byte{nil, samples(t)["noise"], samples(t)["a run"]} {
				id := strings.TrimSpace(string(r.git(t, bytes.NewReader(text), "hash-object", "-w", "--stdin")))
				r.git(t, nil, "update-ref", "refs/tags/"+id, id)
			}
			r.git(t, nil, "repack", "-qad")
		}, 1},
		{"SHA-256", "sha256", func(t *testing.T, r repository) {
			r.addHistory(t, "main", "errors", 60)
			r.git(t, nil, "repack", "-qadf", "--depth=50")
		}, 1},
		{"bases named by id", "sha1", func(t *testing.T, r repository) {
			r.addHistory(t, "main", "strconv", 100)
			r.git(t, nil, "-c", "repack.useDeltaBaseOffset=false", "repack", "-qadf", "--depth=250")
		}, 1},
		{"bases named by id in SHA-256", "sha256", func(t *testing.T, r repository) {
			r.addHistory(t, "main", "errors", 40)
			r.git(t, nil, "-c", "repack.useDeltaBaseOffset=false", "repack", "-qadf")
		}, 1},
		{"an index of version 1", "sha1", func(t *testing.T, r repository) {
			r.addHistory(t, "main", "errors", 40)
			r.git(t, nil, "-c", "pack.indexVersion=1", "repack", "-qadf")
		}, 1},
		{"many packs, each with copies of what others have", "sha1", func(t *testing.T, r repository) {
			for i, folder := range []string{"errors", "fmt", "sort", "errors"} {
				r.addHistory(t, "b"+string(rune('a'+i)), folder, 20+i)
				r.git(t, nil, "repack", "-qf", "--depth=20") // adds a pack of what is loose, fast-import has made others
				all := r.git(t, nil, "rev-list", "--objects", "--no-object-names", "--all")
				r.git(t, bytes.NewReader(all), "pack-objects", "-q", "--depth="+string(rune('1'+i)), "objects/pack/pack")
			}
		}, 5},
		{"compression of level 0", "sha1", func(t *testing.T, r repository) {
			r.addHistory(t, "main", "errors", 20)
			r.git(t, nil, "-c", "pack.compression=0", "repack", "-qadF")
		}, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t, c.format)
			c.make(t, r)
			r.git(t, nil, "prune-packed")
			packs, want := r.packs(t), r.saidByGit(t)
			if len(packs) < c.packs || len(want) < 10 {
				t.Fatalf("%d packs, %d objects: the test looks at the wrong thing", len(packs), len(want))
			}
			for _, options := range []packfile.Options{{}, {Workers: 1, VerifyIDs: true}, {Workers: 5, TrustChecksums: true}} {
				var s seen
				stats, err := packfile.Walk(t.Context(), packs, options, s.visitor())
				if err != nil {
					t.Fatal(err)
				}
				s.mustEqual(t, want)
				if stats.Objects != int64(len(want)) || stats.Unread != 0 {
					t.Errorf("stats %+v, git says %d objects", stats, len(want))
				}
			}
		})
	}
}

func TestObjectsThatAreHandedOverStayWhatTheyWere(t *testing.T) {
	t.Parallel()
	r := newRepository(t, "sha1")
	r.addHistory(t, "main", "errors", 80)
	r.git(t, nil, "repack", "-qadf", "--depth=4095")
	var mu sync.Mutex
	var kept []packfile.Object
	v := packfile.Visitor{Unread: (&seen{}).miss, Object: func(o packfile.Object) (any, error) {
		mu.Lock()
		defer mu.Unlock()
		kept = append(kept, o)
		return nil, nil
	}}
	if _, err := packfile.Walk(t.Context(), r.packs(t), packfile.Options{Keep: true}, v); err != nil {
		t.Fatal(err)
	}
	var s seen
	s.visitor()
	for _, o := range kept {
		if _, err := s.object(o); err != nil {
			t.Fatal(err)
		}
	}
	s.mustEqual(t, r.saidByGit(t))
}

func TestAWalkEndsWhenItIsToldTo(t *testing.T) {
	t.Parallel()
	r := newRepository(t, "sha1")
	r.addHistory(t, "main", "errors", 80)
	r.git(t, nil, "repack", "-qadf", "--depth=4095")
	packs := r.packs(t)
	whole := len(r.saidByGit(t))
	enough := errors.New("enough")
	var s seen
	v := s.visitor()
	v.Object = func(packfile.Object) (any, error) { return nil, enough }
	stats, err := packfile.Walk(t.Context(), packs, packfile.Options{}, v)
	if !errors.Is(err, enough) || stats.Objects >= int64(whole) {
		t.Errorf("%d of %d objects, %v", stats.Objects, whole, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	v.Object = func(packfile.Object) (any, error) { cancel(); <-ctx.Done(); return nil, ctx.Err() }
	if _, err := packfile.Walk(ctx, packs, packfile.Options{}, v); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestCapsAreReported(t *testing.T) {
	t.Parallel()
	r := newRepository(t, "sha1")
	r.addHistory(t, "main", "strconv", 60)
	r.git(t, nil, "repack", "-qadf", "--depth=4095")
	packs, want := r.packs(t), r.saidByGit(t)
	for _, c := range []struct {
		name    string
		options packfile.Options
		reason  packfile.Reason
	}{
		{"an object over the cap", packfile.Options{MaxObjectBytes: 20_000}, packfile.ReasonTooLarge},
		{"more held than a worker may", packfile.Options{MaxHeldBytes: 25_000, Workers: 2}, packfile.ReasonBudget},
		{"more in total than a walk may", packfile.Options{MaxTotalBytes: 100_000}, packfile.ReasonBudget},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var s seen
			if _, err := packfile.Walk(t.Context(), packs, c.options, s.visitor()); err != nil {
				t.Fatal(err)
			}
			if s.reasons()[c.reason] == 0 || len(s.unread)+len(s.objects) != len(want) {
				t.Errorf("%d objects of %d, unread %v", len(s.objects), len(want), s.reasons())
			}
			for id, o := range s.objects {
				if want[id] != o {
					t.Fatalf("object %s is not git's", id)
				}
			}
			for id, u := range s.unread {
				if u.Reason == packfile.ReasonTooLarge && (u.Size != int64(want[id].size) || u.Type.String() != want[id].kind || u.Size <= 20_000) {
					t.Errorf("object %s is said to be a %s of %d bytes, git says %s of %d", id, u.Type, u.Size, want[id].kind, want[id].size)
				}
			}
		})
	}
}

func TestATruncatedPackIsReportedAsChanged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		workers, left int
	}{
		{"one worker, almost nothing left", 1, 100},
		{"four workers, almost nothing left", 4, 100},
		{"the end cut off inside a page", 2, 50_001},
		{"the end cut off between pages", 2, 16 * 4096},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t, "sha1")
			r.addHistory(t, "main", "net/http", 100)
			r.git(t, nil, "repack", "-qadf", "--depth=10")
			want, packs := r.saidByGit(t), r.packs(t)
			var s seen
			var once sync.Once
			v := s.visitor()
			v.Object = func(o packfile.Object) (any, error) {
				once.Do(func() { r.truncate(t, ".pack", int64(c.left)) })
				return s.object(o)
			}
			stats, err := packfile.Walk(t.Context(), packs, packfile.Options{Workers: c.workers}, v)
			if err != nil {
				t.Fatal(err)
			}
			for id, o := range s.objects {
				if want[id] != o {
					t.Errorf("object %s is not git's", id)
				}
			}
			if len(s.objects) == 0 || len(s.unread) == 0 || len(s.objects)+len(s.unread) != len(want) {
				t.Errorf("%+v: %d objects and %d unread of %d", stats, len(s.objects), len(s.unread), len(want))
			}
			if got := s.reasons(); got[packfile.ReasonChanged] != len(s.unread) {
				t.Errorf("reasons %v", got)
			}
			var again seen // what is closed stays closed
			if _, err := packfile.Walk(t.Context(), packs, packfile.Options{}, again.visitor()); err != nil || len(again.unread) != len(want) {
				t.Errorf("a second walk: %v, %v", again.reasons(), err)
			}
		})
	}
}

func TestAPackThatIsTruncatedBeforeTheWalkIsReportedAsChanged(t *testing.T) {
	t.Parallel()
	for _, left := range []int64{0, 100, 20_001} {
		r := newRepository(t, "sha1")
		r.addHistory(t, "main", "strconv", 60)
		r.git(t, nil, "repack", "-qadf")
		want, packs := r.saidByGit(t), r.packs(t)
		r.truncate(t, ".pack", left)
		var s seen
		if _, err := packfile.Walk(t.Context(), packs, packfile.Options{}, s.visitor()); err != nil {
			t.Fatal(err)
		}
		if n := s.reasons()[packfile.ReasonChanged]; n == 0 || n != len(s.unread) || n+len(s.objects) != len(want) {
			t.Errorf("%d bytes left: %d objects of %d, unread %v", left, len(s.objects), len(want), s.reasons())
		}
	}
}

func TestAnIndexThatIsTruncatedAfterTheOpenIsNotMissed(t *testing.T) {
	t.Parallel()
	for _, left := range []int64{0, 100, 5000, 8191} {
		r := newRepository(t, "sha1")
		r.addHistory(t, "main", "errors", 60)
		r.git(t, nil, "repack", "-qadf")
		want, packs := r.saidByGit(t), r.packs(t)
		reader := packfile.NewReader(packs, packfile.ReaderOptions{})
		r.truncate(t, ".idx", left)
		var unread []packfile.Unread
		var s seen
		v := s.visitor()
		v.Unread = func(u packfile.Unread) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			unread = append(unread, u)
			return nil
		}
		for name, o := range want {
			id, err := hex.DecodeString(name)
			if err != nil {
				t.Fatal(err)
			}
			_, content, err := reader.Read(id)
			if err == nil && o.digest != sum256(content) || err != nil && !errors.Is(err, packfile.ErrChanged) {
				t.Fatalf("%d bytes left: object %s: %v", left, name, err)
			}
		}
		if _, err := packfile.Walk(t.Context(), packs, packfile.Options{}, v); err != nil {
			t.Fatal(err)
		}
		if len(s.objects) > 0 || len(unread) != len(want) || unread[0].Reason != packfile.ReasonChanged || unread[0].ID != nil {
			t.Errorf("%d bytes left: %d objects, %d unread of %d", left, len(s.objects), len(unread), len(want))
		}
	}
}

func TestAnIndexThatIsTruncatedDuringTheWalkChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRepository(t, "sha1")
	r.addHistory(t, "main", "errors", 60)
	r.git(t, nil, "-c", "repack.useDeltaBaseOffset=false", "repack", "-qadf")
	want, packs := r.saidByGit(t), r.packs(t)
	var s seen
	var once sync.Once
	v := s.visitor()
	v.Object = func(o packfile.Object) (any, error) {
		once.Do(func() { r.truncate(t, ".idx", 0) })
		return s.object(o)
	}
	if _, err := packfile.Walk(t.Context(), packs, packfile.Options{VerifyIDs: true}, v); err != nil {
		t.Fatal(err)
	}
	s.mustEqual(t, want)
}

func TestThousandsOfPacksMayBeOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const many = 3000
	var packs []*packfile.Pack
	for i := range many {
		b := newBuilder()
		b.whole(t, id(i), "one of many")
		pack, index := b.files()
		path := filepath.Join(dir, strconv.Itoa(i))
		if err := errors.Join(os.WriteFile(path+".pack", pack, 0o600), os.WriteFile(path+".idx", index, 0o600)); err != nil {
			t.Fatal(err)
		}
		p, err := packfile.Open(path+".pack", path+".idx", packfile.SHA1Size)
		if err != nil {
			t.Fatal(err)
		}
		packs = append(packs, p)
	}
	if fds, err := os.ReadDir("/proc/self/fd"); err == nil && len(fds) > many/2 {
		t.Errorf("%d files are open", len(fds))
	}
	var s seen
	if _, err := packfile.Walk(t.Context(), packs, packfile.Options{}, s.visitor()); err != nil || len(s.objects) != many {
		t.Errorf("%d objects, %v", len(s.objects), err)
	}
	r := packfile.NewReader(packs, packfile.ReaderOptions{})
	if _, content, err := r.Read(id(many / 2)); err != nil || string(content) != "one of many" {
		t.Errorf("%q, %v", content, err)
	}
	for _, p := range packs {
		if err := p.Close(); err != nil || p.ID(0) != nil {
			t.Fatalf("closed: %x, %v", p.ID(0), err)
		}
	}
}

// truncate cuts the only file of the packs that has an ending.
func (r repository) truncate(t *testing.T, ending string, size int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(r.dir, "objects/pack/*"+ending))
	if err != nil || len(files) != 1 {
		t.Fatalf("%q, %v", files, err)
	}
	if err := errors.Join(os.Chmod(files[0], 0o600), os.Truncate(files[0], size)); err != nil {
		t.Fatal(err)
	}
}

func TestAPackThatGitRemovesStaysReadable(t *testing.T) {
	t.Parallel()
	r := newRepository(t, "sha1")
	r.addHistory(t, "main", "errors", 80)
	r.git(t, nil, "repack", "-qadf")
	want, packs := r.saidByGit(t), r.packs(t)
	r.addHistory(t, "more", "errors", 3)
	r.git(t, nil, "repack", "-qadf", "--depth=7") // takes the packs that are open away
	if now, err := filepath.Glob(filepath.Join(r.dir, "objects/pack/*.pack")); err != nil || len(now) != 1 || len(r.packs(t)) != 1 {
		t.Fatalf("%q, %v", now, err)
	}
	var s seen
	if _, err := packfile.Walk(t.Context(), packs, packfile.Options{VerifyIDs: true}, s.visitor()); err != nil {
		t.Fatal(err)
	}
	s.mustEqual(t, want)
}

func TestAPackIsRefused(t *testing.T) {
	t.Parallel()
	r := newRepository(t, "sha1")
	r.addHistory(t, "main", "errors", 3)
	r.git(t, nil, "repack", "-qad")
	files, err := filepath.Glob(filepath.Join(r.dir, "objects/pack/*.pack"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%q, %v", files, err)
	}
	pack, index := files[0], strings.TrimSuffix(files[0], ".pack")+".idx"
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, pack, index string
		want              error
	}{
		{"that is an index", index, index, packfile.ErrCorrupt},
		{"whose index is a pack", pack, pack, packfile.ErrCorrupt},
		{"that is not there", pack + "x", index, os.ErrNotExist},
		{"whose index is not there", pack, index + "x", os.ErrNotExist},
		{"that is a folder", r.dir, index, packfile.ErrNotRegular},
		{"that is empty", empty, index, packfile.ErrCorrupt},
		{"whose index is a device", pack, os.DevNull, packfile.ErrNotRegular},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := packfile.Open(c.pack, c.index, packfile.SHA1Size); !errors.Is(err, c.want) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestAWalkOfOneTypeGivesAllOfThatTypeAndNothingElse(t *testing.T) {
	t.Parallel()
	r := newRepository(t, "sha1")
	r.addHistory(t, "main", "errors", 60)
	r.git(t, nil, "repack", "-qadf", "--depth=50")
	all := r.saidByGit(t)
	for _, only := range []packfile.Type{packfile.TypeCommit, packfile.TypeTree, packfile.TypeBlob} {
		want := map[string]object{}
		for id, o := range all {
			if o.kind == only.String() {
				want[id] = o
			}
		}
		var got seen
		if _, err := packfile.Walk(t.Context(), r.packs(t), packfile.Options{Only: only}, got.visitor()); err != nil {
			t.Fatal(err)
		}
		if len(want) == 0 {
			t.Fatalf("no %s to walk", only)
		}
		got.mustEqual(t, want)
	}
}
