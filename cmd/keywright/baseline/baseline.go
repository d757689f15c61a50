// Package baseline is the verb that sets known findings aside.
//
// Knows: flags, where the files go. Must not know: how a baseline is read or a finding made.
package baseline

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	stdio "io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/baseline"
)

// Collect scans a path and gives what is found to a sink.
type Collect func(ctx context.Context, path string, sink scanner.Sink) (scanner.Summary, error)

// NewCmd makes the verb.
func NewCmd(io *cmdio.IO, collect Collect) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "baseline",
		Short:   "Set known findings aside",
		Example: `  keywright baseline create --reason "known since the audit of May"`,
	}
	return cmdio.Group(cmd, newCreate(io, collect))
}

func newCreate(io *cmdio.IO, collect Collect) *cobra.Command {
	var output, reason string
	cmd := &cobra.Command{
		Use:   "create [PATH] --reason TEXT",
		Short: "Scan, and write what is found as known",
		Long: `Scan a repository or folder, and write the fingerprints of what is found as known, to be given to
'keywright scan --baseline'. It holds no secret. A live key of ours is reported by a scan with --verify all the same.

The fingerprints of secrets that could be guessed (fp1s_…) are salted with .keywright/salt, which is made here and
has to be committed. That slows guessing, it does not stop it: a baseline with fp1s_ entries belongs in a private
repository.`,
		Args: cmdio.Args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "."
			if len(args) == 1 {
				path = args[0]
			}
			return create(cmd.Context(), io, collect, path, output, reason)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE`; default .keywright/baseline.jsonl below PATH")
	cmd.Flags().StringVar(&reason, "reason", "", "why the findings are accepted")
	cmdio.Required(cmd, "reason")
	return cmd
}

func create(ctx context.Context, io *cmdio.IO, collect Collect, path, output, reason string) error {
	if output == "" {
		output = filepath.Join(path, ".keywright", "baseline.jsonl")
	}
	if folder, err := os.Stat(path); err != nil {
		return fmt.Errorf("make a baseline: %w", err)
	} else if !folder.IsDir() {
		return fmt.Errorf("make a baseline: %s is not a folder", path)
	}
	salt := filepath.Join(path, filepath.FromSlash(baseline.SaltFile))
	if _, err := baseline.CreateSalt(salt, rand.Reader); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	found := &entries{reason: reason, author: io.Actor}
	summary, err := collect(ctx, path, found)
	if err != nil {
		return err
	}
	if err := write(output, found.all); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(io.Out, "%s: %d %s known; commit it together with %s\n", output, len(found.all), plural(len(found.all)), salt); err != nil {
		return err
	}
	if !summary.Complete {
		return cmdio.Incomplete
	}
	return nil
}

func plural(n int) string {
	if n == 1 {
		return "finding"
	}
	return "findings"
}

// write replaces the file as a whole or leaves the old one.
func write(path string, all []baseline.Entry) error {
	err := cmdio.ReplaceFile(path, func(w stdio.Writer) error { return baseline.Write(w, all) })
	if err != nil {
		return fmt.Errorf("write the baseline: %w", err)
	}
	return nil
}

// entries is the sink that makes baseline entries of findings.
type entries struct {
	reason, author string
	all            []baseline.Entry
}

func (e *entries) Started(scanner.Start) error { return nil }
func (e *entries) Finding(f scanner.Finding) error {
	e.all = append(e.all, baseline.Of(f, e.reason, e.author))
	return nil
}
func (e *entries) Skipped(scanner.Skip) error { return nil }
func (e *entries) Done(scanner.Summary) error { return nil }
