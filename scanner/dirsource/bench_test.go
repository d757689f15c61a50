package dirsource_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/dirsource"
)

// benchedTree is the toolchain's source, which every Go machine has, without the compressed files in it: we open them,
// ripgrep does not.
func benchedTree(b *testing.B) string {
	b.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Fatal(err)
	}
	dir := filepath.Join(b.TempDir(), "src")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(strings.TrimSpace(string(root)), "src"))); err != nil {
		b.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !isCompressed[filepath.Ext(path)] || entry.IsDir() {
			return err
		}
		return os.Remove(path)
	})
	if err != nil {
		b.Fatal(err)
	}
	return dir
}

// isCompressed is true for the endings of compressed files.
var isCompressed = map[string]bool{".bz2": true, ".gz": true, ".zip": true, ".xz": true, ".zst": true, ".tar": true, ".jar": true, ".whl": true}

type nowhere struct{}

func (nowhere) Blob(int, scanner.Lent) (scanner.Taken, error) { return scanner.Taken{}, nil }
func (nowhere) Skip(int, *scanner.Skip) error                 { return nil }

type scanned struct{ s *scanner.Scanner }

func (b scanned) Blob(_ int, blob scanner.Lent) (scanner.Taken, error) {
	b.s.ScanBytes(context.Background(), blob.Blob)
	return scanner.Taken{}, nil
}
func (b scanned) Skip(int, *scanner.Skip) error { return nil }

// BenchmarkTree reads and scans a tree, and compares with ripgrep where there is one: the catalogue's literals, any
// case. They take turns; of each the best time counts, the others are longer by what else the machine does.
func BenchmarkTree(b *testing.B) {
	dir := benchedTree(b)
	set, err := patterns.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{NoFingerprints: true})
	if err != nil {
		b.Fatal(err)
	}
	lend := func(to scanner.Borrower) func() {
		return func() {
			source := dirsource.New(dir, dirsource.Options{})
			if err := source.Lend(context.Background(), runtime.GOMAXPROCS(0), to); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(source.Counts().Bytes)
		}
	}
	works := []struct {
		name string
		do   func()
	}{{"read", lend(nowhere{})}, {"scan", lend(scanned{s})}, {"ripgrep", ripgrep(b, set, dir)}}
	spent := make([][]time.Duration, len(works))
	for b.Loop() {
		for i, work := range works {
			if work.do == nil {
				continue
			}
			started := time.Now()
			work.do()
			spent[i] = append(spent[i], time.Since(started))
		}
	}
	for i, work := range works {
		if work.do != nil {
			b.ReportMetric(float64(slices.Min(spent[i]).Microseconds())/1000, work.name+"-ms")
		}
	}
	if works[2].do != nil {
		b.ReportMetric(slices.Min(spent[1]).Seconds()/slices.Min(spent[2]).Seconds(), "scan/ripgrep")
	}
}

// ripgrep searches dir for the literals of the catalogue; nil when it is not installed.
func ripgrep(b *testing.B, set *patterns.Set, dir string) func() {
	b.Helper()
	program, err := exec.LookPath("rg")
	if err != nil {
		return nil
	}
	var literals strings.Builder
	for _, p := range set.All() {
		for _, l := range literalsOf(p) {
			fmt.Fprintln(&literals, l)
		}
	}
	file := filepath.Join(b.TempDir(), "literals")
	if err := os.WriteFile(file, []byte(literals.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	return func() {
		// It is told to look at every file, as we do. 1 would say that nothing is found, and the literals are there.
		if out, err := exec.Command(program, "-F", "-i", "-uuu", "--count", "-f", file, dir).Output(); err != nil || len(out) == 0 {
			b.Fatalf("ripgrep: %v, %d bytes of output", err, len(out))
		}
	}
}

// literalsOf are the texts of which one stands in every match: those that the scanner looks for, see anchorOf in
// package scanner.
func literalsOf(p *patterns.Pattern) []string {
	if p.Regex != nil {
		return p.Regex.Literals
	}
	if prefixes := p.Format.AllPrefixes(); len(prefixes) > 0 && !slices.ContainsFunc(prefixes, isShort) {
		return prefixes
	}
	for _, part := range p.Format.Parts {
		if part.Literal != "" && !isShort(part.Literal) {
			return []string{part.Literal}
		}
	}
	return nil
}

func isShort(literal string) bool { return len(literal) < 3 }
