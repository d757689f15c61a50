package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The repositories, and the folder of files.
const (
	repoSmall  = "small"
	repoLarge  = "large"
	repoChains = "chains"
	repoRefs   = "refs"
	repoLeaks  = "leaks" // large and some commits that leak keys
	repoHalf   = "half"  // the first half of large
	repoStaged = "staged"
	folderTree = "tree"
)

// recipes are the histories that are made from text. large has to have 20,000 commits, 150,000 blobs and 3 GB.
func recipes(quick bool) map[string]recipe {
	if quick {
		return map[string]recipe{
			repoSmall:  {Files: 30, Commits: 40, PerCommit: 2},
			repoLarge:  {Files: 40, Commits: 120, PerCommit: 3},
			repoChains: {Files: 2, Commits: 150, PerCommit: 1, Depth: 4095},
			repoRefs:   {Files: 30, Commits: 40, PerCommit: 2, Refs: 60},
		}
	}
	return map[string]recipe{
		repoSmall:  {Files: 400, Commits: 2_000, PerCommit: 4},
		repoLarge:  {Files: 1_600, Commits: 21_000, PerCommit: 8},
		repoChains: {Files: 6, Commits: 15_000, PerCommit: 2, Depth: 4095},
		repoRefs:   {Files: 400, Commits: 2_000, PerCommit: 4, Refs: 5_000},
	}
}

// The least that large has to be at full size.
const (
	leastCommits = 20_000
	leastBlobs   = 150_000
	leastBytes   = 3_000_000_000
)

// repository is one that was built.
type repository struct {
	dir string
	size
}

// size is how big a repository is.
type size struct {
	Commits, Blobs, Objects, Refs int
	Bytes                         int64 // of the blobs, uncompressed
	Packed                        int64 // of the packs' files
	Took                          time.Duration
}

// builder makes repositories once, and again when what they are made of changed.
type builder struct {
	config  Config
	git     git
	text    []file
	version string // of the text and of how it is edited
	built   map[string]repository
	note    io.Writer
}

// generation changes whenever the same recipe gives another history than before.
const generation = 1

func newBuilder(ctx context.Context, c Config, note io.Writer) (*builder, error) {
	most := 0
	for _, r := range recipes(c.Quick) {
		most = max(most, r.Files)
	}
	text, err := readText(ctx, c, most)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%d %v", generation, c.Quick)
	for _, f := range text {
		_, _ = fmt.Fprintf(sum, "\x00%s", f.path)
		for _, line := range f.lines {
			sum.Write(line)
		}
	}
	b := &builder{config: c, text: text, built: map[string]repository{}, note: note, version: fmt.Sprintf("%x", sum.Sum(nil)[:6])}
	b.git = git{program: c.Git, home: c.Dir}
	return b, os.MkdirAll(c.Dir, 0o750)
}

// get gives a repository, built now unless it is there.
func (b *builder) get(ctx context.Context, name string) (repository, error) {
	if r, ok := b.built[name]; ok {
		return r, nil
	}
	dir := filepath.Join(b.config.Dir, name+"-"+b.versionOf(name))
	r := repository{dir: dir}
	if stamp, err := os.ReadFile(dir + ".json"); err != nil || json.Unmarshal(stamp, &r.size) != nil {
		if err := b.build(ctx, name, &r); err != nil {
			return r, fmt.Errorf("build the repository %s: %w", name, err)
		}
	}
	b.built[name] = r
	return r, nil
}

// versionOf is what a repository was made of.
func (b *builder) versionOf(name string) string {
	all := recipes(b.config.Quick)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %v %v %v", b.version, all[name], all[repoLarge], all[repoSmall]))
	return fmt.Sprintf("%x", sum[:6])
}

func (b *builder) build(ctx context.Context, name string, r *repository) error {
	_, _ = fmt.Fprintf(b.note, "building %s …\n", name)
	if err := b.removeOld(name); err != nil {
		return err
	}
	start := time.Now()
	var err error
	switch name {
	case folderTree:
		err = b.buildTree(r.dir)
	case repoLeaks:
		err = b.buildLeaks(ctx, r.dir)
	case repoHalf:
		err = b.buildHalf(ctx, r.dir)
	case repoStaged:
		err = b.buildStaged(ctx, r.dir)
	default:
		err = b.buildHistory(ctx, r.dir, recipes(b.config.Quick)[name])
	}
	if err != nil {
		return err
	}
	if name != folderTree {
		if r.size, err = b.git.measure(ctx, r.dir); err != nil {
			return err
		}
	}
	if name == repoLarge && !b.config.Quick && (r.Commits < leastCommits || r.Blobs < leastBlobs || r.Bytes < leastBytes) {
		return fmt.Errorf("it has %d commits, %d blobs, %d bytes, which is less than it has to have", r.Commits, r.Blobs, r.Bytes)
	}
	r.Took = time.Since(start)
	stamp, err := json.Marshal(r.size)
	if err != nil {
		return err
	}
	return os.WriteFile(r.dir+".json", stamp, 0o600)
}

