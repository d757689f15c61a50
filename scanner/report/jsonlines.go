package report

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// JSONLinesSink writes one JSON object a line: findings, skips and actions as they come, last the summary.
type JSONLinesSink struct {
	w io.Writer
	o Options
}

// NewJSONLines makes a sink of docs/json-lines.md.
func NewJSONLines(w io.Writer, o Options) *JSONLinesSink { return &JSONLinesSink{w, o} }

// The lines. Their fields' names and order are stable, see docs/json-lines.md.
type (
	findingLine struct {
		Type           string        `json:"type"`
		Pattern        patterns.ID   `json:"pattern"`
		Vendor         string        `json:"vendor"`
		Name           string        `json:"name"`
		Fingerprint    string        `json:"fingerprint"`
		Secret         string        `json:"secret"`
		KeyID          string        `json:"key_id,omitempty"`
		Path           string        `json:"path"`
		PathBase64     string        `json:"path_base64,omitempty"`
		Line           int           `json:"line"`
		Column         int           `json:"column"`
		EndLine        int           `json:"end_line"`
		EndColumn      int           `json:"end_column"`
		Offset         int64         `json:"offset"`
		Blob           string        `json:"blob,omitempty"`
		Commit         string        `json:"commit,omitempty"`
		Author         string        `json:"author,omitempty"`
		Date           string        `json:"date,omitempty"`
		Kind           string        `json:"kind,omitempty"`
		Ref            string        `json:"ref,omitempty"`
		Decoded        []string      `json:"decoded,omitempty"`
		Locations      []placeOfLine `json:"locations"`
		LocationsTotal int           `json:"locations_total,omitempty"`
		Refs           []string      `json:"refs,omitempty"`
		Verdict        string        `json:"verdict,omitempty"`
		Reason         string        `json:"reason,omitempty"`
		Owner          string        `json:"owner,omitempty"`
		Scopes         []string      `json:"scopes,omitempty"`
		Ignored        string        `json:"ignored,omitempty"`
	}
	placeOfLine struct {
		Path       string `json:"path"`
		PathBase64 string `json:"path_base64,omitempty"`
		Line       int    `json:"line"`
		Column     int    `json:"column"`
		EndLine    int    `json:"end_line"`
		EndColumn  int    `json:"end_column"`
		Offset     int64  `json:"offset"`
		Commit     string `json:"commit,omitempty"`
		Author     string `json:"author,omitempty"`
		Date       string `json:"date,omitempty"`
		Kind       string `json:"kind,omitempty"`
		Ref        string `json:"ref,omitempty"`
	}
	skipLine struct {
		Type       string `json:"type"`
		Reason     string `json:"reason"`
		Object     string `json:"object,omitempty"`
		Path       string `json:"path,omitempty"`
		PathBase64 string `json:"path_base64,omitempty"`
		Detail     string `json:"detail"`
	}
	actionLine struct {
		Type     string `json:"type"`
		Kind     string `json:"kind"`
		Target   string `json:"target"`
		Incident string `json:"incident,omitempty"`
		State    string `json:"state"`
		Why      string `json:"why,omitempty"`
		Detail   string `json:"detail,omitempty"`
	}
	summaryLine struct {
		Type       string   `json:"type"`
		Commits    int      `json:"commits"`
		Blobs      int      `json:"blobs"`
		Bytes      int64    `json:"bytes"`
		Refs       int      `json:"refs"`
		Findings   int      `json:"findings"`
		Skips      int      `json:"skips"`
		Seconds    float64  `json:"seconds"`
		Complete   bool     `json:"complete"`
		Patterns   int      `json:"patterns"`
		Catalogue  string   `json:"catalogue"`
		NotRegular int      `json:"not_regular"`
		Excluded   int      `json:"excluded"`
		Remembered int      `json:"remembered"`
		Ignored    int      `json:"ignored"`
		Notes      []string `json:"notes,omitempty"`
	}
)

