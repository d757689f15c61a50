// Command keywright issues, verifies, finds and revokes API keys.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process, whatever it waits for
	// A reader that went away is an error of a write, not the end of the process: temporary folders are removed,
	// revocations done.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return cmdio.Execute(ctx, os.Stderr, newRoot(cmdio.System()))
}
