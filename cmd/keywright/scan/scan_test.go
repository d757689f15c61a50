package scan_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/keywright/keywright/cmd/keywright/scan"
)

func TestFlagsBecomeOptions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, line string
		holds      func(*scan.Options) bool
	}{
		{"no argument is this folder", "", func(o *scan.Options) bool { return o.Path == "." }},
		{"verify alone means our own keys", "--verify", func(o *scan.Options) bool { return o.Verify == "issued" }},
		{"revoke implies verify", "--revoke", func(o *scan.Options) bool { return o.Verify == "issued" && o.Revoke }},
		{"a path after verify stays a path", "--verify some/path", func(o *scan.Options) bool { return o.Path == "some/path" && o.Verify == "issued" }},
		{"sizes take units", "--max-file-size 10M", func(o *scan.Options) bool { return o.MaxFileSize == 10<<20 }},
		{"sizes take bytes", "--max-file-size 4096", func(o *scan.Options) bool { return o.MaxFileSize == 4096 }},
		{"history and tree go together", "--history --tree", func(o *scan.Options) bool { return o.History && o.Tree }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cmd := scan.NewCmd(func(_ context.Context, o *scan.Options) error {
				if !tt.holds(o) {
					t.Errorf("%q gave %+v", tt.line, o)
				}
				return nil
			})
			cmd.SetArgs(strings.Fields(tt.line))
			if err := cmd.ExecuteContext(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFlagsThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"--history --staged", "--range x", "- --history", "--format xml", "--verify=maybe", "--dry-run", "--yes",
		"--revoke --verify=vendors", "--max-file-size ten", "--max-file-size -1", "--max-file-size 99999999999G", "a b",
		"--revoke --max-revocations -1",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			cmd := scan.NewCmd(func(context.Context, *scan.Options) error { t.Error("was taken"); return nil })
			cmd.SetArgs(strings.Fields(line))
			cmd.SetOut(io.Discard)
			cmd.SetErr(io.Discard)
			if err := cmd.ExecuteContext(t.Context()); err == nil {
				t.Error("no error")
			}
		})
	}
}
