package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report is what a run found out.
type report struct {
	machine      machine
	results      []result
	repositories map[string]repository
	dear         []initialised
	took         time.Duration
	quick        bool
}

var heading = []string{"row", "work", "ours", "against", "wall", "CPU", "peak RSS", "anonymous", "ratio", "goal", "met?"}

// cells are a result as the table shows it: "ours / against" where both were measured.
func (r result) cells() []string {
	return []string{
		r.row, r.work, or(r.ours), or(r.against),
		both(r.pair.ours.wall, r.pair.against.wall, seconds), both(r.pair.ours.cpu, r.pair.against.cpu, seconds),
		both(r.held[0].resident, r.held[1].resident, mebibytes), both(r.held[0].anonymous, r.held[1].anonymous, mebibytes),
		r.ratioText(), or(r.goal.String()), string(r.verdict),
	}
}

func (r result) ratioText() string {
	if r.ratio == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3g (%.3g–%.3g, n=%d)", r.ratio, r.lowest, r.highest, r.rounds)
}

func or(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// both shows two values of which any may not be known.
func both[T int64 | time.Duration](ours, against T, show func(T) string) string {
	switch {
	case ours == 0 && against == 0:
		return "–"
	case against == 0:
		return show(ours)
	}
	return show(ours) + " / " + show(against)
}

func seconds(d time.Duration) string {
	if d < 100*time.Millisecond {
		return fmt.Sprintf("%.3g ms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}

func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", (n+1<<19)>>20) }

// print writes the report for a terminal.
func (r report) print(out io.Writer) error {
	var b bytes.Buffer
	if r.quick {
		b.WriteString("A quick run: it shows that the measuring works. Its figures mean nothing.\n\n")
	}
	w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, strings.Join(heading, "\t"))
	for _, x := range r.results {
		_, _ = fmt.Fprintln(w, strings.Join(x.cells(), "\t"))
	}
	_ = w.Flush() // into memory
	b.WriteString("\n" + legend + "\n")
	for _, line := range r.notes() {
		b.WriteString(line + "\n")
	}
	_, _ = fmt.Fprintf(&b, "\n%s\n", r.setting())
	for _, line := range r.shapes() {
		b.WriteString(line + "\n")
	}
	b.WriteString("\nThe dearest packages before main (GODEBUG=inittrace=1 keywright --version):\n")
	w = tabwriter.NewWriter(&b, 0, 4, 2, ' ', tabwriter.AlignRight)
	for _, p := range r.dear {
		_, _ = fmt.Fprintf(w, "%.3f ms\t%d bytes\t%d allocations\t  %s\n", p.ms, p.bytes, p.allocations, p.name)
	}
	_ = w.Flush() // into memory
	_, err := out.Write(b.Bytes())
	return err
}

const legend = "Pairs are ours / against. Wall and CPU (user and system) are medians of runs that took turns; the ratio is the median of the rounds'\n" +
	"own ratios of wall time, with the lowest and the highest. Peak RSS is VmHWM, mapped files included; anonymous is the peak of RssAnon\n" +
	"(heap and stacks), sampled every 2 ms; both come from a run of their own, which is not timed."

// notes are what rows have to say beside their figures.
func (r report) notes() []string {
	var out []string
	for _, x := range r.results {
		if x.note != "" {
			out = append(out, fmt.Sprintf("%s, %s: %s", x.row, x.work, x.note))
		}
	}
	return out
}

// setting is the machine, in one paragraph.
func (r report) setting() string {
	m := r.machine
	parts := []string{m.os, fmt.Sprintf("%d cores", m.cores)}
	if m.processor != "" {
		parts = append(parts, m.processor)
	}
	parts = append(parts, m.versions...)
	text := fmt.Sprintf("Measured on %s in %v: %s.", m.when.Format("2006-01-02"), r.took.Round(time.Second), strings.Join(parts, ", "))
	if m.load != "" {
		text += fmt.Sprintf(" Load average when it began: %s.", m.load)
	}
	return text
}

// shapes are the repositories that were measured.
func (r report) shapes() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(r.repositories)) {
		s := r.repositories[name].size
		if s.Objects == 0 {
			continue
		}
		text := fmt.Sprintf("%s: %d commits, %d blobs of %.2f GB, %d objects, %d refs, packed in %.0f MB", name, s.Commits, s.Blobs, float64(s.Bytes)/1e9,
			s.Objects, s.Refs, float64(s.Packed)/1e6)
		if s.Took > 0 {
			text += fmt.Sprintf(", built in %v", s.Took.Round(time.Second))
		}
		out = append(out, text)
	}
	return out
}

// document is the report as Markdown.
func (r report) document() []byte {
	var b bytes.Buffer
	b.WriteString("# Benchmarks\n\n`make bench` wrote this. It makes its repositories itself, from the toolchain's source and the modules of go.mod with\n" +
		"edits that are the same each time, and measures the binary as a user runs it. Caches are warm: a round that is not counted goes before.\n" +
		"git uses one core where one git stands, and ours all of them.\n\n")
	_, _ = fmt.Fprintf(&b, "%s\n\n", r.setting())
	markdownRow(&b, heading)
	markdownRow(&b, slices.Repeat([]string{"---"}, len(heading)))
	for _, x := range r.results {
		markdownRow(&b, x.cells())
	}
	_, _ = fmt.Fprintf(&b, "\n%s\n", legend)
	section(&b, "Notes", r.notes())
	section(&b, "The repositories", r.shapes())
	b.WriteString("\n## Before main\n\nThe dearest packages of `GODEBUG=inittrace=1 keywright --version`:\n\n")
	markdownRow(&b, []string{"package", "ms", "bytes", "allocations"})
	markdownRow(&b, []string{"---", "---", "---", "---"})
	for _, p := range r.dear {
		markdownRow(&b, []string{"`" + p.name + "`", fmt.Sprintf("%.3f", p.ms), fmt.Sprint(p.bytes), fmt.Sprint(p.allocations)})
	}
	return b.Bytes()
}

func section(b *bytes.Buffer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	_, _ = fmt.Fprintf(b, "\n## %s\n\n", title)
	for _, line := range lines {
		b.WriteString("- " + line + "\n")
	}
}

func markdownRow(b *bytes.Buffer, cells []string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}
