package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// defaultTime is how long a whole run may take, the building of the repositories included.
const defaultTime = 15 * time.Minute

// Config says what to measure, with what.
type Config struct {
	Binary  string // of keywright, absolute
	Git     string
	Go      string
	Ripgrep string // empty: none here, and its row says so
	Dir     string // absolute; repositories are kept there for the next run
	Source  string // the module's folder, absolute
	Docs    string // the document to write after a whole run; empty: none
	Repo    string // another repository to measure, absolute; empty: none
	Only    []string
	Quick   bool // small repositories, one round: shows that the measuring works, measures nothing
	Time    time.Duration
}

// configured reads the environment:
//
//	BENCH_REPO=PATH    measure that repository too
//	BENCH_ONLY=a,b     only these rows (their names stand in the first column); docs/benchmarks.md is left alone
//	BENCH_QUICK=1      small repositories, one round; docs/benchmarks.md is left alone
//	BENCH_TIME=15m     how long all of it may take; rows that it does not suffice for say so
func configured(getenv func(string) string) (Config, error) {
	here, err := os.Getwd()
	if err != nil {
		return Config{}, err
	}
	c := Config{
		Binary: filepath.Join(here, "bin", "keywright"), Dir: filepath.Join(here, ".cache", "bench"), Source: here,
		Docs: filepath.Join(here, "docs", "benchmarks.md"), Quick: getenv("BENCH_QUICK") != "", Time: defaultTime,
	}
	if c.Git, err = exec.LookPath("git"); err != nil {
		return c, fmt.Errorf("nothing to compare with: %w", err)
	}
	if c.Go, err = exec.LookPath("go"); err != nil {
		return c, fmt.Errorf("no toolchain, whose source is the text to scan: %w", err)
	}
	c.Ripgrep = findRipgrep(here)
	if c.Quick {
		c.Dir += "-quick" // beside the large ones, which took minutes
	}
	if only := getenv("BENCH_ONLY"); only != "" {
		c.Only = strings.Split(only, ",")
	}
	if repo := getenv("BENCH_REPO"); repo != "" {
		if c.Repo, err = filepath.Abs(repo); err != nil {
			return c, err
		}
	}
	if text := getenv("BENCH_TIME"); text != "" {
		if c.Time, err = time.ParseDuration(text); err != nil {
			return c, fmt.Errorf("BENCH_TIME: %w", err)
		}
	}
	return c, c.check()
}

// findRipgrep looks where .ci/needs puts it too.
func findRipgrep(here string) string {
	for _, name := range []string{"rg", filepath.Join(here, ".cache", "usr", "bin", "rg")} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func (c Config) check() error {
	if _, err := os.Stat(c.Binary); err != nil {
		return fmt.Errorf("no binary to measure, `make build` makes it: %w", err)
	}
	for _, name := range c.Only {
		if !slices.ContainsFunc(rows(), func(r row) bool { return r.name == name }) {
			return fmt.Errorf("BENCH_ONLY: there is no row %q", name)
		}
	}
	if c.Repo == "" && slices.Contains(c.Only, rowOther) {
		return errors.New("BENCH_ONLY asks for the repository of BENCH_REPO, which is not set")
	}
	return nil
}

// asked says whether the user wants a row.
func (c Config) asked(name string) bool {
	if name == rowOther && c.Repo == "" {
		return false
	}
	return len(c.Only) == 0 || slices.Contains(c.Only, name)
}

// whole says whether the run measures everything at full size, so that its table is worth keeping.
func (c Config) whole() bool { return !c.Quick && len(c.Only) == 0 }
