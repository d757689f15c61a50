package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// How much of a long list the text shows; the rest is counted.
const (
	shownPlaces = 5
	shownSkips  = 20
	shownRefs   = 3
)

// TextSink writes for people: findings as they come, skips and the summary at the end.
type TextSink struct {
	w     io.Writer
	o     Options
	skips []scanner.Skip
	all   int // skips in all
	err   error
}

// NewText makes a sink for people.
func NewText(w io.Writer, o Options) *TextSink { return &TextSink{w: w, o: o} }

// The styles of a terminal (ECMA-48, "select graphic rendition").
const (
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (s *TextSink) style(code, text string) string {
	if !s.o.Color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// line writes one line. text is safe already: escaped where it comes from a repository.
func (s *TextSink) line(text string) {
	if s.err == nil {
		_, s.err = io.WriteString(s.w, safeLine(text)+"\n")
	}
}

func (s *TextSink) field(name, value string) {
	if value != "" {
		s.line(fmt.Sprintf("  %-12s %s", name, value))
	}
}

// Started writes nothing.
func (*TextSink) Started(scanner.Start) error { return nil }

// Finding writes a block: what it is, where it stands, what is known of it, what to do.
func (s *TextSink) Finding(f scanner.Finding) error {
	if s.o.hides(&f) {
		return nil
	}
	s.line(s.style(bold, escape(f.Name)) + "  " + escape(string(f.Pattern)))
	s.field("secret", escape(s.o.shown(&f)))
	s.field("at", where(&f.Location))
	s.field("", byWhom(&f.Location))
	for i := range f.Locations[:min(shownPlaces, len(f.Locations))] {
		s.field("also at", strings.TrimSpace(where(&f.Locations[i])+"  "+byWhom(&f.Locations[i])))
	}
	if rest := f.Total - 1 - shownPlaces; rest > 0 {
		s.field("", fmt.Sprintf("and at %s more", counted(rest, "place")))
	}
	s.field("in", refs(f.Refs))
	s.field("decoded from", strings.Join(f.Decoded, " in "))
	s.field("verdict", s.verdict(&f))
	s.field("ignored", escape(f.Ignored))
	s.field("fingerprint", f.Fingerprint)
	s.field("next", advice(&f))
	s.line("")
	return s.err
}

func (s *TextSink) verdict(f *scanner.Finding) string {
	if f.Verdict == "" {
		return ""
	}
	colour := yellow
	switch f.Verdict {
	case "live":
		colour = red
	case "revoked", "expired":
		colour = green
	}
	text := s.style(colour, escape(f.Verdict))
	if f.Reason != "" {
		text += ": " + escape(f.Reason)
	}
	if f.Owner != "" {
		text += ", owner " + escape(f.Owner)
	}
	if len(f.Scopes) > 0 {
		text += ", scopes " + escape(strings.Join(f.Scopes, " "))
	}
	return text
}

// advice is what a reader can do next.
func advice(f *scanner.Finding) string {
	own := f.Pattern == patterns.OwnID && f.KeyID != ""
	switch {
	case f.Verdict == "revoked", f.Verdict == "expired":
		return "the key is dead; nothing has to be done"
	case f.Verdict == "never_issued":
		return "this store never issued the key; if another one did, verify it there"
	case f.Verdict == "live" && own:
		return "keywright key revoke " + escape(f.KeyID)
	case own:
		return "keywright scan --verify says whether it is live"
	}
	return "revoke it where it was issued, then replace it; to delete it here does not make it unknown"
}

func where(l *scanner.Location) string {
	at := fmt.Sprintf("%d:%d", l.Span.Line, l.Span.Column)
	switch l.Kind {
	case scanner.KindCommit:
		return "message of commit " + escape(l.Commit) + ", line " + at
	case scanner.KindTag:
		return "message of tag " + escape(strings.TrimSpace(l.Ref+" "+l.Commit)) + ", line " + at
	case scanner.KindName:
		return "name of " + path(l)
	case scanner.KindRef:
		return "name of a ref " + escape(l.Ref)
	case scanner.KindUnknown:
		return strings.TrimSpace(path(l)+" line "+at) + ", in an object that nothing reaches"
	case scanner.KindFile:
	}
	return path(l) + ":" + at
}

func path(l *scanner.Location) string {
	if l.Path == "" {
		return "(no path)"
	}
	return escape(l.Path)
}

func byWhom(l *scanner.Location) string {
	var parts []string
	if l.Commit != "" && l.Kind != scanner.KindCommit && l.Kind != scanner.KindTag {
		parts = append(parts, "commit "+escape(l.Commit[:min(12, len(l.Commit))]))
	}
	if !l.Date.IsZero() {
		parts = append(parts, l.Date.UTC().Format(time.DateOnly))
	}
	if l.Author != "" {
		parts = append(parts, escape(l.Author))
	}
	return strings.Join(parts, "  ")
}

// refs names the first branches and tags and counts the others: branches come first, as their names sort.
func refs(names []string) string {
	var shown []string
	for _, name := range names[:min(shownRefs, len(names))] {
		if tag, is := strings.CutPrefix(name, "refs/tags/"); is {
			name = "tag " + tag
		}
		name = strings.TrimPrefix(strings.TrimPrefix(name, "refs/heads/"), "refs/remotes/")
		shown = append(shown, escape(name))
	}
	text := strings.Join(shown, ", ")
	if rest := len(names) - len(shown); rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}

// Skipped keeps the skip for the end, where it is not overlooked.
func (s *TextSink) Skipped(skip scanner.Skip) error {
	if s.all++; len(s.skips) < shownSkips {
		s.skips = append(s.skips, skip)
	}
	return s.err
}

// Action writes what was planned or done.
func (s *TextSink) Action(a scanner.Action) error {
	text := fmt.Sprintf("%s %s: %s", escape(a.Kind), escape(a.Target), s.style(bold, escape(a.State)))
	for _, more := range []string{a.Why, a.Detail} {
		if more != "" {
			text += ", " + escape(more)
		}
	}
	s.line(text)
	return s.err
}

// Done writes the skips and the summary.
func (s *TextSink) Done(sum scanner.Summary) error {
	if s.all > 0 {
		s.line(s.style(yellow, "not scanned:"))
	}
	for _, skip := range s.skips {
		s.line("  " + skipText(skip))
	}
	if rest := s.all - len(s.skips); rest > 0 {
		s.line("  and " + counted(rest, "more"))
	}
	s.line(s.conclusion(sum))
	s.line(extent(sum))
	for _, note := range sum.Notes {
		s.line("note: " + escape(note))
	}
	return s.err
}

func skipText(skip scanner.Skip) string {
	text := string(skip.Reason)
	for _, more := range []string{skip.Path, skip.Object, skip.Detail} {
		if more != "" {
			text += "  " + escape(more)
		}
	}
	return text
}

func (s *TextSink) conclusion(sum scanner.Summary) string {
	text := s.style(green, "no findings")
	if sum.Findings > 0 {
		text = s.style(red, counted(sum.Findings, "finding"))
	}
	if sum.Ignored > 0 {
		text += fmt.Sprintf(", %d ignored", sum.Ignored)
	}
	if !sum.Complete {
		text += ", " + s.style(yellow, "not complete: not all that was asked for was scanned")
	}
	return text
}

func extent(sum scanner.Summary) string {
	var parts []string
	if sum.Commits > 0 || sum.Refs > 0 {
		parts = append(parts, counted(sum.Commits, "commit"), counted(sum.Refs, "ref"))
	}
	parts = append(parts, counted(sum.Blobs, "blob"), size(sum.Bytes))
	for _, more := range []struct {
		n    int
		what string
	}{{sum.NotRegular, "not a regular file"}, {sum.Excluded, "over the size that was set"}} {
		if more.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", more.n, more.what))
		}
	}
	if sum.Remembered > 0 {
		parts = append(parts, counted(sum.Remembered, "object")+" unchanged since the last scan")
	}
	return fmt.Sprintf("scanned %s in %.1f s with %s of catalogue %s",
		strings.Join(parts, ", "), sum.Elapsed.Seconds(), counted(sum.Patterns, "pattern"), escape(sum.Catalogue))
}

func counted(n int, what string) string {
	if n == 1 || what == "more" {
		return fmt.Sprintf("%d %s", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d bytes", n)
	case n < 1000*1000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1000*1000*1000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f GB", float64(n)/1e9)
}
