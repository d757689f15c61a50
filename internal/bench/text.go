package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// The files that histories are made of: about 20 KB each on average, as in git's own and rails' histories.
const (
	minFileBytes = 8 << 10
	maxFileBytes = 70 << 10
)

// file is real source text, by lines with their ends.
type file struct {
	path  string
	lines [][]byte
}

// readText gives up to most files of Go source from the toolchain and from the modules that ours asks for, by path. Files
// in which the scanner finds something are left out, so that a history made of them holds only the secrets that were put there.
func readText(ctx context.Context, c Config, most int) ([]file, error) {
	roots, err := textRoots(ctx, c)
	if err != nil {
		return nil, err
	}
	var all []source
	for _, root := range roots {
		if err := addSources(root, &all); err != nil {
			return nil, fmt.Errorf("read the text of %s: %w", root.name, err)
		}
	}
	slices.SortFunc(all, func(a, b source) int { return strings.Compare(a.path, b.path) })
	// Some more than are wanted: some are left out.
	text, err := harmless(ctx, sample(all, most+most/8))
	if err != nil {
		return nil, err
	}
	if len(text) < most {
		return nil, fmt.Errorf("only %d files of source text are here, %d are wanted", len(text), most)
	}
	return sample(text, most), nil
}

// harmless reads the files in which the scanner finds nothing.
func harmless(ctx context.Context, sources []source) ([]file, error) {
	set, err := patterns.Builtin()
	if err != nil {
		return nil, err
	}
	s, err := scanner.New(set, scanner.Options{NoFingerprints: true})
	if err != nil {
		return nil, err
	}
	var out []file
	for _, from := range sources {
		data, err := os.ReadFile(from.name)
		if err != nil {
			return nil, fmt.Errorf("read the text: %w", err)
		}
		if found, skips := s.ScanBytes(ctx, scanner.Blob{Data: data}); len(found)+len(skips) == 0 {
			out = append(out, file{from.path, bytes.SplitAfter(data, []byte("\n"))})
		}
	}
	return out, ctx.Err()
}

// sample takes n files, evenly.
func sample[T any](all []T, n int) []T {
	if len(all) <= n {
		return all
	}
	out := make([]T, n)
	for i := range out {
		out[i] = all[i*len(all)/n]
	}
	return out
}

// textRoot is a folder of text and the name that its files get in a history.
type textRoot struct{ name, dir string }

// textRoots are the toolchain's source and the modules that go.mod asks for directly.
func textRoots(ctx context.Context, c Config) ([]textRoot, error) {
	cmd := exec.CommandContext(ctx, c.Go, "env", "GOROOT")
	cmd.Dir = c.Source
	root, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("find the toolchain's source: %w", err)
	}
	roots := []textRoot{{"src", filepath.Join(strings.TrimSpace(string(root)), "src")}}
	cmd = exec.CommandContext(ctx, c.Go, "list", "-mod=readonly", "-m", "-f", "{{if not (or .Main .Indirect)}}{{.Path}} {{.Dir}}{{end}}", "all")
	cmd.Dir = c.Source
	modules, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list the modules: %w", err)
	}
	for line := range strings.Lines(string(modules)) {
		if name, dir, ok := strings.Cut(strings.TrimSpace(line), " "); ok && dir != "" {
			roots = append(roots, textRoot{path.Join("vendor", name), dir})
		}
	}
	return roots, nil
}

// source is a file of text: its name here and in a history.
type source struct{ name, path string }

func addSources(root textRoot, all *[]source) error {
	return filepath.WalkDir(root.dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || filepath.Ext(name) != ".go" {
			return err
		}
		info, err := entry.Info()
		if err != nil || info.Size() < minFileBytes || info.Size() > maxFileBytes {
			return err
		}
		short, err := filepath.Rel(root.dir, name)
		if err != nil {
			return err
		}
		*all = append(*all, source{name, path.Join(root.name, filepath.ToSlash(short))})
		return nil
	})
}
