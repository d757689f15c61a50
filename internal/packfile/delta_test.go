package packfile_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keywright/keywright/internal/packfile"
)

// lineage sees that each object is what its segments make of its base. What it returns for a base is its content.
type lineage struct {
	seen
	made    atomic.Int64 // from bases
	workers [64]atomic.Int64
}

// content is what a lineage returns for an object.
type content struct {
	data []byte
	used atomic.Bool
}

func (l *lineage) visitor() packfile.Visitor {
	v := l.seen.visitor()
	v.Object = func(o packfile.Object) (any, error) {
		l.workers[o.Worker].Add(1)
		if err := l.rebuild(o); err != nil {
			return nil, fmt.Errorf("object %x: %w", o.ID, err)
		}
		if _, err := l.object(o); err != nil || !o.IsBase {
			return nil, err
		}
		return &content{data: bytes.Clone(o.Data)}, nil
	}
	return v
}

func (l *lineage) rebuild(o packfile.Object) error {
	if o.Segments == nil {
		if o.Base != nil {
			return errors.New("a base without segments")
		}
		return nil
	}
	base, ok := o.Base.(*content)
	if !ok {
		return errors.New("segments without a base that was said to be one")
	}
	base.used.Store(true)
	l.made.Add(1)
	var data []byte
	before := packfile.Segment{From: -2}
	for _, s := range o.Segments {
		switch {
		case s.Len <= 0 || s.From == packfile.Inserted && before.From == packfile.Inserted || before.From >= 0 && s.From == before.From+before.Len:
			return fmt.Errorf("segment %+v follows %+v", s, before)
		case s.Len > len(o.Data)-len(data):
			return errors.New("segments are longer than the content")
		case s.From == packfile.Inserted:
			data = append(data, o.Data[len(data):len(data)+s.Len]...)
		default:
			data = append(data, base.data[s.From:s.From+s.Len]...)
		}
		before = s
	}
	if !bytes.Equal(data, o.Data) {
		return errors.New("segments make something else")
	}
	return nil
}

// busy counts the workers that gave objects.
func (l *lineage) busy() (workers int, objects []int64) {
	for i := range l.workers {
		if n := l.workers[i].Load(); n > 0 {
			workers++
			objects = append(objects, n)
		}
	}
	return workers, objects
}

func TestEveryDeltaIsToldWithItsBase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, format string
		pack         []string
	}{
		{"deep chains", "sha1", []string{"repack", "-qadf", "--depth=4095", "--window=50"}},
		{"wide trees", "sha1", []string{"repack", "-qadf", "--depth=3", "--window=50"}},
		{"bases named by id in SHA-256", "sha256", []string{"-c", "repack.useDeltaBaseOffset=false", "repack", "-qadf", "--depth=250"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t, c.format)
			r.addHistory(t, "main", "strconv", 100)
			r.git(t, nil, c.pack...)
			packs, want := r.packs(t), r.saidByGit(t)
			deltas := bytes.Count(r.git(t, nil, "cat-file", "--batch-all-objects", "--batch-check=%(deltabase)"), []byte("\n")) -
				bytes.Count(r.git(t, nil, "cat-file", "--batch-all-objects", "--batch-check=%(deltabase)"), fmt.Appendf(nil, "%0*d\n", 2*r.size, 0))
			for _, workers := range []int{1, 4} {
				var l lineage
				if _, err := packfile.Walk(t.Context(), packs, packfile.Options{Workers: workers}, l.visitor()); err != nil {
					t.Fatal(err)
				}
				l.mustEqual(t, want)
				if l.made.Load() != int64(deltas) || deltas < 100 {
					t.Errorf("%d workers: %d objects are told with their bases, git says %d", workers, l.made.Load(), deltas)
				}
			}
		})
	}
}

