// Package demo is the verb that shows the whole loop on a real repository: a key is issued, leaked, found,
// proven live, revoked, refused.
//
// Knows: the order of the story and how it is told. Must not know: another way of doing anything than the other
// verbs have: it calls the same rooms.
package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/scanner/gitsource"
)

// Options are the flags of the demo.
type Options struct {
	Repo string // what is cloned; empty: the working copy here, or a generated one
	Keep bool   // leave the folder
}

// NewCmd makes the verb.
func NewCmd(io *cmdio.IO) *cobra.Command {
	o := &Options{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole loop on a real repository: issue, leak, find, prove live, revoke",
		Long: `Show the whole loop on a real repository. It needs no flags, no server and no account: a store and a clone
are made in a temporary folder, two keys are issued and leaked into the clone, found, proven live, and revoked
while a small API on loopback is called with them. The repository itself is not touched.`,
		Example: `  keywright demo
  keywright demo --repo ~/src/project
  keywright demo --keep          leave the folder, to try the commands by hand`,
		Args: cmdio.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return Run(cmd.Context(), io, o) },
	}
	cmd.Flags().StringVar(&o.Repo, "repo", "", "clone this `PATH` instead of the working copy here")
	cmd.Flags().BoolVar(&o.Keep, "keep", false, "leave the temporary folder")
	return cmd
}

// Run plays the demo. An error means that the loop did not hold.
func Run(ctx context.Context, io *cmdio.IO, o *Options) (err error) {
	named := o.Repo != ""
	from, err := source(o.Repo)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "keywright-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	d := &demo{ctx: ctx, io: io, screen: &screen{out: io.Out, color: io.Color()}, dir: dir, keep: o.Keep}
	defer func() {
		err = errors.Join(err, d.close())
		if !o.Keep {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	for _, act := range []func() error{d.issue, func() error { return d.leak(from, named) }, d.scan, d.verify, d.revoke, d.prove} {
		if err := act(); err != nil {
			return err
		}
	}
	return nil
}

// source is the repository that is cloned: the one that was named, else that of the working copy here, else this
// folder, which has none.
func source(named string) (string, error) {
	path := named
	if path == "" {
		path = "."
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	repo, err := gitsource.Open(path, gitsource.Options{Climb: named == ""})
	switch {
	case err != nil && named != "":
		return "", cmdio.WithHint(fmt.Errorf("--repo %s: %w", named, err), "name a repository, or leave --repo out")
	case err != nil:
		return path, nil
	case named == "" && repo.WorkTree() != "":
		path = repo.WorkTree()
	}
	return path, repo.Close()
}
