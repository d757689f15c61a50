package decode_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/keywright/keywright/scanner/decode"
)

// BenchmarkWalk decodes the toolchain's Go source, file by file, and the files that BENCH_TEXT names.
func BenchmarkWalk(b *testing.B) {
	b.Run("go source", func(b *testing.B) { walkFiles(b, sourceFiles(b, filepath.Join(runtime.GOROOT(), "src", "net"))) }) //nolint:staticcheck // where the sources are
	for _, name := range filepath.SplitList(os.Getenv("BENCH_TEXT")) {
		b.Run(filepath.Base(name), func(b *testing.B) {
			data, err := os.ReadFile(name)
			if err != nil {
				b.Fatal(err)
			}
			walkFiles(b, [][]byte{data})
		})
	}
}

func walkFiles(b *testing.B, files [][]byte) {
	size, pieces := 0, 0
	for _, data := range files {
		size += len(data)
	}
	b.SetBytes(int64(size))
	var w decode.Walker
	for b.Loop() {
		for _, data := range files {
			w.Walk(data, decode.Limits{}, func(*decode.Piece) { pieces++ })
		}
	}
	b.ReportMetric(float64(pieces)/float64(b.N)/float64(size)*1e6, "pieces/MB")
}

func sourceFiles(b *testing.B, root string) (files [][]byte) {
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		data, err := os.ReadFile(path)
		files = append(files, data)
		return err
	})
	if err != nil || len(files) == 0 {
		b.Skip("the toolchain's source is not there: ", err)
	}
	return files
}
