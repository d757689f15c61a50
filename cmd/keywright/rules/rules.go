// Package rules is the verb for the catalogue of patterns.
//
// Knows: flags, how patterns are shown. Must not know: how a rules file is read or a pattern matched.
package rules

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner/laws"
)

// NewCmd makes the verb.
func NewCmd(io *cmdio.IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List, show and check the patterns",
		Example: `  keywright rules list
  keywright rules show github.pat.classic
  keywright rules check ./rules.yaml`,
	}
	return cmdio.Group(cmd, newList(io), newShow(io), newCheck(io))
}

// shown is a pattern as the verbs print it.
type shown struct {
	ID          patterns.ID   `json:"id"`
	Vendor      string        `json:"vendor"`
	Name        string        `json:"name"`
	Shape       string        `json:"shape"`
	Checksum    string        `json:"checksum,omitempty"`
	EntropyBits float64       `json:"entropy_bits,omitempty"`
	Keywords    []string      `json:"keywords,omitempty"`
	Exposure    string        `json:"exposure,omitempty"`
	Evidence    string        `json:"evidence,omitempty"`
	LiveCheck   string        `json:"live_check,omitempty"`
	Replaces    []patterns.ID `json:"replaces,omitempty"`
	Sources     []string      `json:"sources,omitempty"`
}

func show(p *patterns.Pattern) shown {
	s := shown{
		ID: p.ID, Vendor: p.Vendor, Name: p.Name, Shape: p.Expression(), EntropyBits: float64(int(p.EntropyBits()*10)) / 10,
		Keywords: p.Keywords, Exposure: p.Exposure, Evidence: p.Evidence, Replaces: p.Replaces,
	}
	if p.Format != nil && p.Format.Checksum != nil {
		s.Checksum = p.Format.Checksum.Name
	}
	if p.Verify != nil {
		s.LiveCheck = strings.Join(p.Verify.Hosts, " ")
		if p.Verify.Tried == "" {
			s.LiveCheck += " (declared, never run against the vendor)"
		}
	}
	for _, source := range p.Sources {
		s.Sources = append(s.Sources, fmt.Sprintf("%s (%s): %s", source.URL, source.Checked, source.Says))
	}
	return s
}

func newList(io *cmdio.IO) *cobra.Command {
	var rules []string
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the patterns",
		Args:  cmdio.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			set, err := cmdio.Patterns(rules)
			if err != nil {
				return err
			}
			return printList(io, set, format)
		},
	}
	rulesFlag(cmd, &rules)
	cmdio.FormatFlag(cmd, &format)
	return cmd
}

func rulesFlag(cmd *cobra.Command, rules *[]string) {
	cmd.Flags().StringArrayVar(rules, "rules", nil, "more patterns from this `PATH`, a file or a folder (repeatable)")
}

func printList(io *cmdio.IO, set *patterns.Set, format cmdio.Format) error {
	all := make([]shown, set.Len())
	rows := make([][]string, set.Len())
	for i, p := range set.All() {
		all[i] = show(p)
		rows[i] = []string{string(p.ID), p.Name}
	}
	if format == cmdio.JSON {
		return io.JSON(map[string]any{"catalogue": set.Version(), "patterns": all})
	}
	if err := io.Table([]string{"ID", "NAME"}, rows); err != nil {
		return err
	}
	io.Notef("%d patterns, catalogue %s", set.Len(), set.Version())
	return nil
}

func newShow(io *cmdio.IO) *cobra.Command {
	var rules []string
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show one pattern",
		Args:  cmdio.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := cmdio.Patterns(rules)
			if err != nil {
				return err
			}
			p, ok := set.ByID(patterns.ID(args[0]))
			if !ok {
				return cmdio.WithHint(fmt.Errorf("no pattern %q", args[0]), "keywright rules list shows the ids")
			}
			s := show(p)
			if format == cmdio.JSON {
				return io.JSON(s)
			}
			bits := ""
			if s.EntropyBits > 0 {
				bits = fmt.Sprintf("%.1f random bits", s.EntropyBits)
			}
			return io.Fields("id", string(s.ID), "vendor", s.Vendor, "name", s.Name, "shape", s.Shape, "checksum", s.Checksum,
				"strength", bits, "keywords", strings.Join(s.Keywords, " "), "exposure", s.Exposure, "evidence", s.Evidence,
				"live check", s.LiveCheck, "sources", strings.Join(s.Sources, " · "))
		},
	}
	rulesFlag(cmd, &rules)
	cmdio.FormatFlag(cmd, &format)
	return cmd
}

func newCheck(io *cmdio.IO) *cobra.Command {
	return &cobra.Command{
		Use:   "check [PATH…]",
		Short: "Hold patterns to their laws",
		Long: `Hold patterns to their laws: every example is found by its own pattern and by no other of the whole set,
every counter-example by none. Without a PATH the built-in catalogue is checked, else the rules files at the
PATHs together with it. Exit code 2 when something does not hold.`,
		Example: `  keywright rules check
  keywright rules check ./rules.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := cmdio.Patterns(args)
			if err != nil {
				return err
			}
			problems, err := laws.Check(cmd.Context(), set, users(args))
			if err != nil {
				return err
			}
			if len(problems) > 0 {
				all := make([]error, len(problems))
				for i, problem := range problems {
					all[i] = problem
				}
				return cmdio.WithHint(errors.Join(all...), "docs/pattern-format.md describes the format")
			}
			_, err = fmt.Fprintf(io.Out, "%s\n", holds(count(set, users(args))))
			return err
		},
	}
}

func holds(n int) string {
	if n == 1 {
		return "1 pattern holds"
	}
	return fmt.Sprintf("%d patterns hold", n)
}

// users selects the patterns of the user's files; nil, so all, when there are none.
func users(paths []string) func(*patterns.Pattern) bool {
	if len(paths) == 0 {
		return nil
	}
	builtin, err := patterns.Builtin()
	return func(p *patterns.Pattern) bool {
		if err != nil {
			return true
		}
		standard, ok := builtin.ByID(p.ID)
		return !ok || standard != p
	}
}

func count(set *patterns.Set, only func(*patterns.Pattern) bool) int {
	n := 0
	for _, p := range set.All() {
		if only == nil || only(p) {
			n++
		}
	}
	return n
}
