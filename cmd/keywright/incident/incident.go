// Package incident is the verb for recorded leaks.
//
// Knows: flags, how incidents are shown. Must not know: how they came about.
package incident

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/internal/incident"
)

// NewCmd makes the verb.
func NewCmd(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "incident",
		Short: "List, show and resolve recorded leaks",
		Example: `  keywright scan --record
  keywright incident list
  keywright incident resolve inc_3f8KzQ1mXb2a9LqP --reason "rotated, history rewritten"`,
	}
	return cmdio.Group(cmd, newList(io, open), newShow(io, open), newResolve(io, open))
}

func newList(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	query := incident.Query{}
	state := "open"
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List incidents, newest first",
		Args:  cmdio.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch incident.State(state) {
			case incident.StateOpen, incident.StateResolved:
				query.State = incident.State(state)
			default:
				if state != "all" {
					return cmdio.Usagef("--state %q is none of open, resolved, all", state)
				}
			}
			if err := cmdio.CheckLimit(query.Limit); err != nil {
				return err
			}
			return open.Read(cmd.Context(), func(ws *config.Workspace) error {
				page, err := ws.Incidents.Incidents(cmd.Context(), query)
				if err != nil {
					return err
				}
				return printPage(io, page, format)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&state, "state", state, "only this `state`: open, resolved or all")
	f.IntVar(&query.Limit, "limit", 100, "at most `N` incidents (1 to 1000)")
	f.StringVar(&query.After, "after", "", "the next page: the `cursor` that the page before ended with")
	cmdio.FormatFlag(cmd, &format)
	return cmd
}

func printPage(io *cmdio.IO, page incident.Page, format cmdio.Format) error {
	all := make([]shown, len(page.Incidents))
	rows := make([][]string, len(page.Incidents))
	for i, inc := range page.Incidents {
		s := show(inc)
		all[i] = s
		rows[i] = []string{string(s.ID), s.State, s.Verdict, s.Secret, s.where(), cmdio.Time(inc.LastSeenAt)}
	}
	return io.Page(format, cmdio.Page{
		Value: struct {
			Incidents []shown `json:"incidents"`
			Next      string  `json:"next,omitempty"`
		}{all, page.Next},
		Heading: []string{"ID", "STATE", "VERDICT", "SECRET", "WHERE", "LAST SEEN"},
		Rows:    rows, Empty: "no incidents", Next: page.Next,
	})
}

func newShow(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show one incident: what, where, whose, what was done",
		Args:  cmdio.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return open.Read(cmd.Context(), func(ws *config.Workspace) error {
				inc, err := ws.Incidents.Incident(cmd.Context(), incident.ID(args[0]))
				if err != nil {
					return err
				}
				if format == cmdio.JSON {
					return io.JSON(show(inc))
				}
				return show(inc).text(io)
			})
		},
	}
	cmdio.FormatFlag(cmd, &format)
	return cmd
}

func newResolve(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	var reason string
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "resolve ID --reason TEXT",
		Short: "Close an incident",
		Long:  "Close an incident. If the same secret is seen again, it opens again.",
		Args:  cmdio.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return open.Change(cmd.Context(), func(ws *config.Workspace) error {
				id := incident.ID(args[0])
				if err := ws.Incidents.Resolve(cmd.Context(), id, reason, io.Act(reason)); err != nil {
					return err
				}
				if format == cmdio.JSON {
					return io.JSON(map[string]string{"id": string(id), "state": string(incident.StateResolved)})
				}
				_, err := fmt.Fprintf(io.Out, "%s is resolved\n", id)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "what was done about it")
	cmdio.FormatFlag(cmd, &format)
	cmdio.Required(cmd, "reason")
	return cmd
}
