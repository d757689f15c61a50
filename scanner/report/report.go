package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/keywright/keywright/scanner"
)

// Format names a form of a report.
type Format string

// The formats.
const (
	Text      Format = "text"
	JSONLines Format = "jsonl"
	SARIF     Format = "sarif"
	CSV       Format = "csv"
)

// Formats are all of them, as a user may name them.
func Formats() []Format { return []Format{Text, JSONLines, SARIF, CSV} }

// Options say how a report is written. The zero value redacts, and shows no ignored findings and no colour.
type Options struct {
	Reveal      bool   // show secrets in clear
	ShowIgnored bool   // show findings that a baseline or an ignore rule accepts
	Color       bool   // Text only: the writer is a terminal
	Version     string // of the program, for SARIF
}

// Sink is a [scanner.Sink] that shows actions too.
type Sink interface {
	scanner.Sink
	scanner.ActionSink
}

// New makes the sink of a format, which writes to w from Started to Done. It does not close w.
//
// Errors: a format that is none of [Formats].
func New(format Format, w io.Writer, o Options) (Sink, error) {
	switch format {
	case Text:
		return NewText(w, o), nil
	case JSONLines:
		return NewJSONLines(w, o), nil
	case SARIF:
		return NewSARIF(w, o), nil
	case CSV:
		return NewCSV(w, o), nil
	}
	names := make([]string, 0, len(Formats()))
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return nil, fmt.Errorf("unknown format %q: use one of %s", format, strings.Join(names, ", "))
}

// hides says whether the report leaves the finding out.
func (o Options) hides(f *scanner.Finding) bool { return f.Ignored != "" && !o.ShowIgnored }

// shown is the secret as this report may show it. It is the only place of the package that sees plaintext.
func (o Options) shown(f *scanner.Finding) string {
	if o.Reveal {
		return f.Secret.Reveal()
	}
	return f.Redacted
}

// capped says whether the finding has more places than it holds.
func capped(f *scanner.Finding) bool { return f.Total > 1+len(f.Locations) }
