package receipt

import (
	"time"

	"github.com/keywright/keywright/scanner"
)

// Form is the first field of every receipt, and names its version.
const Form = "keywright.receipt/1"

// MaxSkips is how many skips a receipt names one by one. SkipsTotal counts them all.
const MaxSkips = 10_000

// Receipt is what a scan covered. The fields' JSON names are stable.
type Receipt struct {
	Form     string    `json:"receipt"`
	Complete bool      `json:"complete"` // all that was asked was scanned
	MadeAt   time.Time `json:"made_at"`
	Program  string    `json:"program"` // name and version
	Facts
	Commits    int    `json:"commits"`
	Blobs      int    `json:"blobs"`
	Bytes      int64  `json:"bytes"`
	NotRegular int    `json:"not_regular"` // FIFOs, devices, sockets, links: nothing to scan
	Excluded   int    `json:"excluded"`    // over a size that the user set
	Remembered int    `json:"remembered"`  // objects that a past scan read and found clean, and this one did not read again
	Findings   int    `json:"findings"`
	Ignored    int    `json:"ignored"` // findings that a rule accepts
	Skips      []Skip `json:"skips"`
	SkipsTotal int    `json:"skips_total"`
}

// Facts are what is known before the scan.
type Facts struct {
	Source    string    `json:"source"` // a path or "standard input", as the user would know it
	Mode      string    `json:"mode"`   // history, tree, staged, range, refs, stdin …
	Asked     []string  `json:"asked,omitempty"`
	Refs      []Ref     `json:"refs"`
	Catalogue Catalogue `json:"catalogue"`
	Decoders  []string  `json:"decoders"`
}

// Ref is a ref and the object that it pointed to.
type Ref struct {
	Name string `json:"name"`
	Tip  string `json:"tip"`
}

// Catalogue says what was looked for.
type Catalogue struct {
	Version  string `json:"version"` // names the content of all patterns, the user's included
	Patterns int    `json:"patterns"`
}

// Skip is what could not be scanned.
type Skip struct {
	Reason scanner.SkipReason `json:"reason"`
	Object string             `json:"object,omitempty"`
	Path   string             `json:"path,omitempty"`
	Detail string             `json:"detail,omitempty"`
}

// Recorder is a sink that hands everything on to another and keeps what the receipt says.
type Recorder struct {
	scanner.Sink
	Receipt Receipt
}

// NewRecorder makes the recorder of one scan.
func NewRecorder(sink scanner.Sink, program string, facts Facts) *Recorder {
	if facts.Refs == nil {
		facts.Refs = []Ref{}
	}
	return &Recorder{Sink: sink, Receipt: Receipt{Form: Form, Program: program, Facts: facts, Skips: []Skip{}}}
}

// Skipped implements scanner.Sink.
func (r *Recorder) Skipped(skip scanner.Skip) error {
	r.Receipt.SkipsTotal++
	if len(r.Receipt.Skips) < MaxSkips {
		r.Receipt.Skips = append(r.Receipt.Skips, Skip{skip.Reason, skip.Object, skip.Path, skip.Detail})
	}
	return r.Sink.Skipped(skip)
}

// Action hands on to sinks that take actions.
func (r *Recorder) Action(a scanner.Action) error {
	if sink, ok := r.Sink.(scanner.ActionSink); ok {
		return sink.Action(a)
	}
	return nil
}

// Done implements scanner.Sink.
func (r *Recorder) Done(s scanner.Summary) error {
	p := &r.Receipt
	p.Complete = s.Complete
	p.Commits, p.Blobs, p.Bytes, p.NotRegular, p.Excluded = s.Commits, s.Blobs, s.Bytes, s.NotRegular, s.Excluded
	p.Remembered = s.Remembered
	p.Findings, p.Ignored = s.Findings, s.Ignored
	return r.Sink.Done(s)
}
