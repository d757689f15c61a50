package packfile_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/keywright/keywright/internal/packfile"
)

// mustReadAll reads every object of the packs by its id, in an order that has nothing to do with theirs.
func mustReadAll(t *testing.T, packs []*packfile.Pack, options packfile.ReaderOptions, want map[string]object) {
	t.Helper()
	r := packfile.NewReader(packs, options)
	for name, o := range want {
		id, err := hex.DecodeString(name)
		if err != nil {
			t.Fatal(err)
		}
		kind, content, err := r.Read(id)
		if err != nil {
			t.Errorf("%v, git says %d bytes of %s", err, o.size, o.kind)
			return
		}
		if got := (object{kind.String(), len(content), sum256(content)}); got != o {
			t.Errorf("object %s: %d bytes of %s, git says %d of %s", name, got.size, got.kind, o.size, o.kind)
			return
		}
		if pack, place, ok := r.Find(id); !ok || !bytes.Equal(packs[pack].ID(place), id) {
			t.Errorf("object %s is found in pack %d at %d (%v)", name, pack, place, ok)
		}
	}
	absent := make([]byte, len(packs[0].ID(0)))
	if _, _, err := r.Read(absent); !errors.Is(err, packfile.ErrNotFound) {
		t.Errorf("an object that is not there: %v", err)
	}
	if _, _, ok := r.Find(absent); ok {
		t.Error("an object that is not there was found")
	}
}

func TestAReaderGivesWhatGitSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, format string
		pack         []string // of git
		options      packfile.ReaderOptions
	}{
		{"deep chains", "sha1", []string{"repack", "-qadf", "--depth=4095", "--window=50"}, packfile.ReaderOptions{}},
		{"deep chains and nothing kept", "sha1", []string{"repack", "-qadf", "--depth=40"}, packfile.ReaderOptions{MaxCacheBytes: -1}},
		{"deep chains and little kept", "sha1", []string{"repack", "-qadf", "--depth=4095"}, packfile.ReaderOptions{MaxCacheBytes: 100_000}},
		{"bases named by id in SHA-256", "sha256", []string{"-c", "repack.useDeltaBaseOffset=false", "repack", "-qadf"}, packfile.ReaderOptions{TrustChecksums: true}},
		{"many packs", "sha1", []string{"prune-packed", "-q"}, packfile.ReaderOptions{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t, c.format)
			r.addHistory(t, "main", "strconv", 60)
			r.addHistory(t, "more", "net/url", 40)
			r.git(t, nil, c.pack...)
			packs, want := r.packs(t), r.saidByGit(t)
			var wait sync.WaitGroup
			for range 2 {
				wait.Go(func() { mustReadAll(t, packs, c.options, want) })
			}
			wait.Wait()
		})
	}
}

func TestAReaderFindsTheBasesOfThinPacks(t *testing.T) {
	t.Parallel()
	first, second, third := []byte("what the first pack has"), []byte("what the first pack has!"), []byte("what the first pack has!?")
	whole, thin, thinner := newBuilder(), newBuilder(), newBuilder()
	whole.whole(t, idOf("blob", first), string(first))
	copyAnd := func(n int, c byte) []byte { return delta(n, n+1, 0x90, byte(n), 1, c) }
	thin.deltaTo(idOf("blob", second), idOf("blob", first), copyAnd(len(first), '!'))
	thinner.deltaTo(idOf("blob", third), idOf("blob", second), copyAnd(len(second), '?'))
	all := []*packfile.Pack{thinner.parse(t), thin.parse(t), whole.parse(t)}
	kind, content, err := packfile.NewReader(all, packfile.ReaderOptions{}).Read(idOf("blob", third))
	if err != nil || kind != packfile.TypeBlob || !bytes.Equal(content, third) {
		t.Errorf("through three packs: %s %q, %v", kind, content, err)
	}
	asked := 0
	outside := packfile.ReaderOptions{Base: func(id []byte) (packfile.Type, []byte, error) {
		asked++
		if !bytes.Equal(id, idOf("blob", first)) {
			return 0, nil, packfile.ErrNotFound
		}
		return packfile.TypeBlob, first, nil
	}}
	_, content, err = packfile.NewReader(all[:2], outside).Read(idOf("blob", third))
	if err != nil || !bytes.Equal(content, third) || asked != 1 {
		t.Errorf("with a base outside: %q, %v, asked %d times", content, err, asked)
	}
	_, _, err = packfile.NewReader(all[:2], packfile.ReaderOptions{}).Read(idOf("blob", third))
	if packfile.ReasonOf(err) != packfile.ReasonMissingBase {
		t.Errorf("without a base: %v", err)
	}
}

