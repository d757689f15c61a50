// Package hook is the verb that puts the scan of what is staged before each commit.
//
// Knows: where git keeps hooks, which hook files are ours. Must not know: how a scan works.
package hook

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/scanner/gitsource"
)

// mark is the line by which we know a hook file as ours.
const mark = "# installed by keywright hook install"

// script fails closed: without the binary no commit passes unseen, and it says how to go on.
const script = `#!/bin/sh
` + mark + `
if ! command -v keywright >/dev/null 2>&1; then
	echo "keywright is not on PATH: install it, or commit once with --no-verify" >&2
	exit 1
fi
exec keywright scan --staged --quiet
`

// NewCmd makes the verb.
func NewCmd(io *cmdio.IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hook",
		Short: "Install or remove the git pre-commit hook",
		Example: `  keywright hook install
  keywright hook uninstall`,
	}
	return cmdio.Group(cmd, newInstall(io), newUninstall(io))
}

func newInstall(io *cmdio.IO) *cobra.Command {
	return &cobra.Command{
		Use:   "install [REPOSITORY]",
		Short: "Scan what is staged before each commit",
		Long: `Scan what is staged before each commit: writes hooks/pre-commit of the repository. A hook that is there
already is left alone; call 'keywright scan --staged' from it instead.`,
		Args: cmdio.Args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := hookPath(io, args)
			if err != nil {
				return err
			}
			if err := heeded(cmd.Context(), args); err != nil {
				return err
			}
			switch ours, err := isOurs(path); {
			case errors.Is(err, os.ErrNotExist):
			case err != nil:
				return err
			case !ours:
				return cmdio.WithHint(fmt.Errorf("there is a pre-commit hook already: %s", path),
					"add this line to it: keywright scan --staged --quiet || exit 1")
			}
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // as git makes it
				return err
			}
			if err := os.WriteFile(path, []byte(script), 0o755); err != nil { //nolint:gosec // a hook must be executable
				return fmt.Errorf("write the hook: %w", err)
			}
			_, err = fmt.Fprintf(io.Out, "installed %s\n", path)
			return err
		},
	}
}

func newUninstall(io *cmdio.IO) *cobra.Command {
	return &cobra.Command{
		Use:   "uninstall [REPOSITORY]",
		Short: "Remove the hook that install wrote",
		Args:  cmdio.Args(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := hookPath(io, args)
			if err != nil {
				return err
			}
			ours, err := isOurs(path)
			if errors.Is(err, os.ErrNotExist) || err == nil && !ours {
				return fmt.Errorf("no hook of ours at %s", path)
			}
			if err != nil {
				return err
			}
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("remove the hook: %w", err)
			}
			_, err = fmt.Fprintf(io.Out, "removed %s\n", path)
			return err
		},
	}
}

func hookPath(io *cmdio.IO, args []string) (string, error) {
	options := gitsource.Options{Climb: true}
	if len(args) == 0 {
		options.Getenv = io.Getenv // GIT_DIR means this folder, not one that is named
	}
	repository, err := gitsource.Open(folder(args), options)
	if err != nil {
		return "", err
	}
	return filepath.Join(repository.CommonDir(), "hooks", "pre-commit"), repository.Close()
}

func folder(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

// heeded fails where git looks for hooks elsewhere: ours would stand there and never run. git is asked in the
// user's own repository, about one value, which runs nothing. Without git there is nothing to ask.
func heeded(ctx context.Context, args []string) error {
	cmd := exec.CommandContext(ctx, "git", "-C", folder(args), "config", "--get", "core.hooksPath")
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return v == "GIT_DIR=" || len(args) > 0 && strings.HasPrefix(v, "GIT_DIR=") // as hookPath takes it
	})
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.As(err, &exit) && exit.ExitCode() == 1: // no git, not set
		return nil
	case err != nil:
		return fmt.Errorf("ask git for core.hooksPath: %w", err)
	}
	where := strings.TrimSpace(string(out))
	return cmdio.WithHint(fmt.Errorf("core.hooksPath is set, so git takes hooks from %s only", where),
		"add this line to %s: keywright scan --staged --quiet || exit 1", filepath.Join(where, "pre-commit"))
}

func isOurs(path string) (bool, error) {
	text, err := os.ReadFile(path)
	return strings.Contains(string(text), mark), err
}
