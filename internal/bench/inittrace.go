package main

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
)

// dearest is how many packages are told of.
const dearest = 10

// initialised is what a package did before main.
type initialised struct {
	name        string
	ms          float64 // by the clock
	bytes       int
	allocations int
}

// initLine is a line of GODEBUG=inittrace=1 (Go's package runtime, "Environment Variables").
var initLine = regexp.MustCompile(`(?m)^init (\S+) @\S+ ms, ([0-9.]+) ms clock, ([0-9]+) bytes, ([0-9]+) allocs`)

// dearestPackages are those whose initialisation takes the longest.
func dearestPackages(ctx context.Context, c Config) ([]initialised, error) {
	cmd := exec.CommandContext(ctx, c.Binary, "--version")
	cmd.Env = append(environment(c.Dir), "GODEBUG=inittrace=1")
	trace, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("trace what is done before main: %w", err)
	}
	return parseInit(string(trace)), nil
}

// parseInit reads a trace and keeps the dearest packages of it, the dearest first.
func parseInit(trace string) []initialised {
	var all []initialised
	for _, m := range initLine.FindAllStringSubmatch(trace, -1) {
		p := initialised{name: m[1]}
		p.ms, _ = strconv.ParseFloat(m[2], 64) // digits and points; a number that is none counts as 0
		p.bytes, _ = strconv.Atoi(m[3])
		p.allocations, _ = strconv.Atoi(m[4])
		all = append(all, p)
	}
	slices.SortStableFunc(all, func(a, b initialised) int { return cmp.Or(cmp.Compare(b.ms, a.ms), cmp.Compare(b.bytes, a.bytes)) })
	return all[:min(dearest, len(all))]
}
