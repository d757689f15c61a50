package scanner_test

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// everyFile of the toolchain's source is enough to show what real text costs.
const everyFile = 8

// BenchmarkScanText scans Go's own source text with the catalogue; the work of one core.
func BenchmarkScanText(b *testing.B) {
	set, err := patterns.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{NoFingerprints: true})
	if err != nil {
		b.Fatal(err)
	}
	blobs, size := toolchainBlobs(b)
	b.SetBytes(int64(size))
	for b.Loop() {
		for _, blob := range blobs {
			s.ScanBytes(context.Background(), blob)
		}
	}
}

func toolchainBlobs(b *testing.B) (blobs []scanner.Blob, size int) {
	b.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	err = filepath.WalkDir(filepath.Join(strings.TrimSpace(string(root)), "src"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if n++; n%everyFile != 0 {
			return nil
		}
		data, err := os.ReadFile(path)
		blobs = append(blobs, scanner.Blob{Data: data})
		size += len(data)
		return err
	})
	if err != nil || size == 0 {
		b.Fatalf("%d bytes of the toolchain's source are read: %v", size, err)
	}
	return blobs, size
}
