package main

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// machine is what the figures were measured on. It names no host and no path.
type machine struct {
	os        string
	processor string // empty: not known
	cores     int
	load      string // of the minute before, in processes that want a core; empty: not known
	versions  []string
	when      time.Time
}

func describe(ctx context.Context, c Config) machine {
	m := machine{os: runtime.GOOS + "/" + runtime.GOARCH, cores: runtime.NumCPU(), processor: processorName(), when: time.Now().UTC()}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.load, _, _ = strings.Cut(string(text), " ")
	}
	for _, args := range [][]string{{c.Binary, "--version"}, {c.Go, "version"}, {c.Git, "--version"}, {c.Ripgrep, "--version"}} {
		if args[0] == "" {
			continue
		}
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Dir = c.Source // where go.mod says which toolchain
		if out, err := cmd.Output(); err == nil {
			first, _, _ := strings.Cut(string(out), "\n")
			m.versions = append(m.versions, strings.TrimSpace(first))
		}
	}
	return m
}

var modelName = regexp.MustCompile(`(?m)^model name\s*: (.+)$`)

func processorName() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	if m := modelName.FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return ""
}
