package report

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// maxRelated bounds the further places of one result.
const maxRelated = 100

// maxNotifications bounds the skips that are written one by one; the rest is counted.
const maxNotifications = 1000

// SARIFSink writes one SARIF 2.1.0 log when the scan is done.
// Source: OASIS Static Analysis Results Interchange Format 2.1.0.
type SARIFSink struct {
	w         io.Writer
	o         Options
	rules     []sarifRule
	ruleIndex map[patterns.ID]int
	results   []sarifResult
	notes     []sarifNotification
	skips     int
}

// NewSARIF makes a sink of SARIF.
func NewSARIF(w io.Writer, o Options) *SARIFSink {
	return &SARIFSink{w: w, o: o, ruleIndex: map[patterns.ID]int{}, rules: []sarifRule{}, results: []sarifResult{}}
}

type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		ColumnKind  string            `json:"columnKind"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
		Properties  map[string]any    `json:"properties"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Version        string      `json:"version,omitempty"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               patterns.ID    `json:"id"`
		ShortDescription sarifText      `json:"shortDescription"`
		Help             sarifText      `json:"help"`
		Properties       map[string]any `json:"properties"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level      string          `json:"level"`
		Message    sarifText       `json:"message"`
		Descriptor sarifDescriptor `json:"descriptor"`
	}
	sarifDescriptor struct {
		ID string `json:"id"`
	}
	sarifResult struct {
		RuleID       patterns.ID        `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Related      []sarifLocation    `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Properties   map[string]any     `json:"properties"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		ID       int           `json:"id,omitempty"`
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int   `json:"startLine"`
		StartColumn int   `json:"startColumn"`
		EndLine     int   `json:"endLine"`
		EndColumn   int   `json:"endColumn"`
		ByteOffset  int64 `json:"byteOffset"`
		ByteLength  int64 `json:"byteLength"`
	}
)

// Started writes nothing.
func (*SARIFSink) Started(scanner.Start) error { return nil }

// Finding keeps a result. Its message never holds more of the secret than the report may show.
func (s *SARIFSink) Finding(f scanner.Finding) error {
	if s.o.hides(&f) {
		return nil
	}
	r := sarifResult{
		RuleID: f.Pattern, RuleIndex: s.rule(&f), Level: "error",
		Message:      sarifText{message(&f, s.o.shown(&f))},
		Locations:    []sarifLocation{location(&f.Location, 0)},
		Fingerprints: map[string]string{"keywright/v1": f.Fingerprint},
		Properties:   map[string]any{"places": f.Total},
	}
	for i := range f.Locations[:min(maxRelated, len(f.Locations))] {
		r.Related = append(r.Related, location(&f.Locations[i], i+1))
	}
	for name, value := range map[string]string{
		"verdict": f.Verdict, "reason": f.Reason, "keyId": f.KeyID, "commit": f.Location.Commit, "owner": f.Owner,
		"decoded": strings.Join(f.Decoded, ","), "author": f.Location.Author, "date": date(f.Location.Date),
	} {
		if value != "" {
			r.Properties[name] = value
		}
	}
	if len(f.Refs) > 0 {
		r.Properties["refs"] = f.Refs
	}
	if f.Ignored != "" {
		r.Suppressions = []sarifSuppression{{"external", f.Ignored}}
	}
	s.results = append(s.results, r)
	return nil
}

func message(f *scanner.Finding, shown string) string {
	text := fmt.Sprintf("%s: %s", f.Name, shown)
	if f.Verdict != "" {
		text += " is " + f.Verdict
	}
	return text
}

// rule is the index of the finding's rule, which is made when it is the first of its pattern.
func (s *SARIFSink) rule(f *scanner.Finding) int {
	if n, known := s.ruleIndex[f.Pattern]; known {
		return n
	}
	n := len(s.rules)
	s.ruleIndex[f.Pattern] = n
	s.rules = append(s.rules, sarifRule{
		ID: f.Pattern, ShortDescription: sarifText{f.Name},
		Help: sarifText{"Revoke the credential where it was issued and replace it. Deleting it from the file does not make it unknown."},
		// security-severity: high, in the scale of code scanning, 0 to 10.
		Properties: map[string]any{"vendor": f.Vendor, "tags": []string{"security", "secret"}, "security-severity": "8.0"},
	})
	return n
}

func location(l *scanner.Location, id int) sarifLocation {
	return sarifLocation{ID: id, Physical: sarifPhysical{
		Artifact: sarifArtifact{uri(l)},
		Region: sarifRegion{
			StartLine: l.Span.Line, StartColumn: l.Span.Column, EndLine: l.Span.EndLine, EndColumn: l.Span.EndColumn,
			ByteOffset: l.Span.Start, ByteLength: l.Span.End - l.Span.Start,
		},
	}}
}

// uri is the path as a relative URI, whatever its bytes; for what has none, the kind and the commit.
func uri(l *scanner.Location) string {
	path := l.Path
	if path == "" {
		path = strings.TrimRight(string(l.Kind)+"/"+l.Commit, "/")
	}
	segments := strings.Split(path, "/")
	for i := range segments {
		segments[i] = url.PathEscape(segments[i])
	}
	relative := strings.Join(segments, "/")
	if strings.Contains(segments[0], ":") {
		return "./" + relative // a colon in the first segment would make it a scheme (RFC 3986, 4.2)
	}
	return relative
}

// Skipped keeps a notification.
func (s *SARIFSink) Skipped(skip scanner.Skip) error {
	if s.skips++; s.skips <= maxNotifications {
		s.notes = append(s.notes, sarifNotification{"error", sarifText{escape(skipText(skip))}, sarifDescriptor{string(skip.Reason)}})
	}
	return nil
}

// Action keeps a notification of what was planned or done.
func (s *SARIFSink) Action(a scanner.Action) error {
	text := fmt.Sprintf("%s %s: %s", a.Kind, a.Target, a.State)
	s.notes = append(s.notes, sarifNotification{"note", sarifText{escape(text)}, sarifDescriptor{"action"}})
	return nil
}

// Done writes the log. A scan that is not complete is an unsuccessful invocation.
func (s *SARIFSink) Done(sum scanner.Summary) error {
	if rest := s.skips - maxNotifications; rest > 0 {
		s.notes = append(s.notes, sarifNotification{"error", sarifText{fmt.Sprintf("%d more were not scanned", rest)}, sarifDescriptor{"skips"}})
	}
	encoded, err := encode(sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{{
			Tool: sarifTool{sarifDriver{
				Name: "keywright", InformationURI: "https://github.com/keywright/keywright", Version: s.o.Version, Rules: s.rules,
			}},
			ColumnKind:  "utf16CodeUnits",
			Invocations: []sarifInvocation{{sum.Complete, s.notes}},
			Results:     s.results,
			Properties: map[string]any{
				"commits": sum.Commits, "blobs": sum.Blobs, "bytes": sum.Bytes, "findings": sum.Findings, "ignored": sum.Ignored,
				"patterns": sum.Patterns, "catalogue": sum.Catalogue, "complete": sum.Complete,
			},
		}},
	})
	if err != nil {
		return err
	}
	_, err = s.w.Write(append(indented(encoded), '\n'))
	return err
}

// indented is for people; what does not indent is not JSON, which encode rules out.
func indented(encoded []byte) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(json.RawMessage(encoded)); err != nil {
		return encoded
	}
	return []byte(strings.TrimRight(b.String(), "\n"))
}
