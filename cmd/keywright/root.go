package main

import (
	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/app"
	"github.com/keywright/keywright/cmd/keywright/audit"
	"github.com/keywright/keywright/cmd/keywright/baseline"
	"github.com/keywright/keywright/cmd/keywright/demo"
	"github.com/keywright/keywright/cmd/keywright/family"
	"github.com/keywright/keywright/cmd/keywright/hook"
	"github.com/keywright/keywright/cmd/keywright/incident"
	"github.com/keywright/keywright/cmd/keywright/initialize"
	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/cmd/keywright/key"
	"github.com/keywright/keywright/cmd/keywright/receipt"
	"github.com/keywright/keywright/cmd/keywright/rules"
	"github.com/keywright/keywright/cmd/keywright/scan"
	"github.com/keywright/keywright/cmd/keywright/serve"
)

// version is set by the linker (Makefile).
var version = "devel"

func newRoot(io *cmdio.IO) *cobra.Command {
	io.Version = version
	open := cmdio.SystemOpeners(io)
	root := &cobra.Command{
		Use:   "keywright",
		Short: "Issue API keys, find leaked ones, know if they are live, revoke them",
		Long: `Keywright issues API keys in a checksummed, recognisable format, finds leaked keys in files, commits and
whole histories, knows at once whether a found key is live, and revokes it.

Start with 'keywright demo' (needs nothing), or 'keywright scan' in any repository.`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cmdio.Args(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(io.Out)
	root.SetErr(io.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &cmdio.UsageError{Err: err} })
	root.AddCommand(
		demo.NewCmd(io), scan.NewCmd(scan.Runner(io, open)), initialize.NewCmd(io),
		family.NewCmd(io, open), key.NewCmd(io, open), incident.NewCmd(io, open), audit.NewCmd(io, open),
		rules.NewCmd(io), baseline.NewCmd(io, scan.Collector(io)), receipt.NewCmd(io), hook.NewCmd(io), serve.NewCmd(io, open), app.NewCmd(io, open),
	)
	return root
}
