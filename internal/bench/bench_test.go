package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// quick is a configuration of small repositories in folders of the test.
func quick(t *testing.T, only ...string) Config {
	t.Helper()
	c, err := configured(func(name string) string { return map[string]string{"BENCH_QUICK": "1"}[name] })
	if err != nil && !errors.Is(err, os.ErrNotExist) { // no bin/keywright: the test brings its own
		t.Fatal(err)
	}
	c.Dir, c.Only, c.Source = t.TempDir(), only, filepath.Join("..", "..")
	c.Docs = filepath.Join(c.Dir, "benchmarks.md")
	return c
}

func TestAQuickRunMeasuresEveryRowWithTheRealBinary(t *testing.T) {
	t.Parallel()
	c := quick(t)
	c.Binary = filepath.Join(t.TempDir(), "keywright")
	build := exec.Command(c.Go, "build", "-o", c.Binary, "./cmd/keywright")
	build.Dir = c.Source
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the binary: %v\n%s", err, out)
	}
	c.Repo = filepath.Join(c.Dir, "another")
	makeRepository(t, c)
	var out bytes.Buffer
	if err := Run(t.Context(), c, &out, t.Output()); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, r := range rows() {
		if !strings.Contains(out.String(), "\n"+r.name+" ") {
			t.Errorf("no line of the table is for %s", r.name)
		}
	}
	for _, want := range []string{"git cat-file, all objects", "2 × git cat-file, blobs only", "not judged", "twice the blobs", "inittrace"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
	if _, err := os.Stat(c.Docs); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a quick run wrote the document: %v", err)
	}
}

