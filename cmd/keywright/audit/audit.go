// Package audit is the verb for the tamper-evident log.
//
// Knows: flags, how events are shown. Must not know: how the log is stored or proven.
package audit

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/issuer/audit"
)

// NewCmd makes the verb.
func NewCmd(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "List and verify the tamper-evident log",
		Example: `  keywright audit list --limit 20
  keywright audit verify
  keywright audit checkpoint > checkpoint.txt      keep it away from the store
  keywright audit verify --checkpoint checkpoint.txt`,
	}
	return cmdio.Group(cmd, newList(io, open), newVerify(io, open), newCheckpoint(io, open))
}

func newList(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	var from int64
	limit := 100
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List events, the newest last",
		Args:  cmdio.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || from < 0 {
				return cmdio.Usagef("--limit is 1 or more, --from 0 or more")
			}
			return open.Read(cmd.Context(), func(ws *config.Workspace) error {
				size, err := ws.Log.Size(cmd.Context())
				if err != nil {
					return err
				}
				start := max(size-int64(limit), 0)
				if cmd.Flags().Changed("from") {
					start = from
				}
				events, err := read(cmd, ws, start, limit)
				if err != nil {
					return err
				}
				return printEvents(io, events, format)
			})
		},
	}
	f := cmd.Flags()
	f.Int64Var(&from, "from", 0, "from this `index` on; default the last ones")
	f.IntVar(&limit, "limit", limit, "at most `N` events")
	cmdio.FormatFlag(cmd, &format)
	return cmd
}

// errEnough ends a walk over the log.
var errEnough = errors.New("enough")

func read(cmd *cobra.Command, ws *config.Workspace, from int64, limit int) ([]audit.Event, error) {
	events := []audit.Event{}
	err := ws.Log.Leaves(cmd.Context(), from, func(_ int64, leaf []byte) error {
		if len(events) == limit {
			return errEnough
		}
		event, err := audit.Decode(leaf)
		events = append(events, event)
		return err
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return events, nil
}

func printEvents(io *cmdio.IO, events []audit.Event, format cmdio.Format) error {
	if format == cmdio.JSON {
		return io.JSON(map[string]any{"events": events})
	}
	rows := make([][]string, len(events))
	for i, e := range events {
		var details []string
		for name, value := range e.Detail {
			details = append(details, name+"="+value)
		}
		slices.Sort(details)
		rows[i] = []string{strconv.FormatInt(e.Index, 10), cmdio.Time(e.At), string(e.Kind), e.Subject, e.Actor, strings.Join(details, " ")}
	}
	return io.Table([]string{"INDEX", "TIME", "EVENT", "SUBJECT", "ACTOR", "DETAIL"}, rows)
}

func newVerify(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	var key, checkpoint string
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Prove that no event was edited, removed or reordered",
		Long: `Prove that no event was edited, removed or reordered since the last signed checkpoint. The public key is
that of the signing key here, or --key. A checkpoint that was kept elsewhere (audit checkpoint) also shows that
the end of the log was not cut off.`,
		Args: cmdio.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			options := audit.Options{}
			if checkpoint != "" {
				data, err := os.ReadFile(checkpoint)
				if err != nil {
					return fmt.Errorf("read the checkpoint: %w", err)
				}
				options.Checkpoint = string(data)
			}
			use := open.Read
			if key == "" { // the signing key here vouches for the public key that the store names
				use = open.Change
			}
			return use(cmd.Context(), func(ws *config.Workspace) error {
				options.PublicKey = key
				if key == "" {
					options.PublicKey = ws.Identity.PublicKey
				}
				report, err := audit.Verify(cmd.Context(), ws.Log, options)
				if err != nil {
					return err
				}
				return printReport(io, report, format)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&key, "key", "", "the public `key` that keywright init printed; default: of the signing key here")
	f.StringVar(&checkpoint, "checkpoint", "", "a checkpoint `FILE` that was kept elsewhere")
	cmdio.FormatFlag(cmd, &format)
	return cmd
}
