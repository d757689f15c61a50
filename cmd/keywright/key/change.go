package key

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/issuer"
)

func newRevoke(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	var reason string
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "revoke ID|-",
		Short: "Revoke a key for ever",
		Long: `Revoke a key for ever, by its id, or by itself on standard input ("-"). The command returns when the
revocation holds. A revoked key stays revoked: to stop one for a while, disable it.`,
		Example: `  keywright key revoke 3f8KzQ1mXb2a --reason "laptop lost"
  keywright key revoke - < ./leaked-key`,
		Args: cmdio.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := keyID(cmd.Context(), io, args[0])
			if err != nil {
				return err
			}
			return open.Change(cmd.Context(), func(ws *config.Workspace) error {
				started := time.Now()
				revoked, err := ws.Keys.Revoke(cmd.Context(), issuer.Revocation{Key: id, Act: io.Act(reason)})
				if err != nil {
					return err
				}
				return printRevoked(io, id, revoked, time.Since(started), format)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the audit log")
	cmdio.FormatFlag(cmd, &format)
	return cmd
}

func printRevoked(io *cmdio.IO, id issuer.KeyID, r issuer.Revoked, took time.Duration, format cmdio.Format) error {
	if format == cmdio.JSON {
		return io.JSON(struct {
			ID      issuer.KeyID `json:"id"`
			Seq     issuer.Seq   `json:"seq"`
			At      string       `json:"revoked_at"`
			Already bool         `json:"already"`
		}{id, r.Seq, cmdio.Stamp(r.At), r.Already})
	}
	if r.Already {
		_, err := fmt.Fprintf(io.Out, "%s is revoked already, since %s\n", id, cmdio.Time(r.At))
		return err
	}
	_, err := fmt.Fprintf(io.Out, "revoked %s in %.1f ms: it is refused from now on\n", id, float64(took.Microseconds())/1000)
	return err
}

func newDisable(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	return newStatus(io, open, "disable", "Stop a key for a while", issuer.StatusDisabled)
}

func newEnable(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	return newStatus(io, open, "enable", "Undo a disable", issuer.StatusActive)
}

func newStatus(io *cmdio.IO, open cmdio.Openers, verb, short string, status issuer.Status) *cobra.Command {
	var reason string
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   verb + " ID",
		Short: short,
		Args:  cmdio.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := keyID(cmd.Context(), io, args[0])
			if err != nil {
				return err
			}
			return open.Change(cmd.Context(), func(ws *config.Workspace) error {
				if err := ws.Keys.SetStatus(cmd.Context(), id, status, io.Act(reason)); err != nil {
					return err
				}
				return printStatus(cmd.Context(), io, ws, id, format)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the audit log")
	cmdio.FormatFlag(cmd, &format)
	return cmd
}

func printStatus(ctx context.Context, io *cmdio.IO, ws *config.Workspace, id issuer.KeyID, format cmdio.Format) error {
	k, err := ws.Keys.Key(ctx, id)
	if err != nil {
		return err
	}
	if format == cmdio.JSON {
		return io.JSON(show(io, k))
	}
	_, err = fmt.Fprintf(io.Out, "%s is %s\n", id, k.Status)
	return err
}
