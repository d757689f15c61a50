package cmdio

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// IO is where a verb reads and writes. Tests set the fields; [System] is the process's own.
type IO struct {
	In          io.Reader
	Out         io.Writer // results, nothing else
	Err         io.Writer // notes, progress, errors
	InTerminal  bool
	OutTerminal bool
	ErrTerminal bool
	Getenv      func(string) string
	Now         func() time.Time
	Version     string // of this program
	Actor       string // who acts, for the audit log: "cli:alice"
}

// System is the process's own streams and environment.
func System() *IO {
	terminal := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	return &IO{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTerminal: terminal(os.Stdin), OutTerminal: terminal(os.Stdout), ErrTerminal: terminal(os.Stderr),
		Getenv: os.Getenv,
		Now:    time.Now,
		Actor:  "cli:" + userName(),
	}
}

func userName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "unknown"
}

// Color says whether stdout gets colour: a terminal, and NO_COLOR is unset or empty (no-color.org).
func (o *IO) Color() bool { return o.OutTerminal && o.Getenv("NO_COLOR") == "" }

// Notef writes one line for people to stderr.
func (o *IO) Notef(format string, args ...any) {
	_, _ = fmt.Fprintln(o.Err, Printable(fmt.Sprintf(format, args...)))
}

// Warnf writes one line that must not be missed to stderr.
func (o *IO) Warnf(format string, args ...any) { o.Notef("keywright: "+format, args...) }

// Format is an output format of the verbs that are not scan.
type Format string

// The formats.
const (
	Text Format = "text"
	JSON Format = "json"
)

// FormatFlag adds --format text|json.
func FormatFlag(cmd *cobra.Command, format *Format) {
	*format = Text
	cmd.Flags().Var(formatValue{format}, "format", "output `format`: text or json")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

type formatValue struct{ format *Format }

func (v formatValue) String() string {
	if v.format == nil {
		return ""
	}
	return string(*v.format)
}
func (v formatValue) Type() string { return "format" }
func (v formatValue) Set(s string) error {
	switch f := Format(s); f {
	case Text, JSON:
		*v.format = f
		return nil
	default:
		return fmt.Errorf("%q is neither text nor json", s)
	}
}

// JSON writes one value as indented JSON.
func (o *IO) JSON(value any) error {
	enc := json.NewEncoder(o.Out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(value)
}

// Table writes rows under a heading in aligned columns.
func (o *IO) Table(heading []string, rows [][]string) error {
	w := tabwriter.NewWriter(o.Out, 0, 4, 2, ' ', 0)
	for _, row := range append([][]string{heading}, rows...) {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = Printable(cell)
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t")); err != nil {
			return err
		}
	}
	return w.Flush()
}

// Fields writes one thing as aligned "name  value" lines; empty values are left out.
func (o *IO) Fields(pairs ...string) error {
	w := tabwriter.NewWriter(o.Out, 0, 4, 2, ' ', 0)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\n", pairs[i], Printable(pairs[i+1])); err != nil {
			return err
		}
	}
	return w.Flush()
}

// Time shows a time for people: UTC, seconds; empty for none.
func Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
