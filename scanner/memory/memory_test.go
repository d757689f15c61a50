package memory_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keywright/keywright/scanner/memory"
)

func id(n, size int) []byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	return sum[:size]
}

func folder(t *testing.T) (*memory.Folder, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cache", "keywright")
	f, err := memory.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f, path
}

func onlyFile(t *testing.T, path string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(path, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	return files[0]
}

func TestASecondScanKnowsWhatTheFirstSaved(t *testing.T) {
	t.Parallel()
	for _, size := range []int{20, 32} {
		f, _ := folder(t)
		key := memory.NewKey("a", "b")
		d := memory.NewDraft(size)
		for n := range 1000 {
			d.Clean(id(n, size))
		}
		d.Clean(id(1, size)) // said twice
		d.Mark(id(5000, size))
		d.Mark(id(7, size)) // said clean before
		d.Note([]byte("note"))
		if err := f.Save("repo", key, d); err != nil {
			t.Fatal(err)
		}
		m, note := f.Load("repo", key)
		if note != "" || m.Len() != 999 {
			t.Fatalf("%d clean, note %q", m.Len(), note)
		}
		for n := range 1000 {
			if m.Clean(id(n, size)) != (n != 7) {
				t.Errorf("object %d: clean is %t", n, m.Clean(id(n, size)))
			}
		}
		if m.Clean(id(1000, size)) || m.Clean(id(1, size)[:4]) || m.Clean(nil) {
			t.Error("what nobody saved is clean")
		}
		n := 0
		for marked := range m.Marked() {
			if n++; !bytes.Equal(marked, id(7, size)) && !bytes.Equal(marked, id(5000, size)) {
				t.Errorf("marked %x", marked)
			}
		}
		if n != 2 || string(m.Note()) != "note" {
			t.Errorf("%d marked, note %q", n, m.Note())
		}
	}
}

func TestNothingIsKnownOfAnotherKeyOrRepository(t *testing.T) {
	t.Parallel()
	f, _ := folder(t)
	key := memory.NewKey("catalogue 1")
	d := memory.NewDraft(20)
	d.Clean(id(1, 20))
	if err := f.Save("repo", key, d); err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]*memory.Memory{
		"another catalogue":  first(f.Load("repo", memory.NewKey("catalogue 2"))),
		"parts put together": first(f.Load("repo", memory.NewKey("catalogue", " 1"))),
		"another repository": first(f.Load("other", key)),
	} {
		if m.Len() != 0 || m.Clean(id(1, 20)) {
			t.Errorf("%s: something is known", name)
		}
	}
	if m, _ := f.Load("repo", key); !m.Clean(id(1, 20)) {
		t.Error("the same key knows nothing")
	}
}

func first(m *memory.Memory, _ string) *memory.Memory { return m }

func TestNoDamagedFileIsTrusted(t *testing.T) {
	t.Parallel()
	f, path := folder(t)
	key := memory.NewKey("k")
	d := memory.NewDraft(20)
	for n := range 20 {
		d.Clean(id(n, 20))
	}
	if err := f.Save("repo", key, d); err != nil {
		t.Fatal(err)
	}
	file := onlyFile(t, path)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	damaged := map[string][]byte{"empty": nil, "longer": append(bytes.Clone(whole), 0), "cut": whole[:len(whole)-1], "half": whole[:len(whole)/2]}
	for i := range whole {
		changed := bytes.Clone(whole)
		changed[i] ^= 0x10
		damaged["byte changed "+strings.Repeat("i", i)] = changed
	}
	for name, data := range damaged {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if m, _ := f.Load("repo", key); m.Len() != 0 {
			t.Fatalf("%s: %d objects are known", name, m.Len())
		}
	}
	if _, note := f.Load("repo", key); note == "" {
		t.Error("nothing is said of a damaged file")
	}
	if err := f.Save("repo", key, d); err != nil {
		t.Fatal(err)
	}
	if m, note := f.Load("repo", key); m.Len() != 20 || note != "" {
		t.Errorf("made anew: %d objects, %q", m.Len(), note)
	}
}

func TestWhatOthersMayWriteIsNotTrusted(t *testing.T) {
	t.Parallel()
	f, path := folder(t)
	key := memory.NewKey("k")
	d := memory.NewDraft(20)
	d.Clean(id(1, 20))
	if err := f.Save("repo", key, d); err != nil {
		t.Fatal(err)
	}
	file := onlyFile(t, path)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	if m, note := f.Load("repo", key); m.Len() != 0 || note == "" {
		t.Errorf("a file of mode 0666: %d objects, %q", m.Len(), note)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", file); err != nil {
		t.Fatal(err)
	}
	if m, _ := f.Load("repo", key); m.Len() != 0 {
		t.Error("a link was followed")
	}
	if err := os.Chmod(path, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := memory.Open(path); !errors.Is(err, memory.ErrOpenToOthers) {
		t.Errorf("a folder of mode 0777: %v", err)
	}
}

func TestASetKnowsExactlyItsMembers(t *testing.T) {
	t.Parallel()
	f, _ := folder(t)
	rapid.Check(t, func(t *rapid.T) {
		have := rapid.SliceOfDistinct(rapid.Uint64(), func(n uint64) uint64 { return n }).Draw(t, "have")
		d := memory.NewDraft(8)
		in := map[uint64]bool{}
		for _, n := range have {
			in[n] = true
			d.Clean(binary.BigEndian.AppendUint64(nil, n))
		}
		if err := f.Save("repo", memory.Key{}, d); err != nil {
			t.Fatal(err)
		}
		m, _ := f.Load("repo", memory.Key{})
		for _, n := range append(have, rapid.SliceOf(rapid.Uint64()).Draw(t, "asked")...) {
			for _, asked := range []uint64{n - 1, n, n + 1} {
				if m.Clean(binary.BigEndian.AppendUint64(nil, asked)) != in[asked] {
					t.Fatalf("%d: clean is %t", asked, !in[asked])
				}
			}
		}
	})
}
