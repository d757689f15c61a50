package cmdio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit codes of every verb.
const (
	ExitClean    = 0 // all that was asked was done, nothing found
	ExitFindings = 1 // findings; a key that is not live
	ExitFailed   = 2 // something asked for could not be done; wins over ExitFindings
)

// Result is an outcome that is no failure of the program but has an exit code of its own. Nothing is printed
// for it: the verb has said it all.
type Result struct{ code int }

func (r Result) Error() string { return fmt.Sprintf("exit code %d", r.code) }

// Found is the outcome "findings": exit code 1.
var Found = Result{ExitFindings}

// Incomplete is the outcome of a verb that has told on stderr and in its output what it could not do.
var Incomplete = Result{ExitFailed}

// Hinted is an error that knows what to do next.
type Hinted struct {
	Err  error
	Hint string
}

func (h *Hinted) Error() string { return h.Err.Error() }
func (h *Hinted) Unwrap() error { return h.Err }

// WithHint adds what to do next to an error.
func WithHint(err error, format string, args ...any) error {
	return &Hinted{Err: err, Hint: fmt.Sprintf(format, args...)}
}

// Execute runs the command tree and returns the exit code. Errors go to stderr, one line each, with the hint. An error
// that is joined to a [Result] is told too, and wins over it.
func Execute(ctx context.Context, stderr io.Writer, root *cobra.Command) int {
	cmd, err := root.ExecuteContextC(ctx)
	code, err := split(err)
	if err == nil {
		return code
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if !known(ctx, line) {
			_, _ = fmt.Fprintf(stderr, "keywright: %s\n", Printable(line))
		}
	}
	if ctx.Err() != nil {
		_, _ = fmt.Fprintln(stderr, "keywright: interrupted")
	}
	var hinted *Hinted
	if errors.As(err, &hinted) {
		_, _ = fmt.Fprintf(stderr, "  hint: %s\n", hinted.Hint)
	}
	var usage *UsageError
	if errors.As(err, &usage) {
		_, _ = fmt.Fprintf(stderr, "  hint: '%s --help' shows the flags and examples\n", cmd.CommandPath())
	}
	return ExitFailed
}

// split takes the results out of an error: the highest of their codes, and what is left.
func split(err error) (code int, rest error) {
	if result, ok := err.(Result); ok { //nolint:errorlint // a wrapped one is found below
		return result.code, nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || !errors.As(err, new(Result)) {
		return ExitClean, err
	}
	var errs []error
	for _, part := range joined.Unwrap() {
		partCode, partRest := split(part)
		code, errs = max(code, partCode), append(errs, partRest)
	}
	return code, errors.Join(errs...)
}

// known says that a line tells nobody anything: who closed the pipe or interrupted knows it.
func known(ctx context.Context, line string) bool {
	return strings.TrimSpace(line) == "" || strings.HasSuffix(line, syscall.EPIPE.Error()) ||
		ctx.Err() != nil && strings.HasSuffix(line, context.Canceled.Error())
}

// UsageError is a wrong flag or argument.
type UsageError struct{ Err error }

func (u *UsageError) Error() string { return u.Err.Error() }
func (u *UsageError) Unwrap() error { return u.Err }

// Usagef makes a usage error.
func Usagef(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }

// Args wraps a cobra check of arguments so that its failure is a usage error.
func Args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return &UsageError{err}
		}
		return nil
	}
}

// Printable replaces what could drive a terminal: control characters and bidirectional overrides.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r < 0x20, r >= 0x7f && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c:
			return '\uFFFD'
		default:
			return r
		}
	}, s)
}
