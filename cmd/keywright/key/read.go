package key

import (
	"context"
	"errors"
	"fmt"
	stdio "io"
	"strings"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/issuer"
)

// maxPresented is the most that is read of a presented key: a key has at most 80 bytes, the rest is room for a
// scheme and white space.
const maxPresented = 4 << 10

// errArgument never says what the argument was.
var errArgument = cmdio.WithHint(
	errors.New("a key is not taken as an argument: other users of this machine can see arguments, and the shell keeps them"),
	`pass it on standard input: printf %%s "$KEY" | keywright key verify -`)

// fromStdin reads a presented key. arg must be "-".
func fromStdin(ctx context.Context, io *cmdio.IO, arg string) (secret.Text, error) {
	if arg != "-" {
		return secret.Text{}, errArgument
	}
	if io.InTerminal {
		io.Notef("paste the key, then press Enter and Ctrl-D")
	}
	data, err := readAll(ctx, stdio.LimitReader(io.In, maxPresented+1))
	if err != nil {
		return secret.Text{}, fmt.Errorf("read the key from standard input: %w", err)
	}
	if len(data) > maxPresented {
		return secret.Text{}, fmt.Errorf("standard input is longer than %d bytes: that is no key", maxPresented)
	}
	return secret.New(string(data)), nil
}

// readAll reads to the end, or until ctx ends: at a prompt nothing may ever come. Then the reader is left behind,
// for the short rest of the process.
func readAll(ctx context.Context, r stdio.Reader) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := stdio.ReadAll(r)
		done <- result{data, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case got := <-done:
		return got.data, got.err
	}
}

// keyID takes an id, a key masked behind its id ("acme_live_3f8KzQ1mXb2a…"), or "-" for a whole key on
// standard input. An argument with more of a key than its id is refused.
func keyID(ctx context.Context, io *cmdio.IO, arg string) (issuer.KeyID, error) {
	if arg == "-" {
		presented, err := fromStdin(ctx, io, arg)
		if err != nil {
			return "", err
		}
		parsed, err := issuer.Parse(presented)
		if err != nil {
			return "", err
		}
		return parsed.ID, nil
	}
	body := arg[strings.LastIndexByte(arg, '_')+1:]
	if len(body) < issuer.IDLen || !issuer.KeyID(body[:issuer.IDLen]).Valid() {
		return "", cmdio.Usagef("that is no key id: an id has %d letters and digits", issuer.IDLen)
	}
	if rest := body[issuer.IDLen:]; rest != "" && !strings.HasPrefix(rest, "…") && !strings.HasPrefix(rest, "...") {
		return "", errArgument
	}
	return issuer.KeyID(body[:issuer.IDLen]), nil
}
