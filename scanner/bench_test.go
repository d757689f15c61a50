package scanner_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keywright/keywright/scanner"
)

// BenchmarkScanText scans Go's own source text with the test patterns; the work of one core.
func BenchmarkScanText(b *testing.B) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(root)), "src", "net", "http", "*.go"))
	if err != nil || len(files) == 0 {
		b.Skip("the Go toolchain's source is not installed")
	}
	var blobs []scanner.Blob
	size := 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		blobs = append(blobs, scanner.Blob{Data: data})
		size += len(data)
	}
	s := newScanner(b, scanner.Options{NoFingerprints: true})
	b.SetBytes(int64(size))
	for b.Loop() {
		for _, blob := range blobs {
			s.ScanBytes(context.Background(), blob)
		}
	}
}
