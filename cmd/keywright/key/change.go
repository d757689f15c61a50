package key

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/lease"
)

func newRevoke(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	var reason string
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "revoke ID|-",
		Short: "Revoke a key for ever",
		Long: `Revoke a key for ever, by its id, or by itself on standard input ("-"). The command returns when the
revocation holds on every machine, and names those that did not answer and were shut out. A revoked key stays revoked: to stop one for a while, disable it.`,
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
				effect, err := ws.Awaiter().Await(cmd.Context(), revoked.Token())
				if err != nil {
					return fmt.Errorf("%s is revoked, but may still be accepted somewhere; the same command again waits again: %w", id, err)
				}
				return printRevoked(io, id, revocation{revoked, effect, time.Since(started)}, format)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the audit log")
	cmdio.FormatFlag(cmd, &format)
	return cmd
}

// revocation is one, with how far it reaches.
type revocation struct {
	issuer.Revoked
	effect lease.Effect
	took   time.Duration // commit and wait
}

func printRevoked(io *cmdio.IO, id issuer.KeyID, r revocation, format cmdio.Format) error {
	if format == cmdio.JSON {
		return io.JSON(struct {
			ID         issuer.KeyID `json:"id"`
			Generation int64        `json:"generation"`
			Seq        issuer.Seq   `json:"seq"`
			At         string       `json:"revoked_at"`
			Already    bool         `json:"already"`
			Effective  bool         `json:"effective"` // on every machine
			Waited     float64      `json:"waited_ms"`
			Fenced     []string     `json:"fenced"`
		}{id, r.Generation, r.Seq, cmdio.Stamp(r.At), r.Already, r.effect.Effective, milliseconds(r.effect.Waited), append([]string{}, r.effect.Fenced...)})
	}
	text := fmt.Sprintf("revoked %s in %.1f ms: it is refused everywhere from now on", id, milliseconds(r.took))
	if r.Already {
		text = fmt.Sprintf("%s is revoked already, since %s", id, cmdio.Time(r.At))
	}
	for _, node := range r.effect.Fenced {
		text += "\nfenced " + cmdio.Printable(node) + ": it did not answer, so its lease was waited for"
	}
	_, err := fmt.Fprintln(io.Out, text)
	return err
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

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
				if _, err := ws.Awaiter().Latest(cmd.Context()); err != nil {
					return fmt.Errorf("%s is %s, but not known to be so everywhere yet: %w", id, status, err)
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
