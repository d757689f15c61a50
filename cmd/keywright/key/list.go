package key

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/issuer"
)

// statuses that a stored key can have: expired is an active key whose time has come.
var statuses = []string{string(issuer.StatusActive), string(issuer.StatusDisabled), string(issuer.StatusRevoked)}

func newList(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	var query issuer.KeyQuery
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List keys, newest first",
		Example: `  keywright key list --family acme_live --status active`,
		Args:    cmdio.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if query.Status != "" && !slices.Contains(statuses, string(query.Status)) {
				return cmdio.Usagef("--status %q is none of %s", query.Status, strings.Join(statuses, ", "))
			}
			if err := cmdio.CheckLimit(query.Limit); err != nil {
				return err
			}
			return open.Read(cmd.Context(), func(ws *config.Workspace) error {
				page, err := ws.Keys.Keys(cmd.Context(), query)
				if err != nil {
					return err
				}
				return printPage(io, page, format)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar((*string)(&query.Family), "family", "", "only this family, by its `prefix`")
	f.StringVar(&query.Owner, "owner", "", "only this owner, by `name`")
	f.StringVar((*string)(&query.Status), "status", "", "only this `status`: active, disabled, revoked")
	f.IntVar(&query.Limit, "limit", 100, "at most `N` keys (1 to 1000)")
	f.StringVar(&query.After, "after", "", "the next page: the `cursor` that the page before ended with")
	_ = cmd.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(statuses, cobra.ShellCompDirectiveNoFileComp))
	cmdio.FormatFlag(cmd, &format)
	return cmd
}

func printPage(io *cmdio.IO, page issuer.KeyPage, format cmdio.Format) error {
	all := make([]shown, len(page.Keys))
	rows := make([][]string, len(page.Keys))
	for i, k := range page.Keys {
		s := show(io, k)
		all[i] = s
		rows[i] = []string{string(s.ID), string(s.Family), s.Owner, s.Status, cmdio.ScopeText(s.Scopes), cmdio.Time(k.CreatedAt), cmdio.Time(k.ExpiresAt), cmdio.Time(k.LastUsedAt)}
	}
	return io.Page(format, cmdio.Page{
		Value: struct {
			Keys []shown `json:"keys"`
			Next string  `json:"next,omitempty"`
		}{all, page.Next},
		Heading: []string{"ID", "FAMILY", "OWNER", "STATUS", "SCOPES", "CREATED", "EXPIRES", "LAST USED"},
		Rows:    rows, Empty: "no keys", Next: page.Next,
	})
}

func newShow(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show one key, never its plaintext",
		Args:  cmdio.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := keyID(cmd.Context(), io, args[0])
			if err != nil {
				return err
			}
			return open.Read(cmd.Context(), func(ws *config.Workspace) error {
				k, err := ws.Keys.Key(cmd.Context(), id)
				if err != nil {
					return err
				}
				if format == cmdio.JSON {
					return io.JSON(show(io, k))
				}
				return printFields(io, k)
			})
		},
	}
	cmdio.FormatFlag(cmd, &format)
	return cmd
}
