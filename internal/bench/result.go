package main

import (
	"fmt"
	"time"
)

// verdict is whether a row keeps its goal.
type verdict string

const (
	met      verdict = "met"
	missed   verdict = "missed"
	noGoal   verdict = "no goal"
	notYet   verdict = "not there yet" // what is to be measured does not exist
	skipped  verdict = "skipped"       // what is needed to measure it is not here
	notMeant verdict = "not judged"    // a quick run
	failed   verdict = "failed"        // it was measured, and a run did not do what it should
)

// result is one line of the table.
type result struct {
	row     string // its name, for BENCH_ONLY
	work    string
	ours    string
	against string
	pair
	held    [2]memory // ours and against; zero: not looked at
	goal    goal
	verdict verdict
	note    string
}

// goal is what a row should reach. Zero: nothing.
type goal struct {
	ratio     float64       // at most, against what it is compared with
	wall      time.Duration // at most
	anonymous int64         // bytes, at most
}

func (g goal) String() string {
	switch {
	case g.ratio > 0 && g.wall > 0:
		return fmt.Sprintf("≤ %.4g × and ≤ %v", g.ratio, g.wall)
	case g.ratio > 0:
		return fmt.Sprintf("≤ %.4g ×", g.ratio)
	case g.wall > 0:
		return fmt.Sprintf("≤ %v", g.wall)
	case g.anonymous > 0:
		return fmt.Sprintf("≤ %d MiB", g.anonymous>>20)
	}
	return ""
}

// judged says whether the goal is met by what was measured.
func (r result) judged() result {
	g := r.goal
	switch {
	case g == goal{}:
		r.verdict = noGoal
	case g.ratio > 0 && r.ratio > g.ratio, g.wall > 0 && r.pair.ours.wall > g.wall, g.anonymous > 0 && r.held[0].anonymous > g.anonymous:
		r.verdict = missed
	default:
		r.verdict = met
	}
	return r
}

// without is a line that has no figures, and why.
func (r result) without(v verdict, format string, args ...any) result {
	r.verdict, r.note = v, fmt.Sprintf(format, args...)
	return r
}
