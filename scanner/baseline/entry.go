package baseline

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// Entry is one accepted finding, one JSON object a line of a baseline file.
type Entry struct {
	Fingerprint string      `json:"fingerprint"`
	Pattern     patterns.ID `json:"pattern,omitempty"` // for the reader; the fingerprint decides
	Reason      string      `json:"reason"`
	Author      string      `json:"author,omitempty"`
	Expires     Day         `json:"expires,omitzero"` // the last day on which it counts; zero: it always does

	at string // file:line
}

// Day is a calendar day in UTC, "2027-01-31" in a file. The zero Day is none.
type Day struct{ start time.Time }

// DayOf is the day of a time in UTC.
func DayOf(t time.Time) Day { return Day{t.UTC().Truncate(24 * time.Hour)} }

// IsZero says whether it is no day.
func (d Day) IsZero() bool { return d.start.IsZero() }

// MarshalText writes the day.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.start.Format(time.DateOnly)), nil }

// UnmarshalText reads the day.
func (d *Day) UnmarshalText(text []byte) error {
	start, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return errors.New("a day is written as 2027-01-31")
	}
	d.start = start
	return nil
}

// over says whether the day has passed at now.
func (d Day) over(now time.Time) bool { return !d.IsZero() && !now.Before(d.start.AddDate(0, 0, 1)) }

var fingerprintShape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\Afp1s?_[0-9a-f]{40}\z`) })

// Of makes the entry that accepts a finding.
func Of(f scanner.Finding, reason, author string) Entry {
	return Entry{Fingerprint: f.Fingerprint, Pattern: f.Pattern, Reason: reason, Author: author}
}

// Load reads a baseline file. Errors name the file and the line; a file that is not there is fs.ErrNotExist.
func Load(path string) ([]Entry, error) {
	f, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("read the baseline: %w", err)
	}
	defer func() { _ = f.Close() }()
	return Read(path, f)
}

// Read reads the entries of a baseline; name stands for it in errors. Empty lines are skipped; an unknown
// field, a fingerprint that is none and an entry without a reason are errors.
func Read(name string, r io.Reader) ([]Entry, error) {
	var entries []Entry
	err := eachLine(name, r, func(number int, text []byte) error {
		if len(bytes.TrimSpace(text)) == 0 {
			return nil
		}
		e, err := parseEntry(text)
		e.at = fmt.Sprintf("%s:%d", name, number)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

func parseEntry(text []byte) (Entry, error) {
	var e Entry
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, fmt.Errorf("no entry of a baseline: %w", err)
	}
	if d.More() {
		return e, errors.New("more than one entry on a line")
	}
	return e, e.check()
}

func (e *Entry) check() error {
	if !fingerprintShape().MatchString(e.Fingerprint) {
		return errors.New(`"fingerprint" is none: fp1_ or fp1s_ and 40 hex digits`)
	}
	if strings.TrimSpace(e.Reason) == "" {
		return errors.New(`"reason" is empty: say why the finding is accepted`)
	}
	return nil
}

// Write writes entries in the order of their fingerprints, each fingerprint once, the first one given.
//
// Errors: an entry that Read would refuse; what w returned.
func Write(w io.Writer, entries []Entry) error {
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b Entry) int { return cmp.Compare(a.Fingerprint, b.Fingerprint) })
	sorted = slices.CompactFunc(sorted, func(a, b Entry) bool { return a.Fingerprint == b.Fingerprint })
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for _, e := range sorted {
		if err := e.check(); err != nil {
			return fmt.Errorf("write the baseline entry %s: %w", e.Fingerprint, err)
		}
		if err := encoder.Encode(e); err != nil {
			return fmt.Errorf("write the baseline entry %s: %w", e.Fingerprint, err)
		}
	}
	return nil
}
