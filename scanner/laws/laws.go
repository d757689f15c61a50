package laws

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// Check holds the patterns that only selects (nil: all) to the laws, against the whole set.
//
// The problems come in the order of the set. They show an example as it is written, never a minted secret.
// The error is a set that no scanner can be made of, or the end of ctx.
func Check(ctx context.Context, set *patterns.Set, only func(*patterns.Pattern) bool) ([]patterns.Problem, error) {
	s, err := scanner.New(set, scanner.Options{NoFingerprints: true})
	if err != nil {
		return nil, fmt.Errorf("check the patterns: %w", err)
	}
	var out []patterns.Problem
	for _, p := range set.All() {
		if only != nil && !only(p) {
			continue
		}
		if ctx.Err() != nil {
			return out, fmt.Errorf("check pattern %s: %w", p.ID, ctx.Err())
		}
		out = append(out, p.Check()...)
		c := &check{ctx: ctx, scanner: s, set: set, pattern: p}
		c.run()
		out = append(out, c.problems...)
	}
	return out, nil
}

// check is the work on one pattern.
type check struct {
	ctx      context.Context
	scanner  *scanner.Scanner
	set      *patterns.Set
	pattern  *patterns.Pattern
	problems []patterns.Problem
}

func (c *check) run() {
	for _, id := range c.pattern.SharedWith {
		if _, known := c.set.ByID(id); !known {
			c.fail("shared_with names %q, which is no pattern", id)
		}
	}
	for variant := range c.pattern.Variants() {
		for _, example := range c.pattern.Examples {
			c.example(example, variant)
		}
		for _, counter := range c.pattern.CounterExamples {
			c.counterExample(counter, variant)
		}
	}
}

func (c *check) fail(format string, args ...any) {
	problem := patterns.Problem{
		File: c.pattern.Origin.File, Line: c.pattern.Origin.Line, Pattern: c.pattern.ID, Text: fmt.Sprintf(format, args...),
	}
	if !slices.Contains(c.problems, problem) {
		c.problems = append(c.problems, problem)
	}
}

// example must be found by its own pattern or one that it is shared with, and by no other.
func (c *check) example(example string, variant int) {
	expanded, err := c.pattern.ExpandVariant(example, variant)
	if err != nil {
		return // Pattern.Check tells
	}
	for _, lineEnd := range []string{"\n", "\r\n"} {
		want := secret.New(strings.ReplaceAll(expanded.Secret, "\n", lineEnd))
		found := false
		for _, f := range c.scan(example, strings.ReplaceAll(expanded.Text, "\n", lineEnd)) {
			switch {
			case f.Pattern != c.pattern.ID && !slices.Contains(c.pattern.SharedWith, f.Pattern):
				c.fail("example %q is also found by %s", example, f.Pattern)
			case f.Secret.Equal(want):
				found = true
			}
		}
		if !found {
			c.fail("example %q is not found (variant %d of its secret, %q at line ends)", example, variant, lineEnd)
		}
	}
}

// counterExample must be found by nothing at all.
func (c *check) counterExample(counter patterns.CounterExample, variant int) {
	expanded, err := c.pattern.ExpandVariant(counter.Text, variant)
	if err != nil {
		return // Pattern.Check tells
	}
	for _, f := range c.scan(counter.Text, expanded.Text) {
		c.fail("counter_example %q (%s) is found by %s", counter.Text, counter.Why, f.Pattern)
	}
}

func (c *check) scan(example, text string) []scanner.Finding {
	findings, skips := c.scanner.ScanBytes(c.ctx, scanner.Blob{Data: []byte(text)})
	for _, skip := range skips {
		c.fail("%q was not scanned whole: %s", example, skip.Reason)
	}
	return findings
}
