package key

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/issuer"
)

func newVerify(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "verify -",
		Short: "Say whether a key on standard input is live",
		Long: `Say whether a key on standard input is live. Exit code 0 for a live key, 1 for any other, 2 when it could
not be decided. Asking is no use of the key: its last use stays as it was.

The key is never an argument: other users of the machine can see arguments.`,
		Example: `  printf %s "$KEY" | keywright key verify -
  keywright key verify - < ./key`,
		Args: cmdio.Args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmdio.Usagef("give -, and the key on standard input")
			}
			presented, err := fromStdin(cmd.Context(), io, args[0])
			if err != nil {
				return err
			}
			return open.Read(cmd.Context(), func(ws *config.Workspace) error {
				verifier := issuer.Verifier{Store: ws.Keys, Keyring: ws.Keyring, Now: io.Now}
				return answer(io, verifier.Check(cmd.Context(), presented), format)
			})
		},
	}
	cmdio.FormatFlag(cmd, &format)
	return cmd
}

func answer(io *cmdio.IO, d issuer.Decision, format cmdio.Format) error {
	if d.Code == issuer.CodeUndecided {
		return fmt.Errorf("could not decide: %w", d.Err)
	}
	if err := printDecision(io, d, format); err != nil {
		return err
	}
	if d.Code != issuer.CodeValid {
		return cmdio.Found
	}
	return nil
}

func printDecision(io *cmdio.IO, d issuer.Decision, format cmdio.Format) error {
	if format == cmdio.JSON {
		out := struct {
			Live   bool   `json:"live"`
			Code   string `json:"code"`
			Reason string `json:"reason,omitempty"`
			Key    *shown `json:"key,omitempty"`
		}{Live: d.Code == issuer.CodeValid, Code: string(d.Code), Reason: d.Reason}
		if d.Key != nil {
			s := show(io, *d.Key)
			out.Key = &s
		}
		return io.JSON(out)
	}
	if d.Code == issuer.CodeValid {
		_, _ = fmt.Fprintln(io.Out, "live")
	} else {
		_, _ = fmt.Fprintf(io.Out, "not live: %s\n", cmdio.Printable(d.Reason))
	}
	if d.Key == nil {
		return nil
	}
	return printFields(io, *d.Key)
}
