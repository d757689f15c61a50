package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keywright/keywright/patterns"
)

// rowOther is the row of the repository that BENCH_REPO names.
const rowOther = "other"

// The goals, from the plan of the engine.
var (
	goalHistory  = goal{ratio: 0.25}
	goalParallel = goal{ratio: 0.55}
	goalFindings = goal{ratio: 1.25}
	goalAgain    = goal{ratio: 0.05}
	goalTree     = goal{ratio: 0.7}
	goalStaged   = goal{ratio: 8, wall: 30 * time.Millisecond}
	goalStart    = goal{ratio: 7}
	goalMemory   = goal{anonymous: 150 << 20}
	goalGrowth   = goal{ratio: 1.3}
	goalLinear   = goal{ratio: 2.3}
	goalStop     = goal{wall: 200 * time.Millisecond}
)

// row is a work of the table, or some that need the same repository.
type row struct {
	name    string // for BENCH_ONLY
	about   string // what stands in the table when it is not measured
	measure func(context.Context, *session) []result
}

// rows are all of them, in the order of the table.
func rows() []row {
	return []row{
		{repoLarge, "whole history, large", wholeHistory(repoLarge)},
		{repoSmall, "whole history, small", wholeHistory(repoSmall)},
		{repoChains, "whole history, deep chains", wholeHistory(repoChains)},
		{repoRefs, "whole history, many refs", wholeHistory(repoRefs)},
		{rowOther, "whole history, the repository of BENCH_REPO", wholeHistory(rowOther)},
		{"findings", "history with 200 findings, attributed", withFindings},
		{"again", "second scan of an unchanged repository", secondScan},
		{"tree", "directory tree", tree},
		{"staged", "10 staged files, whole process", staged},
		{"start", "start-up", startUp},
		{"growth", "catalogue of 300 → 3,000 literals", growth},
		{"linear", "twice the blobs", linear},
		{"stop", "from SIGINT to the end", stop},
	}
}

// wholeHistory measures the scan of a whole history against git, and its memory.
func wholeHistory(name string) func(context.Context, *session) []result {
	return func(ctx context.Context, s *session) []result {
		r := result{work: "whole history, " + name}
		repo, err := s.repository(ctx, name)
		if err != nil {
			return []result{r.without(failed, "%v", err)}
		}
		ours := s.scan("scan --history", []int{clean, findings}, repo.dir, "--history")
		r.goal = goalHistory
		all := s.race(ctx, r, ours, s.work("git cat-file, all objects", s.catFile(repo.dir, "")), true)
		r.goal = goalParallel
		half, err := s.bothHalves(ctx, name, repo.dir, repo.Bytes)
		if err != nil {
			return []result{all, r.without(failed, "%v", err)}
		}
		return append([]result{all, s.race(ctx, r, ours, half, true)}, s.peakRow(name, all)...)
	}
}

// peakRow is the memory of a scan as a line of its own.
func (s *session) peakRow(name string, all result) []result {
	r := result{work: "peak RSS without mapped files, " + name, ours: all.ours, goal: goalMemory, held: [2]memory{all.held[0]}}
	switch {
	case name != repoLarge && name != rowOther, all.verdict == failed:
		return nil
	case r.held[0].anonymous == 0:
		return []result{r.without(skipped, "this system has no /proc/PID/status that tells RssAnon")}
	}
	return []result{s.judge(r)}
}

// repository is one of ours, or the user's.
func (s *session) repository(ctx context.Context, name string) (repository, error) {
	if name != rowOther {
		return s.get(ctx, name)
	}
	r := repository{dir: s.Repo}
	var err error
	r.size, err = s.git.measure(ctx, s.Repo)
	s.built[name] = r
	return r, err
}