// removeOld makes room: what was made of other text, or not to its end.
func (b *builder) removeOld(name string) error {
	old, err := filepath.Glob(filepath.Join(b.config.Dir, name+"-*"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) buildHistory(ctx context.Context, dir string, r recipe) error {
	text := sample(b.text, r.Files)
	if r.Depth > 0 {
		text = similar(b.text, r.Files)
	}
	if _, err := b.git.run(ctx, "", nil, "init", "-q", "--template=", "--bare", "-b", "main", dir); err != nil {
		return err
	}
	err := b.git.importStream(ctx, dir, func(w io.Writer) error { return newHistory(r, text, w).write() })
	if err != nil {
		return err
	}
	args := []string{"repack", "-adFq"} // F: deltas and compression are made anew, as git does by default
	if r.Depth > 0 {
		args = append(args, fmt.Sprintf("--depth=%d", r.Depth))
	}
	return b.git.all(ctx, dir, args, []string{"pack-refs", "--all"}, []string{"commit-graph", "write", "--reachable"})
}

// similar takes n files of middling size: long chains of large files would make packing slow.
func similar(all []file, n int) []file {
	var out []file
	for _, f := range all {
		if len(f.lines) > 300 && len(f.lines) < 500 && len(out) < n {
			out = append(out, f)
		}
	}
	return out
}

// buildLeaks adds commits to large. What is there already keeps its place in the pack's chains, as after any gc.
func (b *builder) buildLeaks(ctx context.Context, dir string) error {
	large, err := b.get(ctx, repoLarge)
	if err != nil {
		return err
	}
	keys, err := leakKeys(leaks)
	if err != nil {
		return err
	}
	if _, err := b.git.run(ctx, "", nil, "clone", "-q", "--template=", "--bare", large.dir, dir); err != nil {
		return err
	}
	commits, err := b.git.run(ctx, dir, nil, "rev-list", "--first-parent", "--reverse", "main")
	if err != nil {
		return err
	}
	line := strings.Fields(string(commits))
	err = b.git.importStream(ctx, dir, func(w io.Writer) error { return writeLeaks(b.text, line, keys, w) })
	if err != nil {
		return err
	}
	return b.git.all(ctx, dir, []string{"repack", "-adq"}, []string{"pack-refs", "--all"}, []string{"commit-graph", "write", "--reachable"})
}

// buildHalf has git copy the older half: its objects, with the deltas that they have.
func (b *builder) buildHalf(ctx context.Context, dir string) error {
	large, err := b.get(ctx, repoLarge)
	if err != nil {
		return err
	}
	_, err = b.git.run(ctx, "", nil, "clone", "-q", "--template=", "--bare", "--no-local", "--single-branch", "-b", "half", large.dir, dir)
	if err != nil {
		return err
	}
	return b.git.all(ctx, dir, []string{"commit-graph", "write", "--reachable"})
}

// stagedFiles is how many files a commit is about to bring.
const stagedFiles = 10

// buildStaged checks small out and stages an edit of some files.
func (b *builder) buildStaged(ctx context.Context, dir string) error {
	small, err := b.get(ctx, repoSmall)
	if err != nil {
		return err
	}
	if _, err := b.git.run(ctx, "", nil, "clone", "-q", "--template=", small.dir, dir); err != nil {
		return err
	}
	listed, err := b.git.run(ctx, dir, nil, "ls-files")
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(string(listed))[:stagedFiles] {
		path := filepath.Join(dir, name)
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, append(data, "\n// One more line.\n"...), 0o600); err != nil { //nolint:gosec // a file of the repository that was just made here
			return err
		}
	}
	return b.git.all(ctx, dir, []string{"add", "-u"})
}

// buildTree writes the text as files.
func (b *builder) buildTree(dir string) error {
	for _, f := range b.text {
		path := filepath.Join(dir, filepath.FromSlash(f.path))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		var data []byte
		for _, line := range f.lines {
			data = append(data, line...)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
