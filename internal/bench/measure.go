package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// runLimit is how long one program may run.
const runLimit = 10 * time.Minute

// command is a program to measure. What it prints goes nowhere, so that printing costs the least it can.
type command struct {
	program string
	args    []string
	dir     string // where it runs
	in      string // the file that is its standard input; empty: none
	exits   []int  // the exit codes of a run that did all it was asked
}

// work is one or more commands that run at the same time.
type work struct {
	name     string // for the table
	commands []command
	home     string
	before   func() error // what is done before each run, and not measured; nil: nothing
}

// cost is what a run took.
type cost struct {
	wall time.Duration
	cpu  time.Duration // user and system
}

// memory is the most that a run held at one moment, as /proc/PID/status says, in bytes; zero: not known.
type memory struct {
	resident  int64 // VmHWM: with the pages of mapped files, which the system takes back when it needs them
	anonymous int64 // RssAnon, sampled: heap and stacks
}

// run runs the work once. An exit code that is none of exits is an error: what failed has no cost.
func (w work) run(ctx context.Context) (cost, error) {
	c, _, err := w.start(ctx, false)
	return c, err
}

// hold runs the work once more to see its memory. Looking costs time, so that these runs are not timed.
func (w work) hold(ctx context.Context) (memory, error) {
	_, m, err := w.start(ctx, true)
	return m, err
}

func (w work) start(ctx context.Context, watch bool) (cost, memory, error) {
	if w.before != nil {
		if err := w.before(); err != nil {
			return cost{}, memory{}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	running := make([]*started, len(w.commands))
	var failed error
	start := time.Now()
	for i, c := range w.commands {
		running[i] = c.start(ctx, w.home, watch)
	}
	var total cost
	var held memory
	for _, r := range running {
		spent, m, err := r.wait()
		failed = errors.Join(failed, err)
		total.cpu += spent
		held.resident += m.resident
		held.anonymous += m.anonymous
	}
	total.wall = time.Since(start)
	return total, held, failed
}

// started is a command that runs.
type started struct {
	command  command
	cmd      *exec.Cmd
	in       *os.File
	said     bytes.Buffer
	err      error
	done     chan struct{}
	memories chan memory // nil: nobody looks
}

func (c command) start(ctx context.Context, home string, watch bool) *started {
	s := &started{command: c, cmd: exec.CommandContext(ctx, c.program, c.args...), done: make(chan struct{})}
	s.cmd.Dir, s.cmd.Env, s.cmd.Stderr = c.dir, environment(home), &s.said
	if c.in != "" {
		if s.in, s.err = os.Open(c.in); s.err != nil {
			return s
		}
		s.cmd.Stdin = s.in
	}
	if s.err = s.cmd.Start(); s.err != nil || !watch {
		return s
	}
	s.memories = make(chan memory, 1)
	go func() { s.memories <- peak(s.cmd.Process.Pid, s.done) }()
	return s
}

func (s *started) wait() (time.Duration, memory, error) {
	if s.in != nil {
		defer func() { _ = s.in.Close() }() // was only read
	}
	if s.err != nil {
		return 0, memory{}, fmt.Errorf("%s: %w", filepath.Base(s.command.program), s.err)
	}
	err := s.cmd.Wait()
	var held memory
	if s.memories != nil {
		close(s.done)
		held = <-s.memories
	}
	state := s.cmd.ProcessState
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return 0, held, fmt.Errorf("%s: %w", filepath.Base(s.command.program), err)
	}
	if !slices.Contains(s.command.exits, state.ExitCode()) {
		return 0, held, fmt.Errorf("%s %s: %s: %s", filepath.Base(s.command.program), s.command.args[0], state, lastLine(s.said.Bytes()))
	}
	return state.UserTime() + state.SystemTime(), held, nil
}

// sampleEvery is how often a process is looked at.
const sampleEvery = 2 * time.Millisecond

// peak looks at a process until done is closed.
func peak(pid int, done <-chan struct{}) memory {
	var most memory
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		now := look(pid)
		most.resident, most.anonymous = max(most.resident, now.resident), max(most.anonymous, now.anonymous)
		select {
		case <-done:
			return most
		case <-tick.C:
		}
	}
}

// look reads /proc/PID/status (proc_pid_status(5)). Zero where there is none.
func look(pid int) memory {
	var m memory
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return m
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kB, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			continue
		}
		switch name {
		case "VmHWM":
			m.resident = kB << 10
		case "RssAnon":
			m.anonymous = kB << 10
		}
	}
	return m
}
