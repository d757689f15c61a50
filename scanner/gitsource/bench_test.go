package gitsource_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/scanner/gitsource"
)

// benchRepo is the repository that BENCH_REPO names, or one of source text of the toolchain in many versions.
func benchRepo(b *testing.B) string {
	b.Helper()
	if dir := os.Getenv("BENCH_REPO"); dir != "" {
		return dir
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(root)), "src/net/http/*.go"))
	if err != nil || len(files) == 0 {
		b.Fatalf("no source text: %v", err)
	}
	var stream bytes.Buffer
	for i := range 3000 {
		file := files[i%len(files)]
		text, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		at := i * 37 % len(text)
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter A <a@example.com> %d +0000\ndata 4\nedit\nM 100644 inline %s\ndata %d\n%s// %d\n%s\n",
			1_700_000_000+i, filepath.Base(file), len(text)+len(fmt.Sprintf("// %d\n", i)), text[:at], i, text[at:])
	}
	dir := b.TempDir()
	run := func(args ...string) {
		cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1"}
		if args[0] == "fast-import" {
			cmd.Stdin = &stream
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
	}
	run("init", "-q", "--bare")
	run("fast-import", "--quiet")
	run("repack", "-qadf")
	return dir
}

// BenchmarkHistory yields every blob of a history, and says how long that takes against the same through git.
func BenchmarkHistory(b *testing.B) {
	dir := benchRepo(b)
	read := func(options gitsource.Options) time.Duration {
		start := time.Now()
		r, err := gitsource.Open(dir, options)
		if err != nil {
			b.Fatal(err)
		}
		h := r.History()
		for _, err := range h.Blobs(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(h.Counts().Bytes)
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	var own, slow time.Duration
	for b.Loop() {
		b.StopTimer()
		slow += read(gitsource.Options{ThroughGit: true})
		b.StartTimer()
		own += read(gitsource.Options{})
	}
	b.ReportMetric(own.Seconds()/slow.Seconds(), "of-through-git")
}
