package cmdio_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
)

func TestAnErrorBesideAResultIsToldAndWins(t *testing.T) {
	t.Parallel()
	broken := errors.New("the log is forged")
	for _, tc := range []struct {
		name string
		err  error
		code int
		told string
	}{
		{"nothing", nil, 0, ""},
		{"findings", cmdio.Found, 1, ""},
		{"findings, joined to nothing", errors.Join(nil, cmdio.Found), 1, ""},
		{"findings, and not complete", errors.Join(cmdio.Found, cmdio.Incomplete), 2, ""},
		{"findings, and an error", errors.Join(cmdio.Found, broken), 2, "the log is forged"},
		{"an error deeper in", errors.Join(errors.Join(cmdio.Found, nil), errors.Join(nil, broken)), 2, "the log is forged"},
		{"an error with a hint", errors.Join(cmdio.Found, cmdio.WithHint(broken, "look")), 2, "hint: look"},
		{"an error with a list inside", fmt.Errorf("scan: %w", errors.Join(broken, broken)), 2, "scan: the log is forged"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var stderr strings.Builder
			root := &cobra.Command{Use: "keywright", SilenceErrors: true, SilenceUsage: true, RunE: func(*cobra.Command, []string) error { return tc.err }}
			root.SetArgs([]string{})
			code := cmdio.Execute(t.Context(), &stderr, root)
			if code != tc.code || !strings.Contains(stderr.String(), tc.told) || (tc.told == "" && stderr.String() != "") {
				t.Errorf("exit code %d, want %d; stderr %q, want %q", code, tc.code, stderr.String(), tc.told)
			}
		})
	}
}
