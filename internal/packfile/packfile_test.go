package packfile_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/keywright/keywright/internal/packfile"
)

// objects is how many the packs of these tests have.
const objects = 12

// realPack makes a repository of a few commits, packs it, and returns the pack's path without its ending.
func realPack(t *testing.T, format, indexVersion string) string {
	t.Helper()
	dir := t.TempDir()
	git := func(stdin string, args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1"}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("", "init", "-q", "--bare", "--object-format="+format, dir)
	var ids strings.Builder
	for i := range objects {
		ids.WriteString(git("text "+strconv.Itoa(i), "hash-object", "-w", "--stdin") + "\n")
	}
	name := git(ids.String(), "pack-objects", "-q", "--index-version="+indexVersion, "objects/pack/pack")
	return filepath.Join(dir, "objects/pack/pack-"+name)
}

// verified is what git itself says of a pack: ids with their offsets.
func verified(t *testing.T, base, format string) map[string]uint64 {
	t.Helper()
	cmd := exec.Command("git", "show-index", "--object-format="+format)
	idx, err := os.Open(base + ".idx")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = idx.Close() }()
	cmd.Stdin = idx
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1"}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]uint64{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		offset, err := strconv.ParseUint(words[0], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		want[words[1]] = offset
	}
	return want
}

func TestAnIndexIsWhatGitSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, format, version string
		size                  int
	}{
		{"version 2", "sha1", "2", packfile.SHA1Size},
		{"version 1", "sha1", "1", packfile.SHA1Size},
		{"version 2 with large offsets", "sha1", "2,0x40", packfile.SHA1Size},
		{"version 2 of SHA-256", "sha256", "2", packfile.SHA256Size},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			base := realPack(t, c.format, c.version)
			want := verified(t, base, c.format)
			data, err := os.ReadFile(base + ".idx")
			if err != nil {
				t.Fatal(err)
			}
			x, err := packfile.ParseIndex(data, c.size)
			if err != nil {
				t.Fatal(err)
			}
			if x.Len() != len(want) || x.Len() != objects {
				t.Fatalf("%d objects, git says %d", x.Len(), len(want))
			}
			for i := range x.Len() {
				id := hex.EncodeToString(x.ID(i))
				if offset, ok := want[id]; !ok || offset != x.Offset(i) {
					t.Errorf("object %s at %d, git says %d", id, x.Offset(i), offset)
				}
				if at, ok := x.Find(x.ID(i)); !ok || at != i {
					t.Errorf("object %s is found at %d (%v), not %d", id, at, ok, i)
				}
			}
			if _, ok := x.Find(make([]byte, c.size)); ok {
				t.Error("an id that is not there was found")
			}
			pack, err := os.ReadFile(base + ".pack")
			if err != nil {
				t.Fatal(err)
			}
			if err := x.CheckPack(bytes.NewReader(pack), int64(len(pack))); err != nil {
				t.Error(err)
			}
			for _, n := range []int{0, 11, 12, len(pack) / 2, len(pack) - 1} {
				if err := x.CheckPack(bytes.NewReader(pack[:n]), int64(n)); !errors.Is(err, packfile.ErrCorrupt) {
					t.Errorf("a pack cut at %d: %v", n, err)
				}
			}
		})
	}
}