// withFindings compares a history that holds keys with the same one without.
func withFindings(ctx context.Context, s *session) []result {
	r := result{work: fmt.Sprintf("history with %d findings, attributed", leaks), goal: goalFindings}
	with, err := s.get(ctx, repoLeaks)
	if err != nil {
		return []result{r.without(failed, "%v", err)}
	}
	without, err := s.get(ctx, repoLarge)
	if err != nil {
		return []result{r.without(failed, "%v", err)}
	}
	if err := s.allFound(ctx, with.dir); err != nil {
		return []result{r.without(failed, "%v", err)}
	}
	ours := s.scan("scan --history", []int{findings}, with.dir, "--history")
	return []result{s.race(ctx, r, ours, s.scan("the same without findings", []int{clean}, without.dir, "--history"), true)}
}

// allFound scans once more and wants each of the keys, with the commit and the path it stands in.
func (s *session) allFound(ctx context.Context, dir string) error {
	cmd := exec.CommandContext(ctx, s.Binary, "scan", "--quiet", "--history", "--format", "jsonl", dir)
	cmd.Env = environment(s.Dir)
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != findings {
		return fmt.Errorf("the scan that should find %d keys ended with: %w", leaks, err)
	}
	placed, lines := 0, bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var f struct{ Type, Pattern, Commit, Path string }
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			return fmt.Errorf("read the report: %w", err)
		}
		if f.Type == "finding" && f.Pattern == string(patterns.OwnID) && f.Commit != "" && f.Path != "" {
			placed++
		}
	}
	if placed != leaks {
		return fmt.Errorf("%d of the %d keys are found and have a commit and a path", placed, leaks)
	}
	return lines.Err()
}

// secondScan compares a scan that remembers the one before with one that remembers nothing.
func secondScan(ctx context.Context, s *session) []result {
	r := result{work: "second scan of an unchanged repository", goal: goalAgain}
	if !s.remembers {
		return []result{r.without(notYet, "this binary has no memory of past scans (no flag --cache)")}
	}
	repo, err := s.get(ctx, repoLarge)
	if err != nil {
		return []result{r.without(failed, "%v", err)}
	}
	memory := filepath.Join(s.Dir, "memory")
	scan := command{program: s.Binary, args: []string{"scan", "--quiet", "--history", "--cache", memory, repo.dir}, exits: []int{clean, findings}}
	first := s.work("the first scan, with an empty memory", scan)
	first.before = func() error { return os.RemoveAll(memory) }
	second := s.work("scan --history --cache", scan)
	second.before = func() error {
		if _, err := os.Stat(memory); err == nil {
			return nil // what the round before left
		}
		_, err := first.run(ctx)
		return err
	}
	return []result{s.race(ctx, r, second, first, true)}
}

// tree compares a scan of files with ripgrep's search for the literals of the catalogue in them.
func tree(ctx context.Context, s *session) []result {
	r := result{work: "directory tree", against: "rg -F -i -f literals", goal: goalTree}
	if s.Ripgrep == "" {
		return []result{r.without(skipped, "no ripgrep here; `.ci/needs ripgrep` installs Debian's")}
	}
	repo, err := s.get(ctx, folderTree)
	if err != nil {
		return []result{r.without(failed, "%v", err)}
	}
	literals := filepath.Join(s.Dir, "literals")
	n, err := writeLiterals(literals)
	if err != nil {
		return []result{r.without(failed, "%v", err)}
	}
	// -uuu: all files, as ours scans them.
	rg := command{program: s.Ripgrep, args: []string{"-F", "-i", "-uuu", "-f", literals, repo.dir}, exits: []int{0, 1}}
	r = s.race(ctx, r, s.scan("scan --tree", []int{clean, findings}, repo.dir, "--tree"), s.work("rg -F -i -f literals", rg), true)
	if r.note == "" {
		r.note = fmt.Sprintf("%d literals; ours looks for their encoded forms too and checks what it finds", n)
	}
	return []result{r}
}

