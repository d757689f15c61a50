package decode_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keywright/keywright/scanner/decode"
)

// deflated is a zip archive of members, each with the same content.
func deflated(t testing.TB, members int, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range members {
		member, err := w.Create(fmt.Sprintf("m%d", i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := member.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// overlapping is a zip archive whose directory names one member, of compressed bytes that unfold to size, many times.
func overlapping(t testing.TB, members int, compressed []byte, size uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range members {
		content := compressed
		if i > 0 {
			content = nil
		}
		raw, err := w.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("m%05d", i), Method: zip.Deflate, CompressedSize64: uint64(len(compressed)), UncompressedSize64: size})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := raw.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	const offsetInRecord = 42
	for at := bytes.Index(data, []byte("PK\x01\x02")); at >= 0; {
		binary.LittleEndian.PutUint32(data[at+offsetInRecord:], 0)
		next := bytes.Index(data[at+4:], []byte("PK\x01\x02"))
		if next < 0 {
			break
		}
		at += 4 + next
	}
	return data
}

func TestABombIsCutAtTheBudget(t *testing.T) {
	t.Parallel()
	zeros := make([]byte, 8<<20)
	var squeezed bytes.Buffer
	fw, err := flate.NewWriter(&squeezed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = fw.Write(zeros)
	_ = fw.Close()
	nothing := []byte(strings.Repeat("\x00\x00\x00\xff\xff", 200_000) + "\x01\x00\x00\xff\xff")
	for _, test := range []struct {
		name string
		data []byte
	}{
		{"gzip of zeros", []byte(gz(string(zeros)))},
		{"zlib of zeros", []byte(zlibbed(string(zeros)))},
		{"zips in zips, each of the same ones", deflated(t, 16, deflated(t, 16, deflated(t, 16, zeros[:1<<20])))},
		{"members that lie one over the other", overlapping(t, 500, squeezed.Bytes(), uint64(len(zeros)))},
		{"members that lie one over the other and hold nothing", overlapping(t, 9000, nothing, 0)},
		{"gzip in gzip of zeros", []byte(gz(gz(string(zeros))))},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			const budget = 4 << 20
			total := 0
			cuts := decode.Walk(test.data, decode.Limits{MaxBytes: budget}, func(p *decode.Piece) { total += len(p.Data) })
			if total > budget {
				t.Errorf("%d bytes decoded, the budget is %d", total, budget)
			}
			if !slices.ContainsFunc(cuts, func(c decode.Cut) bool { return c.Limit }) {
				t.Errorf("no limit is reported: %v", cuts)
			}
		})
	}
}

// FuzzArchive promises of whatever an archive became: never panics, never over the budget.
func FuzzArchive(f *testing.F) {
	for _, seed := range []string{gz(text), zlibbed(text), bzipped, tarball(text, "a", "b"), zipped(f, "a", text), string(deflated(f, 2, []byte(text)))} {
		f.Add([]byte(seed), uint16(3), byte(0xff))
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint16, flip byte) {
		if len(data) == 0 {
			return
		}
		data = slices.Clone(data)
		data[int(at)%len(data)] ^= flip
		const budget = 1 << 16
		total := 0
		decode.Walk(data, decode.Limits{MaxBytes: budget}, func(p *decode.Piece) {
			total += len(p.Data)
			if start, end := p.Span(0, len(p.Data)); start < 0 || start > end || end > len(data) {
				t.Fatalf("%v: span %d to %d of %d", p.Decoders, start, end, len(data))
			}
		})
		if total > budget {
			t.Fatalf("%d bytes decoded, the budget is %d", total, budget)
		}
	})
}

// The standard library's tests have a zip archive that holds itself, in hex.
func TestAnArchiveThatHoldsItselfHasAnEnd(t *testing.T) {
	t.Parallel()
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goroot)), "src", "archive", "zip", "reader_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	itself := 0
	cuts := decode.Walk(data, decode.Limits{}, func(p *decode.Piece) {
		if strings.HasSuffix(p.Member, "r/r.zip") {
			itself++
		}
	})
	if itself != 1 || slices.ContainsFunc(cuts, func(c decode.Cut) bool { return c.Limit }) {
		t.Errorf("it was opened %d times, cuts %+v", itself, cuts)
	}
}