// Started writes nothing: the first line is the first finding or skip.
func (*JSONLinesSink) Started(scanner.Start) error { return nil }

// Finding writes a line of type finding.
func (s *JSONLinesSink) Finding(f scanner.Finding) error {
	if s.o.hides(&f) {
		return nil
	}
	at := place(&f.Location)
	line := findingLine{
		Type: "finding", Pattern: f.Pattern, Vendor: f.Vendor, Name: f.Name, Fingerprint: f.Fingerprint,
		Secret: s.o.shown(&f), KeyID: f.KeyID,
		Path: at.Path, PathBase64: at.PathBase64, Line: at.Line, Column: at.Column, EndLine: at.EndLine,
		EndColumn: at.EndColumn, Offset: at.Offset, Blob: string(f.Blob), Commit: at.Commit, Author: at.Author,
		Date: at.Date, Kind: at.Kind, Ref: at.Ref, Decoded: f.Decoded, Locations: []placeOfLine{}, Refs: f.Refs,
		Verdict: f.Verdict, Reason: f.Reason, Owner: f.Owner, Scopes: f.Scopes, Ignored: f.Ignored,
	}
	for i := range f.Locations {
		line.Locations = append(line.Locations, place(&f.Locations[i]))
	}
	if capped(&f) {
		line.LocationsTotal = f.Total
	}
	return s.write(line)
}

// Skipped writes a line of type skip.
func (s *JSONLinesSink) Skipped(skip scanner.Skip) error {
	path, raw := jsonPath(skip.Path)
	return s.write(skipLine{"skip", string(skip.Reason), skip.Object, path, raw, skip.Detail})
}

// Action writes a line of type action.
func (s *JSONLinesSink) Action(a scanner.Action) error {
	return s.write(actionLine{"action", a.Kind, a.Target, a.Incident, a.State, a.Why, a.Detail})
}

// Done writes the last line, of type summary.
func (s *JSONLinesSink) Done(sum scanner.Summary) error {
	return s.write(summaryLine{
		Type: "summary", Commits: sum.Commits, Blobs: sum.Blobs, Bytes: sum.Bytes, Refs: sum.Refs,
		Findings: sum.Findings, Skips: sum.Skips, Seconds: float64(sum.Elapsed.Milliseconds()) / 1000,
		Complete: sum.Complete, Patterns: sum.Patterns, Catalogue: sum.Catalogue,
		NotRegular: sum.NotRegular, Excluded: sum.Excluded, Remembered: sum.Remembered, Ignored: sum.Ignored, Notes: sum.Notes,
	})
}

func (s *JSONLinesSink) write(line any) error {
	encoded, err := encode(line)
	if err != nil {
		return err
	}
	_, err = s.w.Write(append(encoded, '\n'))
	return err
}

// encode gives JSON on one line, without the escapes that only HTML needs.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return nil, fmt.Errorf("encode a line: %w", err)
	}
	return escapeJSON(bytes.TrimRight(b.Bytes(), "\n")), nil
}

func place(l *scanner.Location) placeOfLine {
	path, raw := jsonPath(l.Path)
	p := placeOfLine{
		Path: path, PathBase64: raw, Line: l.Span.Line, Column: l.Span.Column, EndLine: l.Span.EndLine,
		EndColumn: l.Span.EndColumn, Offset: l.Span.Start, Commit: l.Commit, Author: l.Author,
		Date: date(l.Date), Ref: l.Ref,
	}
	if l.Kind != scanner.KindFile {
		p.Kind = string(l.Kind)
	}
	return p
}

// jsonPath is the path as text, and its bytes when it is not UTF-8.
func jsonPath(path string) (text, raw string) {
	if utf8.ValidString(path) {
		return path, ""
	}
	return strings.ToValidUTF8(path, "\ufffd"), base64.StdEncoding.EncodeToString([]byte(path))
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
