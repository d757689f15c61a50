package audit

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/issuer/audit"
)

func printReport(io *cmdio.IO, r audit.Report, format cmdio.Format) error {
	if format == cmdio.JSON {
		return io.JSON(struct {
			Holds               bool   `json:"holds"`
			Events              int64  `json:"events"`
			Checkpoints         int    `json:"checkpoints"`
			Root                string `json:"root"`
			SelfConsistentOnly  bool   `json:"self_consistent_only"`
			ExternalCheckpoint  bool   `json:"external_checkpoint"`
			AfterLastCheckpoint int64  `json:"after_last_checkpoint"`
		}{true, r.Events, r.Checkpoints, r.Root, r.SelfConsistentOnly, r.ExternalCheckpoint, r.AfterLastCheckpoint})
	}
	if _, err := fmt.Fprintf(io.Out, "the log holds: %d events, %d signed checkpoints, root %s\n", r.Events, r.Checkpoints, r.Root); err != nil {
		return err
	}
	switch {
	case r.SelfConsistentOnly:
		io.Notef("it is consistent with itself only: give --key, or --checkpoint with a checkpoint that was kept elsewhere")
	case !r.ExternalCheckpoint:
		io.Notef("an end that was cut off together with its checkpoints would not show: keep 'keywright audit checkpoint' elsewhere and give it with --checkpoint")
	}
	if r.AfterLastCheckpoint > 0 {
		io.Notef("%d events are not under a checkpoint yet", r.AfterLastCheckpoint)
	}
	return nil
}

func newCheckpoint(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	return &cobra.Command{
		Use:   "checkpoint",
		Short: "Print the newest signed checkpoint, to be kept away from the store",
		Args:  cmdio.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return open.Change(cmd.Context(), func(ws *config.Workspace) error {
				signed, err := ws.Seal(cmd.Context())
				if err != nil {
					return err
				}
				_, err = fmt.Fprint(io.Out, signed)
				return err
			})
		},
	}
}
