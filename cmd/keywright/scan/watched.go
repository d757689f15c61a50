package scan

import (
	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/scanner"
)

// maxSkipNotes is how many skips are told on stderr one by one; the output has them all.
const maxSkipNotes = 20

// watched hands on to the report and tells on stderr what was not scanned.
type watched struct {
	scanner.Sink
	io    *cmdio.IO
	o     *Options
	bar   *progress
	plan  *sources
	known *known
	skips int
	// stopped says whether the scan was interrupted.
	stopped func() bool
}

// quiet: the report itself is on the terminal that stderr is on, and says the same.
func (w *watched) quiet() bool {
	return w.o.Format == "text" && w.o.Output == "" && w.io.OutTerminal && w.io.ErrTerminal
}

func (w *watched) Finding(f scanner.Finding) error {
	return w.bar.aside(func() error { return w.Sink.Finding(f) })
}

func (w *watched) Skipped(skip scanner.Skip) error {
	w.skips++
	return w.bar.aside(func() error {
		if w.skips <= maxSkipNotes && !w.quiet() {
			w.io.Warnf("not scanned: %s", skip.Error())
		}
		return w.Sink.Skipped(skip)
	})
}

// Action is shown by the reports that can.
func (w *watched) Action(a scanner.Action) error {
	if sink, ok := w.Sink.(scanner.ActionSink); ok {
		return w.bar.aside(func() error { return sink.Action(a) })
	}
	return nil
}

func (w *watched) Done(summary scanner.Summary) error {
	w.bar.close()
	if w.skips > maxSkipNotes && !w.quiet() {
		w.io.Warnf("not scanned: and %d more, see the output", w.skips-maxSkipNotes)
	}
	if w.plan.history && summary.Commits == 0 && summary.Complete {
		summary.Notes = append(summary.Notes, "nothing to scan: no commits")
	}
	if w.stopped() {
		summary.Notes = append(summary.Notes, w.bar.covered(summary.Counts))
	}
	if w.plan.note != "" {
		summary.Notes = append(summary.Notes, w.plan.note)
	}
	if note := w.plan.leftOut(); note != "" {
		summary.Notes = append(summary.Notes, note)
	}
	summary.Notes = append(summary.Notes, w.known.notes()...)
	summary.Notes = append(summary.Notes, w.known.stale(summary.Complete)...)
	if !w.o.Quiet && !w.quiet() {
		for _, note := range summary.Notes {
			w.io.Warnf("%s", note)
		}
	}
	return w.Sink.Done(summary)
}