// writeLiterals writes the texts that each match of the catalogue holds one of, one a line.
func writeLiterals(name string) (int, error) {
	set, err := patterns.Builtin()
	if err != nil {
		return 0, err
	}
	var all []string
	for _, p := range set.All() {
		switch {
		case p.Regex != nil:
			all = append(all, p.Regex.Literals...)
		case len(p.Format.AllPrefixes()) > 0:
			all = append(all, p.Format.AllPrefixes()...)
		default:
			for _, part := range p.Format.Parts {
				if part.Literal != "" {
					all = append(all, part.Literal)
				}
			}
		}
	}
	all = slices.DeleteFunc(all, func(l string) bool { return l == "" || strings.Contains(l, "\n") })
	slices.Sort(all)
	all = slices.Compact(all)
	return len(all), os.WriteFile(name, []byte(strings.Join(all, "\n")+"\n"), 0o600)
}

func staged(ctx context.Context, s *session) []result {
	r := result{work: fmt.Sprintf("%d staged files, whole process", stagedFiles), goal: goalStaged}
	repo, err := s.get(ctx, repoStaged)
	if err != nil {
		return []result{r.without(failed, "%v", err)}
	}
	ours := s.scan("scan --staged", []int{clean}, "--staged")
	ours.commands[0].dir = repo.dir
	git := command{program: s.Git, args: []string{"diff", "--cached", "--raw"}, dir: repo.dir, exits: []int{0}}
	return []result{s.race(ctx, r, ours, s.work("git diff --cached --raw", git), true)}
}

func startUp(ctx context.Context, s *session) []result {
	r := result{work: "start-up", goal: goalStart}
	ours := s.work("keywright --version", command{program: s.Binary, args: []string{"--version"}, exits: []int{0}})
	git := s.work("git --version", command{program: s.Git, args: []string{"--version"}, exits: []int{0}})
	return []result{s.race(ctx, r, ours, git, true)}
}

// growthBenchmark is the scanner's own: ten times the literals cost so many times as much.
const growthBenchmark = "BenchmarkCatalogueGrowth"

var timesTheCost = regexp.MustCompile(`([0-9.]+) times-the-cost\b`)

func growth(ctx context.Context, s *session) []result {
	r := result{work: "catalogue of 300 → 3,000 literals", ours: "go test -bench " + growthBenchmark, against: "itself", goal: goalGrowth}
	if s.Quick {
		return []result{r.without(skipped, "takes longer than a quick run may")}
	}
	cmd := exec.CommandContext(ctx, s.Go, "test", "-run", "^$", "-bench", "^"+growthBenchmark+"$", "-count", "3", "./scanner")
	cmd.Dir = s.Source
	out, err := cmd.Output()
	if err != nil {
		return []result{r.without(failed, "%s: %v", growthBenchmark, err)}
	}
	var ratios []float64
	for _, m := range timesTheCost.FindAllStringSubmatch(string(out), -1) {
		if ratio, err := strconv.ParseFloat(m[1], 64); err == nil {
			ratios = append(ratios, ratio)
		}
	}
	if len(ratios) == 0 {
		return []result{r.without(notYet, "the scanner has no %s that reports times-the-cost", growthBenchmark)}
	}
	r.pair = pair{ratio: median(ratios), lowest: slices.Min(ratios), highest: slices.Max(ratios), rounds: len(ratios)}
	return []result{r.judged()}
}

// linear compares a history with its first half.
func linear(ctx context.Context, s *session) []result {
	r := result{work: "twice the blobs", goal: goalLinear}
	all, err := s.get(ctx, repoLarge)
	if err != nil {
		return []result{r.without(failed, "%v", err)}
	}
	half, err := s.get(ctx, repoHalf)
	if err != nil {
		return []result{r.without(failed, "%v", err)}
	}
	exits := []int{clean, findings}
	r = s.race(ctx, r, s.scan("scan --history", exits, all.dir, "--history"), s.scan("the same of half the history", exits, half.dir, "--history"), false)
	if r.note == "" {
		r.note = fmt.Sprintf("%.2f × the blobs, %.2f × the bytes", float64(all.Blobs)/float64(half.Blobs), float64(all.Bytes)/float64(half.Bytes))
	}
	return []result{r}
}