func TestABaseThatAnotherPackGivesIsToldAsNone(t *testing.T) {
	t.Parallel()
	first, second := newBuilder(), newBuilder()
	first.whole(t, id(1), "one")
	second.whole(t, id(1), "one")
	second.deltaTo(id(2), id(1), delta(3, 4, 0x90, 3, 1, '!')) // made from what the first pack gives
	second.deltaTo(id(3), id(2), delta(4, 5, 0x90, 4, 1, '?'))
	second.deltaTo(id(4), id(9), delta(3, 4, 0x90, 3, 1, '.')) // thin
	second.deltaTo(id(5), id(4), delta(4, 5, 0x90, 4, 1, ':'))
	second.whole(t, id(6), "nothing is made from this")
	var mu sync.Mutex
	type told struct {
		segments int
		base     string
		isBase   bool
	}
	got := map[string]told{}
	v := packfile.Visitor{Unread: func(u packfile.Unread) error { return u.Err }, Object: func(o packfile.Object) (any, error) {
		mu.Lock()
		defer mu.Unlock()
		base, _ := o.Base.(string)
		got[string(o.Data)] = told{len(o.Segments), base, o.IsBase}
		return string(o.Data), nil
	}}
	options := packfile.Options{Base: func([]byte) (packfile.Type, []byte, error) { return packfile.TypeBlob, []byte("far"), nil }}
	if _, err := packfile.Walk(t.Context(), []*packfile.Pack{first.parse(t), second.parse(t)}, options, v); err != nil {
		t.Fatal(err)
	}
	for data, want := range map[string]told{
		"one": {}, "one!": {isBase: true}, "one!?": {segments: 2, base: "one!"},
		"far.": {isBase: true}, "far.:": {segments: 2, base: "far."}, "nothing is made from this": {},
	} {
		if got[data] != want {
			t.Errorf("%q is told as %+v, not %+v", data, got[data], want)
		}
	}
}

// star makes a tree of one object and many that are made from it, each with a chain below it.
func star(t *testing.T, arms, depth int) (*builder, map[string]object) {
	b, want := newBuilder(), map[string]object{}
	text := bytes.Repeat([]byte("the middle "), 200)
	b.whole(t, id(0), string(text))
	want[hex.EncodeToString(id(0))] = object{"blob", len(text), sum256(text)}
	middle := b.last(0)
	for arm := range arms {
		base, data := middle, text
		for n := range depth {
			name := id(1 + arm*depth + n)
			d := delta(len(data), len(data)+2, 0xb0, byte(len(data)), byte(len(data)>>8), 2, byte(arm), byte(n))
			b.add(name, offsetKind, len(d), b.back(base), stored(d))
			base, data = b.last(0), append(bytes.Clone(data), byte(arm), byte(n))
			want[hex.EncodeToString(name)] = object{"blob", len(data), sum256(data)}
		}
	}
	return b, want
}

func TestOneTreeIsSharedByAllWorkers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		arms, depth int
	}{
		{"wide and flat", 3000, 1},
		{"two long arms", 2, 1000},
		{"many arms", 50, 50},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, want := star(t, c.arms, c.depth)
			const workers = 4
			var l lineage
			v := l.visitor()
			object := v.Object
			v.Object = func(o packfile.Object) (any, error) {
				runtime.Gosched() // as long work would
				return object(o)
			}
			packs := []*packfile.Pack{b.parse(t)}
			if _, err := packfile.Walk(t.Context(), packs, packfile.Options{Workers: workers, MaxHeldBytes: 20_000}, v); err != nil {
				t.Fatal(err)
			}
			l.mustEqual(t, want)
			if n, objects := l.busy(); n < 2 {
				t.Errorf("objects by worker: %d", objects)
			}
		})
	}
}

func TestASharedTreeEndsQuicklyOnAnError(t *testing.T) {
	t.Parallel()
	b, want := star(t, 3000, 2)
	enough := errors.New("enough")
	var given atomic.Int64
	v := packfile.Visitor{Unread: func(u packfile.Unread) error { return u.Err }, Object: func(packfile.Object) (any, error) {
		if given.Add(1) == 500 {
			return nil, enough
		}
		return nil, nil
	}}
	_, err := packfile.Walk(t.Context(), []*packfile.Pack{b.parse(t)}, packfile.Options{Workers: 4}, v)
	if !errors.Is(err, enough) || given.Load() > int64(len(want))/2 {
		t.Errorf("%d objects after the error of the 500th: %v", given.Load(), err)
	}
}
