package gitsource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const maxIndexFileBytes = 2 << 30 // of a work tree

// indexEntry is a file that an index holds.
type indexEntry struct {
	id    oid
	path  string
	stage string // "0", or "1" to "3" in a conflict
}

// indexFiles are the indexes of all work trees that have one: the chosen one first.
func (r *Repository) indexFiles() []string {
	var files []string
	for _, file := range append([]string{r.indexFile}, r.otherIndexes()...) {
		if present(file) {
			files = append(files, file)
		}
	}
	return files
}

func (r *Repository) otherIndexes() []string {
	var files []string
	for _, dir := range r.workTreeDirs() {
		if file := filepath.Join(dir, "index"); file != r.indexFile {
			files = append(files, file)
		}
	}
	return files
}

// copyIndex copies an index, and the shared part of a split one, into the shim. There is none when present is
// false.
func (s *shim) copyIndex(file string) (present bool, err error) {
	if err := s.make(); err != nil {
		return false, fmt.Errorf("%w: %w", errStart, err)
	}
	err = copyRegular(file, s.path("index"))
	if isAbsent(err) {
		return false, os.RemoveAll(s.path("index"))
	}
	if err != nil {
		return false, err
	}
	for _, dir := range []string{filepath.Dir(file), s.repo.gitDir} {
		shared, err := filepath.Glob(filepath.Join(globQuote(dir), "sharedindex.*"))
		if err != nil {
			return true, fmt.Errorf("look for the shared index: %w", err)
		}
		for _, part := range shared {
			name := filepath.Base(part)
			if _, ok := s.repo.format.parse([]byte(strings.TrimPrefix(name, "sharedindex."))); !ok {
				continue
			}
			if err := copyRegular(part, s.path(name)); err != nil {
				return true, err
			}
		}
	}
	return true, nil
}

// globQuote takes the meaning off the characters that filepath.Glob gives one.
func globQuote(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

func copyRegular(from, to string) error {
	in, info, err := openRegular(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	if info.Size() > maxIndexFileBytes {
		return fmt.Errorf("copy %s: over %d bytes: %w", from, int64(maxIndexFileBytes), errTooLarge)
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, io.LimitReader(in, maxIndexFileBytes))
	return errors.Join(err, out.Close())
}

// indexEntries lists the files of an index: no submodules, no entry without content (intent to add).
func (s *shim) indexEntries(ctx context.Context, file string) ([]indexEntry, error) {
	there, err := s.copyIndex(file)
	if err != nil || !there {
		return nil, err
	}
	out, err := s.run(ctx, maxListingBytes, "", "ls-files", "--stage", "-z")
	if err != nil {
		return nil, err
	}
	return s.repo.format.parseStage(out)
}

// parseStage parses the output of `git ls-files --stage -z`: mode, id, stage, a tab, the path.
func (f objectFormat) parseStage(out []byte) ([]indexEntry, error) {
	var entries []indexEntry
	for line := range bytes.SplitSeq(out, []byte{0}) {
		if len(line) == 0 {
			continue
		}
		meta, name, ok := bytes.Cut(line, []byte("\t"))
		words := bytes.Fields(meta)
		if !ok || len(words) != 3 {
			return entries, errors.New("git ls-files gave output of another form")
		}
		id, ok := f.parse(words[1])
		if !ok {
			return entries, errors.New("git ls-files gave an id of another form")
		}
		if string(words[0]) != gitlink {
			entries = append(entries, indexEntry{id: id, path: string(name), stage: string(words[2])})
		}
	}
	return entries, nil
}