func makeRepository(t *testing.T, c Config) {
	t.Helper()
	g := git{program: c.Git, home: t.TempDir()}
	if _, err := g.run(t.Context(), "", nil, "init", "-q", "--template=", "--bare", c.Repo); err != nil {
		t.Fatal(err)
	}
	text := []file{{"a.go", bytes.SplitAfter([]byte(strings.Repeat("package a // a line\n", 50)), []byte("\n"))}}
	err := g.importStream(t.Context(), c.Repo, func(w io.Writer) error {
		return newHistory(recipe{Files: 1, Commits: 3, PerCommit: 1}, text, w).write()
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAScanThatCouldNotDoAllIsAFailedRowAndNoFigure(t *testing.T) {
	t.Parallel()
	c := quick(t, "staged")
	c.Binary = filepath.Join(t.TempDir(), "keywright")
	script := "#!/bin/sh\ncase \"$*\" in --version|'scan --help') exit 0 ;; *) echo 'not scanned: all of it' >&2; exit 2 ;; esac\n"
	if err := os.WriteFile(c.Binary, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Run(t.Context(), c, &out, t.Output()); !errors.Is(err, errRows) {
		t.Errorf("error %v, want %v", err, errRows)
	}
	for _, want := range []string{"failed", "exit status 2: not scanned: all of it"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "n=1") {
		t.Errorf("a figure stands in the report:\n%s", &out)
	}
}

func TestTheSameRecipeIsTheSameHistory(t *testing.T) {
	t.Parallel()
	lines := bytes.SplitAfter([]byte(strings.Repeat("one\ntwo\nthree\n", 40)), []byte("\n"))
	text := []file{{"a/x.go", lines}, {"a/y.go", lines[:60]}, {"b/z.go", lines[10:]}}
	write := func(commits int) string {
		var out bytes.Buffer
		if err := newHistory(recipe{Files: 3, Commits: commits, PerCommit: 2, Refs: 4}, text, &out).write(); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first, second := write(20), write(20)
	if first != second {
		t.Error("two histories of one recipe differ")
	}
	if got := strings.Count(first, "\ncommit refs/heads/main\n") + 1; got != 20 {
		t.Errorf("%d commits, want 20", got)
	}
	if got := strings.Count(first, "\nreset refs/"); got != 5 { // half, and four
		t.Errorf("%d refs besides main, want 5", got)
	}
	if len(text[0].lines) != len(lines) {
		t.Error("the text itself was edited")
	}
}

func TestLeakedKeysAreTheSameInEachRunAndAllDifferent(t *testing.T) {
	t.Parallel()
	first, err := leakKeys(leaks)
	if err != nil {
		t.Fatal(err)
	}
	second, err := leakKeys(leaks)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i := range first {
		if first[i] != second[i] || seen[first[i]] {
			t.Fatalf("key %d is another one, or one of before", i)
		}
		seen[first[i]] = true
	}
}

func TestAResultIsJudgedByItsGoal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		r    result
		want verdict
	}{
		{"a ratio at the goal meets it", result{goal: goal{ratio: 0.25}, pair: pair{ratio: 0.25}}, met},
		{"a ratio above it misses it", result{goal: goal{ratio: 0.25}, pair: pair{ratio: 0.26}}, missed},
		{"of two goals both count", result{goal: goalStaged, pair: pair{ratio: 2, ours: cost{wall: 31 * time.Millisecond}}}, missed},
		{"both are met", result{goal: goalStaged, pair: pair{ratio: 7, ours: cost{wall: 29 * time.Millisecond}}}, met},
		{"memory counts without mapped files", result{goal: goalMemory, held: [2]memory{{resident: 900 << 20, anonymous: 149 << 20}}}, met},
		{"too much memory misses", result{goal: goalMemory, held: [2]memory{{anonymous: 151 << 20}}}, missed},
		{"without a goal nothing is missed", result{pair: pair{ratio: 99}}, noGoal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.r.judged().verdict; got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestTheRatioIsTheMedianOfTheRoundsOwn(t *testing.T) {
	t.Parallel()
	took := func(ms ...time.Duration) (out []cost) {
		for _, d := range ms {
			out = append(out, cost{wall: d * time.Millisecond, cpu: 2 * d * time.Millisecond})
		}
		return out
	}
	// In the second round something else kept the machine busy: both took ten times as long.
	p := compare(took(10, 100, 12), took(20, 200, 20))
	if p.ratio != 0.5 || p.lowest != 0.5 || p.highest != 0.6 || p.rounds != 3 {
		t.Errorf("ratio %v (%v–%v) of %d rounds", p.ratio, p.lowest, p.highest, p.rounds)
	}
	if p.ours.wall != 12*time.Millisecond || p.ours.cpu != 24*time.Millisecond {
		t.Errorf("medians %v", p.ours)
	}
}

func TestTheMostThatAProcessHoldsIsSeen(t *testing.T) {
	t.Parallel()
	if look(os.Getpid()) == (memory{}) {
		t.Skip("no /proc/PID/status here")
	}
	w := work{commands: []command{{program: "/bin/sh", args: []string{"-c", "x=$(head -c 30000000 /dev/zero | tr '\\0' a); test ${#x} = 30000000"}, exits: []int{0}}}, home: t.TempDir()}
	m, err := w.hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m.anonymous < 30_000_000 || m.resident < m.anonymous {
		t.Errorf("a shell that holds 30 MB held %d anonymous and %d in all", m.anonymous, m.resident)
	}
}

func TestTheTraceOfInitialisationIsRead(t *testing.T) {
	t.Parallel()
	got := parseInit("init runtime @0.1 ms, 0.2 ms clock, 0 bytes, 0 allocs\nkeywright version x\ninit a/b @1.1 ms, 1.5 ms clock, 120 bytes, 7 allocs\n")
	if len(got) != 2 || got[0] != (initialised{"a/b", 1.5, 120, 7}) || got[1].name != "runtime" {
		t.Errorf("read %+v", got)
	}
}

func TestOnlyAWholeRunIsWorthADocument(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		c    Config
		want bool
	}{
		{"everything at full size", Config{}, true},
		{"some rows", Config{Only: []string{"start"}}, false},
		{"a quick run", Config{Quick: true}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.c.whole() != tt.want {
				t.Errorf("whole is %v", !tt.want)
			}
		})
	}
}

func TestTheDocument(t *testing.T) {
	t.Parallel()
	r := report{
		machine: machine{os: "linux/amd64", cores: 2, load: "0.10", versions: []string{"git version 2"}, when: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		results: []result{
			result{row: "large", work: "whole history", ours: "scan", against: "git", goal: goalHistory,
				pair: pair{cost{time.Second, 2 * time.Second}, cost{4 * time.Second, 4 * time.Second}, 0.25, 0.2, 0.3, 5},
				held: [2]memory{{300 << 20, 50 << 20}, {200 << 20, 20 << 20}}}.judged(),
			result{row: "again", work: "second scan", goal: goalAgain}.without(notYet, "no memory"),
		},
		repositories: map[string]repository{"large": {size: size{Commits: 2, Blobs: 3, Objects: 7, Refs: 1, Bytes: 4e9, Packed: 5e6}}},
		dear:         []initialised{{"a/b", 1.5, 120, 7}}, took: 90 * time.Second,
	}
	golden := filepath.Join("testdata", "document.golden")
	got := r.document()
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAnImportThatGitRefusesSaysWhatGitSaid(t *testing.T) {
	t.Parallel()
	c := quick(t)
	g := git{program: c.Git, home: c.Dir}
	dir := filepath.Join(c.Dir, "r")
	if _, err := g.run(t.Context(), "", nil, "init", "-q", "--template=", "--bare", dir); err != nil {
		t.Fatal(err)
	}
	err := g.importStream(context.Background(), dir, func(w io.Writer) error {
		for {
			if _, err := w.Write(bytes.Repeat([]byte("nonsense\n"), 1000)); err != nil {
				return err
			}
		}
	})
	if err == nil || !strings.Contains(err.Error(), "Unsupported command: nonsense") {
		t.Errorf("error %v", err)
	}
}
