package family

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/patterns"
)

// advice is what a designer learns about a prefix before choosing it.
type advice struct {
	Prefix      issuer.Prefix `json:"prefix"`
	Length      int           `json:"length"`
	EntropyBits float64       `json:"entropy_bits"`
	Shape       string        `json:"shape"`
	Regexp      string        `json:"regexp"`
	Leaked      string        `json:"leaked"`
	Collisions  []collision   `json:"collisions"`
	Partner     []criterion   `json:"github_partner_programme"`
}

type collision struct {
	Pattern patterns.ID `json:"pattern"`
	Name    string      `json:"name"`
	Literal string      `json:"literal"`
	Claimed bool        `json:"claimed"`
}

type criterion struct {
	Name  string `json:"name"`
	Holds bool   `json:"holds"`
	Why   string `json:"why"`
}

// What GitHub asks of a token format, from "Secret scanning partner program", docs.github.com, read 2026-11-23:
// a unique prefix, high entropy random strings, a 32-bit checksum.
const partnerEntropyBits = 128

func newCheck(io *cmdio.IO) *cobra.Command {
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "check PREFIX",
		Short: "Say what the keys of a prefix would be like",
		Long: `Say what the keys of a prefix would be like, before anything is created: length and entropy, collisions with
known credential formats, fit for GitHub's partner programme, what a leaked key would look like in a report.
Exit code 1 when the prefix collides with a known format.`,
		Example: `  keywright family check acme_live`,
		Args:    cmdio.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			a, err := advise(issuer.Prefix(args[0]))
			if err != nil {
				return err
			}
			if err := a.print(io, format); err != nil {
				return err
			}
			if len(a.Collisions) > 0 {
				return cmdio.Found
			}
			return nil
		},
	}
	cmdio.FormatFlag(cmd, &format)
	return cmd
}

func advise(prefix issuer.Prefix) (advice, error) {
	if err := prefix.Valid(); err != nil {
		return advice{}, fmt.Errorf("check prefix: %w", err)
	}
	set, err := patterns.Builtin()
	if err != nil {
		return advice{}, err
	}
	f := issuer.FormatOf(prefix)
	a := advice{
		Prefix: prefix, Length: f.Length, EntropyBits: float64(int(f.EntropyBits*10)) / 10, Shape: f.Example, Regexp: f.Regexp,
		Leaked: f.Example[:len(prefix)+1+issuer.IDLen] + "…(redacted)", Collisions: []collision{},
	}
	for _, c := range patterns.Collisions(set, string(prefix)) {
		a.Collisions = append(a.Collisions, collision{c.Pattern, c.Name, c.Literal, c.Claimed})
	}
	a.Partner = []criterion{
		{"unique prefix", len(a.Collisions) == 0, fmt.Sprintf("%d formats of the catalogue begin like it", len(a.Collisions))},
		{"high entropy", f.EntropyBits >= partnerEntropyBits, fmt.Sprintf("%.1f random bits", f.EntropyBits)},
		{"32-bit checksum", true, "CRC-32 in the last six characters"},
	}
	return a, nil
}

func (a advice) print(io *cmdio.IO, format cmdio.Format) error {
	if format == cmdio.JSON {
		return io.JSON(a)
	}
	pairs := []string{
		"prefix", string(a.Prefix), "length", strconv.Itoa(a.Length) + " characters",
		"entropy", fmt.Sprintf("%.1f bits in the secret part", a.EntropyBits),
		"shape", a.Shape + "  (i id, s secret, mark, c checksum)", "regexp", a.Regexp, "leaked", a.Leaked,
	}
	for _, c := range a.Collisions {
		what := "begins like " + c.Literal
		if c.Claimed {
			what = "would be taken for it"
		}
		pairs = append(pairs, "collision", fmt.Sprintf("%s (%s): %s", c.Pattern, c.Name, what))
	}
	for _, c := range a.Partner {
		holds := "no"
		if c.Holds {
			holds = "yes"
		}
		pairs = append(pairs, "GitHub partner", fmt.Sprintf("%s: %s, %s", c.Name, holds, c.Why))
	}
	return io.Fields(pairs...)
}
