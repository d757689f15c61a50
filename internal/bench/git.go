package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// git runs the git program with nobody's configuration, so that each machine makes the same repositories.
type git struct {
	program string
	home    string
}

// environment is what every program that is run here gets, ours too.
func environment(home string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CACHE_HOME=" + filepath.Join(home, "cache"), "LC_ALL=C", "TMPDIR=" + os.TempDir(),
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_ADVICE=0",
	}
}

func (g git) command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	if dir != "" {
		args = append([]string{"-C", dir}, args...)
	}
	cmd := exec.CommandContext(ctx, g.program, args...)
	cmd.Env = environment(g.home)
	return cmd
}

// run gives what git printed. Errors: with the end of what it complained about.
func (g git) run(ctx context.Context, dir string, in io.Reader, args ...string) ([]byte, error) {
	cmd := g.command(ctx, dir, args...)
	cmd.Stdin = in
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, gist(complaint.Bytes()))
	}
	return out, nil
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// gist is what git calls fatal, else its last line.
func gist(text []byte) string {
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "fatal:") {
			return strings.TrimSpace(line)
		}
	}
	return lastLine(text)
}

// all runs one command after the other.
func (g git) all(ctx context.Context, dir string, commands ...[]string) error {
	for _, args := range commands {
		if _, err := g.run(ctx, dir, nil, args...); err != nil {
			return err
		}
	}
	return nil
}

// importStream feeds what write writes to `git fast-import`. It compresses badly and quickly: a repack follows.
func (g git) importStream(ctx context.Context, dir string, write func(io.Writer) error) error {
	in, out := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := write(out)
		_ = out.CloseWithError(err) // never fails
		written <- err
	}()
	_, err := g.run(ctx, dir, in, "-c", "pack.compression=1", "fast-import", "--quiet", "--done")
	_ = in.Close() // never fails; lets a writer go that git no longer reads from
	return errors.Join(err, ignoreClosed(<-written))
}

// ignoreClosed: git's own complaint says more than that nobody reads the stream.
func ignoreClosed(err error) error {
	if errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

// measure counts what a repository holds.
func (g git) measure(ctx context.Context, dir string) (size, error) {
	var s size
	err := g.eachObject(ctx, dir, func(_, kind string, bytes int64) {
		s.Objects++
		switch kind {
		case "commit":
			s.Commits++
		case "blob":
			s.Blobs++
			s.Bytes += bytes
		}
	})
	if err != nil {
		return s, err
	}
	refs, err := g.run(ctx, dir, nil, "for-each-ref", "--format=x")
	if err != nil {
		return s, err
	}
	s.Refs = bytes.Count(refs, []byte("x"))
	common, err := g.run(ctx, dir, nil, "rev-parse", "--path-format=absolute", "--git-common-dir")
	if err != nil {
		return s, err
	}
	packs, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(common)), "objects", "pack", "*.pack"))
	for _, name := range packs {
		info, err := os.Stat(name)
		if err != nil {
			return s, err
		}
		s.Packed += info.Size()
	}
	return s, err
}

// eachObject tells of every object in the order of the packs.
func (g git) eachObject(ctx context.Context, dir string, tell func(id, kind string, bytes int64)) error {
	out, err := g.run(ctx, dir, nil, "cat-file", "--batch-all-objects", "--unordered", "--batch-check", "--buffer")
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		field := strings.Fields(lines.Text())
		if len(field) != 3 {
			return fmt.Errorf("git cat-file --batch-check: %d words in a line", len(field))
		}
		n, err := strconv.ParseInt(field[2], 10, 64)
		if err != nil {
			return fmt.Errorf("git cat-file --batch-check: %w", err)
		}
		tell(field[0], field[1], n)
	}
	return lines.Err()
}

// halves writes the ids of all blobs, in the order of the packs, to two files of about the same number of bytes to read.
func (g git) halves(ctx context.Context, dir string, bytes int64, into [2]string) error {
	var list [2]strings.Builder
	var before int64
	err := g.eachObject(ctx, dir, func(id, kind string, size int64) {
		if kind != "blob" {
			return
		}
		which := 0
		if before >= bytes/2 {
			which = 1
		}
		before += size
		_, _ = list[which].WriteString(id + "\n")
	})
	if err != nil {
		return err
	}
	for i, name := range into {
		if err := os.WriteFile(name, []byte(list[i].String()), 0o600); err != nil {
			return err
		}
	}
	return nil
}