func TestAReaderTakesTheSoundCopy(t *testing.T) {
	t.Parallel()
	damaged, sound := newBuilder(), newBuilder()
	damaged.add(id(1), blobKind, 3, nil, []byte("bad"))
	damaged.whole(t, id(2), "two")
	sound.whole(t, id(1), "one")
	packs := []*packfile.Pack{damaged.parse(t), sound.parse(t)}
	for range 2 {
		r := packfile.NewReader(packs, packfile.ReaderOptions{})
		if _, content, err := r.Read(id(1)); err != nil || string(content) != "one" {
			t.Errorf("%q, %v", content, err)
		}
		if _, content, err := r.Read(id(2)); err != nil || string(content) != "two" {
			t.Errorf("%q, %v", content, err)
		}
		slices.Reverse(packs)
	}
}

func TestAReaderHoldsItsCaps(t *testing.T) {
	t.Parallel()
	b := newBuilder()
	b.whole(t, id(0), "start")
	for i := 1; i <= 70_000; i++ {
		d := delta(5, 5, 0x91, 1, 4, 1, 'a')
		b.add(id(i), offsetKind, len(d), b.back(b.last(0)), stored(d))
	}
	packs := []*packfile.Pack{b.parse(t)}
	for _, c := range []struct {
		name    string
		id      []byte
		options packfile.ReaderOptions
		want    packfile.Reason // "": it is read
	}{
		{"a chain of as many deltas as git makes", id(4095), packfile.ReaderOptions{}, ""},
		{"a chain without end", id(70_000), packfile.ReaderOptions{}, packfile.ReasonCycle},
		{"a chain that costs too much", id(4095), packfile.ReaderOptions{MaxChainBytes: 20_000}, packfile.ReasonBudget},
		{"a reader that has made too much", id(4095), packfile.ReaderOptions{MaxTotalBytes: 20_000}, packfile.ReasonBudget},
		{"an object over the cap", id(0), packfile.ReaderOptions{MaxObjectBytes: 4}, packfile.ReasonTooLarge},
		{"a delta over the cap", id(1), packfile.ReaderOptions{MaxObjectBytes: 6}, packfile.ReasonTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, content, err := packfile.NewReader(packs, c.options).Read(c.id)
			if c.want == "" && (err != nil || len(content) != 5) || c.want != "" && (err == nil || packfile.ReasonOf(err) != c.want) {
				t.Errorf("%q, %v", content, err)
			}
		})
	}
}

func TestAReaderReportsATruncatedPackAsChanged(t *testing.T) {
	t.Parallel()
	for _, left := range []int64{0, 100, 20_001} {
		r := newRepository(t, "sha1")
		r.addHistory(t, "main", "strconv", 60)
		r.git(t, nil, "repack", "-qadf")
		want, packs := r.saidByGit(t), r.packs(t)
		reader := packfile.NewReader(packs, packfile.ReaderOptions{})
		r.truncate(t, ".pack", left)
		changed := 0
		for name, o := range want {
			id, err := hex.DecodeString(name)
			if err != nil {
				t.Fatal(err)
			}
			_, content, err := reader.Read(id)
			switch {
			case errors.Is(err, packfile.ErrChanged):
				changed++
			case err != nil || o.digest != sum256(content):
				t.Fatalf("%d bytes left: %v", left, err)
			}
		}
		if changed == 0 {
			t.Errorf("%d bytes left and every object is read", left)
		}
	}
}

// mustAgree reads by id what a walk gave, and what it could not read.
func (s *seen) mustAgree(t *testing.T, r *packfile.Reader) {
	t.Helper()
	for name, o := range s.objects {
		id, err := hex.DecodeString(name)
		if err != nil {
			t.Fatal(err)
		}
		if kind, content, err := r.Read(id); err != nil || o != (object{kind.String(), len(content), sum256(content)}) {
			t.Errorf("object %s, which a walk gives, is read as %d bytes of %s: %v", name, len(content), kind, err)
		}
	}
	for _, u := range s.unread {
		_, content, err := r.Read(u.ID)
		if err == nil {
			t.Errorf("object %x, unread in a walk for %q, is read as %q", u.ID, u.Reason, content)
		} else if got := packfile.ReasonOf(err); got != u.Reason && u.Reason != packfile.ReasonBase && u.Reason != packfile.ReasonMissingBase {
			t.Errorf("object %x is unread for %q in a walk, for %q by id", u.ID, u.Reason, got)
		}
	}
}
