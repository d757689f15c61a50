package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// session is one run of all that was asked for.
type session struct {
	Config
	*builder
	out, note io.Writer
	until     time.Time
	remembers bool // the binary keeps a memory of past scans: there is --cache
}

// errRows says that some rows have no figures although they should.
var errRows = errors.New("some rows failed; their reasons stand below the table")

// Run builds what is missing, measures, prints the table to out, and writes the document after a whole run.
//
// Errors: errRows, what kept repositories from being built, ctx's.
func Run(ctx context.Context, c Config, out, note io.Writer) error {
	start := time.Now()
	b, err := newBuilder(ctx, c, note)
	if err != nil {
		return err
	}
	s := &session{Config: c, builder: b, out: out, note: note, until: start.Add(c.Time)}
	if s.remembers, err = s.hasFlag(ctx, "--cache"); err != nil {
		return err
	}
	machine := describe(ctx, c)
	results, err := s.measure(ctx)
	if err != nil {
		return err
	}
	dear, err := dearestPackages(ctx, c)
	if err != nil {
		return err
	}
	report := report{machine: machine, results: results, repositories: s.built, dear: dear, took: time.Since(start), quick: c.Quick}
	if err := report.print(out); err != nil {
		return err
	}
	if c.whole() && c.Docs != "" {
		if err := os.WriteFile(c.Docs, report.document(), 0o644); err != nil { //nolint:gosec // a document that is committed
			return fmt.Errorf("write the document: %w", err)
		}
	}
	return failedRows(results)
}

func failedRows(results []result) error {
	for _, r := range results {
		if r.verdict == failed {
			return errRows
		}
	}
	return nil
}

func (s *session) measure(ctx context.Context) ([]result, error) {
	var all []result
	for _, r := range rows() {
		if !s.asked(r.name) {
			continue
		}
		if time.Now().After(s.until) {
			all = append(all, result{row: r.name, work: r.about}.without(skipped, "no time left of %v; BENCH_TIME gives more, BENCH_ONLY=%s measures only this", s.Time, r.name))
			continue
		}
		_, _ = fmt.Fprintf(s.note, "measuring %s …\n", r.name)
		results := r.measure(ctx, s)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i := range results {
			results[i].row = r.name
		}
		all = append(all, results...)
	}
	return all, nil
}

// hasFlag says whether `keywright scan` has a flag.
func (s *session) hasFlag(ctx context.Context, flag string) (bool, error) {
	cmd := exec.CommandContext(ctx, s.Binary, "scan", "--help")
	cmd.Env = environment(s.Dir)
	help, err := cmd.Output()
	if err != nil {
		return false, fmt.Errorf("ask the binary for its flags: %w", err)
	}
	return strings.Contains(string(help), flag+" "), nil
}

// The exit codes of a scan that did all it was asked. 2 is none of them.
const (
	clean    = 0
	findings = 1
)

// scan is a scan by our binary. Without keep it has no memory of past ones, so that each run does all the work.
func (s *session) scan(name string, exits []int, args ...string) work {
	args = append([]string{"scan", "--quiet"}, args...)
	if s.remembers {
		args = append(args, "--no-cache")
	}
	return s.work(name, command{program: s.Binary, args: args, exits: exits})
}

func (s *session) work(name string, commands ...command) work {
	return work{name: name, commands: commands, home: s.Dir}
}

// catFile reads objects as git does; in is the list of ids, empty for all objects.
func (s *session) catFile(dir, in string) command {
	args := []string{"-C", dir, "cat-file", "--batch", "--buffer"}
	if in == "" {
		args = []string{"-C", dir, "cat-file", "--batch-all-objects", "--unordered", "--batch", "--buffer"}
	}
	return command{program: s.Git, args: args, in: in, exits: []int{clean}}
}

// bothHalves are two gits that read the blobs of a repository together, each in the order of the packs.
func (s *session) bothHalves(ctx context.Context, name, dir string, bytes int64) (work, error) {
	lists := [2]string{filepath.Join(s.Dir, "ids-"+name+"-1"), filepath.Join(s.Dir, "ids-"+name+"-2")}
	if err := s.git.halves(ctx, dir, bytes, lists); err != nil {
		return work{}, err
	}
	return s.work("2 × git cat-file, blobs only", s.catFile(dir, lists[0]), s.catFile(dir, lists[1])), nil
}

// race measures ours against another work, and the memory of both when asked.
func (s *session) race(ctx context.Context, r result, ours, against work, look bool) result {
	r.ours, r.against = ours.name, against.name
	var err error
	if r.pair, err = alternate(ctx, ours, against, s.Quick); err != nil {
		return r.without(failed, "%v", err)
	}
	if look {
		for i, w := range []work{ours, against} {
			if s.Quick && i > 0 {
				break
			}
			if r.held[i], err = w.hold(ctx); err != nil {
				return r.without(failed, "%s: %v", w.name, err)
			}
		}
	}
	return s.judge(r)
}

// judge says whether a goal is met; a quick run is not made to tell.
func (s *session) judge(r result) result {
	if s.Quick {
		r.verdict = notMeant
		return r
	}
	return r.judged()
}
