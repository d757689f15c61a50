package cmdio

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// Stamp is a time for programs: RFC 3339 in UTC; empty for none.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// ParseExpiry reads a span from now (90d, 2w, 12h30m), a date (the start of that day, UTC) or an RFC 3339
// time. Empty is the zero time, never. A time that is not in the future is a usage error.
func ParseExpiry(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, ok := parseWhen(text, now)
	if !ok {
		return time.Time{}, Usagef("%q is no time: write 90d, 12h, 2027-01-31 or 2027-01-31T12:00:00Z", text)
	}
	if !at.After(now) {
		return time.Time{}, Usagef("%q is not in the future", text)
	}
	return at, nil
}

func parseWhen(text string, now time.Time) (time.Time, bool) {
	const day = 24 * time.Hour
	for suffix, unit := range map[string]time.Duration{"d": day, "w": 7 * day} {
		if number, found := strings.CutSuffix(text, suffix); found {
			n, err := strconv.Atoi(number)
			return now.Add(time.Duration(n) * unit), err == nil && n >= 0 && n < 100_000
		}
	}
	if span, err := time.ParseDuration(text); err == nil {
		return now.Add(span), true
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// CheckLimit holds the --limit of a list to what a page may be.
func CheckLimit(limit int) error {
	if limit < 1 || limit > 1000 {
		return Usagef("--limit %d is not from 1 to 1000", limit)
	}
	return nil
}

// Required marks flags that must be given; a missing or blank one is a usage error.
func Required(cmd *cobra.Command, flags ...string) {
	run := cmd.RunE
	cmd.RunE = func(c *cobra.Command, args []string) error {
		for _, name := range flags {
			if strings.TrimSpace(c.Flags().Lookup(name).Value.String()) == "" {
				return Usagef("--%s is missing", name)
			}
		}
		return run(c, args)
	}
}
