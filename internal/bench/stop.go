package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// stops is how often a scan is interrupted: each time at another point of its way.
const stops = 5

// stopped is the exit code of a scan that was interrupted: not all that was asked was scanned.
const stopped = 2

var errTooFast = errors.New("the scan was over before it could be interrupted")

// stop interrupts scans of a history and says how long the slowest took to end.
func stop(ctx context.Context, s *session) []result {
	r := result{work: "from SIGINT to the end, the longest", ours: "scan --history", goal: goalStop}
	if s.Quick {
		return []result{r.without(skipped, "a small scan is over before it can be interrupted")}
	}
	repo, err := s.get(ctx, repoLarge)
	if err != nil {
		return []result{r.without(failed, "%v", err)}
	}
	scan := s.scan(r.ours, []int{clean, findings}, repo.dir, "--history")
	whole, err := scan.run(ctx)
	if err != nil {
		return []result{r.without(failed, "%v", err)}
	}
	for i := range stops {
		took, err := interrupt(ctx, scan, whole.wall*time.Duration(i+1)/(stops+2))
		if err != nil {
			return []result{r.without(failed, "%v", err)}
		}
		r.pair.ours.wall = max(r.pair.ours.wall, took)
	}
	r.note = fmt.Sprintf("of %d scans, each interrupted at another point of its way; all ended with exit code %d", stops, stopped)
	return []result{s.judge(r)}
}

// interrupt runs a scan for a while, then signals it and says how long it took to end.
func interrupt(ctx context.Context, w work, after time.Duration) (time.Duration, error) {
	c := w.commands[0]
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.program, c.args...)
	cmd.Dir, cmd.Env = c.dir, environment(w.home)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the exit code is looked at
		close(ended)
	}()
	select {
	case <-ended:
		return 0, errTooFast
	case <-time.After(after):
	}
	start := time.Now()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		<-ended
		return 0, fmt.Errorf("interrupt the scan: %w", err)
	}
	<-ended
	took := time.Since(start)
	if code := cmd.ProcessState.ExitCode(); code != stopped {
		return 0, fmt.Errorf("a scan that was interrupted after %v ended with exit code %d, want %d", after, code, stopped)
	}
	return took, nil
}
