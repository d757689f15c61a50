package packfile_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/keywright/keywright/internal/packfile"
)

func TestAMultiPackIndexNamesThePackOfEveryObject(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t, format)
			for i, folder := range []string{"errors", "sort", "fmt"} {
				r.addHistory(t, "b"+string(rune('a'+i)), folder, 8)
				r.git(t, nil, "repack", "-qd")
			}
			r.git(t, nil, "multi-pack-index", "write")
			path := filepath.Join(r.dir, "objects/pack/multi-pack-index")
			m, err := packfile.OpenMultiIndex(path, r.size)
			if err != nil {
				t.Fatal(err)
			}
			packs, want := r.packs(t), r.saidByGit(t)
			if m.Len() != len(want) || len(m.Packs()) != len(packs) || len(packs) != 3 {
				t.Errorf("%d objects in %q, git says %d in %d packs", m.Len(), m.Packs(), len(want), len(packs))
			}
			for name := range want {
				id, err := hex.DecodeString(name)
				if err != nil {
					t.Fatal(err)
				}
				pack, ok := m.Find(id)
				if !ok {
					t.Fatalf("object %s is not found", name)
				}
				own, err := packfile.Open(filepath.Join(filepath.Dir(path), m.Packs()[pack]+".pack"), filepath.Join(filepath.Dir(path), m.Packs()[pack]+".idx"), r.size)
				if err != nil {
					t.Fatal(err)
				}
				if _, _, ok := packfile.NewReader([]*packfile.Pack{own}, packfile.ReaderOptions{}).Find(id); !ok {
					t.Fatalf("object %s is not in %s", name, m.Packs()[pack])
				}
				if err := own.Close(); err != nil {
					t.Fatal(err)
				}
			}
			mustReadAll(t, packs, packfile.ReaderOptions{Hint: m}, want)
			mustReadAll(t, packs[:1], packfile.ReaderOptions{Hint: m}, saidOf(t, packs[:1], want)) // packs that are gone
			if err := errors.Join(os.Chmod(path, 0o600), os.Truncate(path, 10)); err != nil {
				t.Fatal(err)
			}
			mustReadAll(t, packs, packfile.ReaderOptions{Hint: m}, want) // a hint that is gone
			if err := errors.Join(m.Close(), m.Close()); err != nil {
				t.Error(err)
			}
			mustReadAll(t, packs, packfile.ReaderOptions{Hint: m}, want)
		})
	}
}

// saidOf is what git says of the objects of some packs.
func saidOf(t *testing.T, packs []*packfile.Pack, all map[string]object) map[string]object {
	t.Helper()
	some := map[string]object{}
	for _, p := range packs {
		for i := range p.Len() {
			name := hex.EncodeToString(p.ID(i))
			some[name] = all[name]
		}
	}
	return some
}

// multiIndex makes a multi-pack-index of two packs and the test ids, with a correct checksum.
func multiIndex(change func([]byte) []byte) []byte {
	ids := index(testIDs(), nil)[8:] // fan-out and ids
	chunks := [][]byte{[]byte("pack-a.idx\x00pack-b.idx\x00"), ids[:1024], ids[1024 : 1024+60], make([]byte, 24)}
	b := append([]byte("MIDX\x01\x01\x04\x00"), 0, 0, 0, 2)
	at := 12 + 5*12
	for i, name := range []string{"PNAM", "OIDF", "OIDL", "OOFF", "\x00\x00\x00\x00"} {
		b = binary.BigEndian.AppendUint64(append(b, name...), uint64(at))
		if i < len(chunks) {
			at += len(chunks[i])
		}
	}
	b = append(b, bytes.Join(chunks, nil)...)
	if change != nil {
		b = change(b)
	}
	sum := sha1.Sum(b)
	return append(b, sum[:]...)
}

func TestABrokenMultiPackIndexIsRefused(t *testing.T) {
	t.Parallel()
	set := func(at int, to byte) func([]byte) []byte {
		return func(b []byte) []byte { b[at] = to; return b }
	}
	const names, fanout = 12 + 5*12, 12 + 5*12 + 22
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"an empty one", nil, packfile.ErrCorrupt},
		{"another signature", multiIndex(set(0, 'm')), packfile.ErrCorrupt},
		{"another version", multiIndex(set(4, 2)), packfile.ErrUnsupported},
		{"other ids", multiIndex(set(5, 2)), packfile.ErrUnsupported},
		{"one that goes on in others", multiIndex(set(7, 1)), packfile.ErrUnsupported},
		{"a wrong checksum", append(multiIndex(nil), 0), packfile.ErrCorrupt},
		{"more chunks than bytes", multiIndex(set(6, 255)), packfile.ErrCorrupt},
		{"a chunk in its table", multiIndex(set(12+11, 1)), packfile.ErrCorrupt},
		{"a chunk behind the end", multiIndex(set(12+4, 1)), packfile.ErrCorrupt},
		{"a chunk twice", multiIndex(func(b []byte) []byte { copy(b[24:28], "PNAM"); return b }), packfile.ErrCorrupt},
		{"no ids", multiIndex(set(12+2*12, 'X')), packfile.ErrCorrupt},
		{"a falling fan-out", multiIndex(set(fanout+3, 200)), packfile.ErrCorrupt},
		{"ids out of order", multiIndex(set(fanout+1024, 0xff)), packfile.ErrCorrupt},
		{"a pack that is not named", multiIndex(set(fanout+1024+60+3, 2)), packfile.ErrCorrupt},
		{"more packs than names", multiIndex(set(11, 3)), packfile.ErrCorrupt},
		{"a pack without a name", multiIndex(set(names, 0)), packfile.ErrCorrupt},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := packfile.ParseMultiIndex(c.data, packfile.SHA1Size); !errors.Is(err, c.want) {
				t.Errorf("error is %v", err)
			}
		})
	}
	m, err := packfile.ParseMultiIndex(multiIndex(nil), packfile.SHA1Size)
	if err != nil || m.Len() != 3 || len(m.Packs()) != 2 {
		t.Errorf("the one that all of these were made from: %v", err)
	}
	if _, err := packfile.ParseMultiIndex(multiIndex(nil), 16); !errors.Is(err, packfile.ErrUnsupported) {
		t.Errorf("ids of 16 bytes: %v", err)
	}
}

func FuzzParseMultiIndex(f *testing.F) {
	whole := multiIndex(nil)
	f.Add(whole[:len(whole)-packfile.SHA1Size])
	f.Add([]byte("MIDX\x01\x01\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha1.Sum(body) // put right, so that the fuzzer gets behind it
		m, err := packfile.ParseMultiIndex(append(bytes.Clone(body), sum[:]...), packfile.SHA1Size)
		if err != nil {
			if !errors.Is(err, packfile.ErrCorrupt) && !errors.Is(err, packfile.ErrUnsupported) {
				t.Fatalf("error is %v", err)
			}
			return
		}
		for _, id := range testIDs() {
			if pack, ok := m.Find(id); ok && pack >= len(m.Packs()) {
				t.Fatalf("pack %d of %d", pack, len(m.Packs()))
			}
		}
	})
}
