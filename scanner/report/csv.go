package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"github.com/keywright/keywright/scanner"
)

// CSVSink writes one row for each place of each finding, after a row of names. Skips are rows too, so that a
// table of an incomplete scan is not taken for a complete one.
type CSVSink struct {
	w *csv.Writer
	o Options
}

// NewCSV makes a sink that writes RFC 4180 with LF.
func NewCSV(w io.Writer, o Options) *CSVSink { return &CSVSink{csv.NewWriter(w), o} }

// Started writes the names of the columns.
func (s *CSVSink) Started(scanner.Start) error {
	return s.row("type", "pattern", "fingerprint", "secret", "key_id", "path", "line", "column", "commit", "author", "date", "verdict", "reason", "owner")
}

// Finding writes a row for each place.
func (s *CSVSink) Finding(f scanner.Finding) error {
	if s.o.hides(&f) {
		return nil
	}
	for _, l := range append([]scanner.Location{f.Location}, f.Locations...) {
		err := s.row("finding", string(f.Pattern), f.Fingerprint, s.o.shown(&f), f.KeyID, l.Path, strconv.Itoa(l.Span.Line),
			strconv.Itoa(l.Span.Column), l.Commit, l.Author, date(l.Date), f.Verdict, f.Reason, f.Owner)
		if err != nil {
			return err
		}
	}
	return nil
}

// Skipped writes a row whose reason says why.
func (s *CSVSink) Skipped(skip scanner.Skip) error {
	return s.row("skip", "", "", "", "", skip.Path, "", "", skip.Object, "", "", "", string(skip.Reason)+": "+skip.Detail, "")
}

// Action writes a row of what was planned or done.
func (s *CSVSink) Action(a scanner.Action) error {
	return s.row("action", "", "", "", a.Target, "", "", "", "", "", "", a.Kind+" "+a.State, a.Why, "")
}

// Done flushes. The table has no summary.
func (s *CSVSink) Done(scanner.Summary) error {
	s.w.Flush()
	return s.w.Error()
}

func (s *CSVSink) row(fields ...string) error {
	for i := range fields {
		fields[i] = cell(fields[i])
	}
	return s.w.Write(fields)
}

// cell is a field that no spreadsheet takes for a formula.
func cell(text string) string {
	text = escape(text)
	if text != "" && strings.ContainsRune("=+-@", rune(text[0])) {
		return "'" + text
	}
	return text
}
