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
	return cmdio.Execute(ctx, os.Stderr, newRoot(cmdio.System()))
}