// index builds an index v2 of ids with correct checksums.
func index(ids [][]byte, change func([]byte) []byte) []byte {
	sort.Slice(ids, func(i, j int) bool { return bytes.Compare(ids[i], ids[j]) < 0 })
	b := binary.BigEndian.AppendUint32(nil, 0xff744f63)
	b = binary.BigEndian.AppendUint32(b, 2)
	for i := range 256 {
		n := 0
		for _, id := range ids {
			if int(id[0]) <= i {
				n++
			}
		}
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	b = append(b, bytes.Join(ids, nil)...)
	b = append(b, make([]byte, 4*len(ids))...)
	for i := range ids {
		b = binary.BigEndian.AppendUint32(b, uint32(12+i))
	}
	b = append(b, make([]byte, packfile.SHA1Size)...)
	if change != nil {
		b = change(b)
	}
	sum := sha1.Sum(b)
	return append(b, sum[:]...)
}

func testIDs() [][]byte {
	var ids [][]byte
	for i := range 3 {
		sum := sha1.Sum([]byte{byte(i)})
		ids = append(ids, sum[:])
	}
	return ids
}

func TestABrokenIndexIsRefused(t *testing.T) {
	t.Parallel()
	const tables = 8 + 256*4
	cases := []struct {
		name string
		data []byte
		want error
	}{
		{"an empty one", nil, packfile.ErrCorrupt},
		{"one without a body", make([]byte, 1064), packfile.ErrCorrupt},
		{"a wrong checksum", index(testIDs(), nil)[:1100], packfile.ErrCorrupt},
		{"another version", index(testIDs(), func(b []byte) []byte { b[7] = 3; return b }), packfile.ErrUnsupported},
		{"a falling fan-out", index(testIDs(), func(b []byte) []byte { b[8+3] = 200; return b }), packfile.ErrCorrupt},
		{"a count beyond its tables", index(testIDs(), func(b []byte) []byte { b[8+255*4] = 0x7f; return b }), packfile.ErrCorrupt},
		{"ids out of order", index(testIDs(), func(b []byte) []byte { b[tables] = 0xff; return b }), packfile.ErrCorrupt},
		{"an id twice", index([][]byte{testIDs()[0], testIDs()[0]}, nil), packfile.ErrCorrupt},
		{"an offset behind the large ones", index(testIDs(), func(b []byte) []byte { b[len(b)-24] |= 0x80; return b }), packfile.ErrCorrupt},
		{"half a large offset", index(testIDs(), func(b []byte) []byte { return append(b, 1, 2, 3, 4) }), packfile.ErrCorrupt},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := packfile.ParseIndex(c.data, packfile.SHA1Size); !errors.Is(err, c.want) {
				t.Errorf("error is %v", err)
			}
		})
	}
	if _, err := packfile.ParseIndex(index(testIDs(), nil), 16); !errors.Is(err, packfile.ErrUnsupported) {
		t.Errorf("ids of 16 bytes: %v", err)
	}
	if x, err := packfile.ParseIndex(index(testIDs(), nil), packfile.SHA1Size); err != nil || x.Len() != 3 {
		t.Errorf("the one that all of these were made from: %v", err)
	}
}

func FuzzParseIndex(f *testing.F) {
	f.Add(index(testIDs(), nil)[:1100])
	f.Add(index(nil, nil))
	f.Add([]byte("\xfftOc\x00\x00\x00\x02"))
	f.Fuzz(func(t *testing.T, body []byte) {
		// The checksum is put right, so that the fuzzer gets behind it.
		sum := sha1.Sum(body)
		x, err := packfile.ParseIndex(append(bytes.Clone(body), sum[:]...), packfile.SHA1Size)
		if err != nil {
			if !errors.Is(err, packfile.ErrCorrupt) && !errors.Is(err, packfile.ErrUnsupported) {
				t.Fatalf("error is %v", err)
			}
			return
		}
		for i := range x.Len() {
			x.Offset(i)
			if at, ok := x.Find(x.ID(i)); !ok || at != i {
				t.Fatalf("object %d is found at %d", i, at)
			}
		}
		_ = x.CheckPack(bytes.NewReader(body), int64(len(body)))
	})
}

func ExampleParseHeader() {
	h, err := packfile.ParseHeader([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x07"))
	_, _ = os.Stdout.WriteString(strconv.Itoa(int(h.Objects)) + " objects, error: " + strconv.FormatBool(err != nil) + "\n")
	// Output: 7 objects, error: false
}

func TestMaxIndexBytesLeavesRoomForAPackOfTheShortestEntries(t *testing.T) {
	t.Parallel()
	const objects = 1000
	pack := int64(12 + 9*objects + packfile.SHA1Size)
	if got, least := packfile.MaxIndexBytes(pack, packfile.SHA1Size), int64(8+1024+objects*(packfile.SHA1Size+16)+2*packfile.SHA1Size); got < least || got > 2*least {
		t.Errorf("%d bytes, an index of %d objects has %d", got, objects, least)
	}
}
