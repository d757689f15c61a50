// Package family is the verb for key families.
//
// Knows: flags, how families are shown. Must not know: how they are stored or what a prefix may be.
package family

import (
	"crypto/rand"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/issuer"
)

// NewCmd makes the verb.
func NewCmd(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "family",
		Short: "Create and look at key families",
		Long:  "A family is a prefix and the rights that its keys may carry: acme_live, acme_test.",
		Example: `  keywright family check acme_live
  keywright family create acme_live --scope orders:read --scope orders:write`,
	}
	return cmdio.Group(cmd, newCreate(io, open), newList(io, open), newShow(io, open), newCheck(io))
}

type shown struct {
	Prefix    issuer.Prefix  `json:"prefix"`
	Scopes    []issuer.Scope `json:"scopes"`
	CreatedAt string         `json:"created_at"`
}

func show(f issuer.Family) shown {
	scopes := f.Scopes
	if scopes == nil {
		scopes = []issuer.Scope{}
	}
	return shown{f.Prefix, scopes, cmdio.Stamp(f.CreatedAt)}
}

func newCreate(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	var scopes []string
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:     "create PREFIX",
		Short:   "Create a family",
		Example: `  keywright family create acme_live --scope orders:read --scope orders:write`,
		Args:    cmdio.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return open.Change(cmd.Context(), func(ws *config.Workspace) error {
				f, err := ws.Issuer(rand.Reader).CreateFamily(cmd.Context(), issuer.Prefix(args[0]), cmdio.ToScopes(scopes), io.Act(""))
				if err != nil {
					return err
				}
				warn(io, f.Prefix)
				if format == cmdio.JSON {
					return io.JSON(show(f))
				}
				_, err = fmt.Fprintf(io.Out, "created family %s, scopes %s\n", f.Prefix, cmdio.ScopeText(f.Scopes))
				return err
			})
		},
	}
	cmd.Flags().StringArrayVar(&scopes, "scope", nil, "a `right` that its keys may carry (repeatable)")
	cmdio.FormatFlag(cmd, &format)
	return cmd
}

// warn tells whose credentials the keys of a prefix will be taken for.
func warn(io *cmdio.IO, prefix issuer.Prefix) {
	if a, err := advise(prefix); err == nil && len(a.Collisions) > 0 {
		c := a.Collisions[0]
		io.Warnf("%s is the prefix of another vendor's credentials, %s: other scanners will take your keys for them", prefix, c.Name)
	}
}

func newList(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List families",
		Args:  cmdio.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return open.Read(cmd.Context(), func(ws *config.Workspace) error {
				families, err := ws.Keys.Families(cmd.Context())
				if err != nil {
					return err
				}
				return printAll(io, families, format)
			})
		},
	}
	cmdio.FormatFlag(cmd, &format)
	return cmd
}

func printAll(io *cmdio.IO, families []issuer.Family, format cmdio.Format) error {
	all := make([]shown, len(families))
	rows := make([][]string, len(families))
	for i, f := range families {
		all[i] = show(f)
		rows[i] = []string{string(f.Prefix), cmdio.ScopeText(f.Scopes), cmdio.Time(f.CreatedAt)}
	}
	return io.Page(format, cmdio.Page{
		Value: map[string]any{"families": all}, Heading: []string{"PREFIX", "SCOPES", "CREATED"}, Rows: rows,
		Empty: "no families: make one with keywright family create PREFIX",
	})
}

func newShow(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "show PREFIX",
		Short: "Show one family",
		Args:  cmdio.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return open.Read(cmd.Context(), func(ws *config.Workspace) error {
				f, err := ws.Keys.Family(cmd.Context(), issuer.Prefix(args[0]))
				if err != nil {
					return err
				}
				if format == cmdio.JSON {
					return io.JSON(show(f))
				}
				s := show(f)
				return io.Fields("prefix", string(s.Prefix), "scopes", cmdio.ScopeText(s.Scopes), "created", cmdio.Time(f.CreatedAt))
			})
		},
	}
	cmdio.FormatFlag(cmd, &format)
	return cmd
}
