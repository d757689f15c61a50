// Package serve is the verb that answers verify, whoami and revoke over HTTP.
//
// Knows: addresses, how the rooms are wired into one process. Must not know: what an answer says.
package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/internal/dashboard"
	"github.com/keywright/keywright/internal/server"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/api"
	"github.com/keywright/keywright/issuer/lease"
)

type options struct {
	addr, dashboard string
}

// NewCmd makes the verb.
func NewCmd(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answer verify, whoami and revoke over HTTP",
		Long: `Answer over HTTP, until interrupted:

  POST /v1/keys/verify         is the key in the body valid, and for what
  GET  /v1/whoami              who the request's key stands for
  POST /v1/credentials/revoke  revoke the keys that the body holds: possession is the proof
  GET  /healthz, /readyz       the process runs; the store answers

Keys that were seen are answered from memory while the process holds a lease; a revocation returns when no process
answers by what was before it. Without the store, answers end with the lease: 503.

Keys travel in these requests: put TLS in front of any address that is not this machine's own.`,
		Example: `  keywright serve
  keywright serve --addr 127.0.0.1:9000 --dashboard 127.0.0.1:9001
  printf '{"key": "%s"}' "$KEY" | curl -d @- -H 'Content-Type: application/json' http://127.0.0.1:8420/v1/keys/verify`,
		Args: cmdio.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.dashboard != "" && !loopback(o.dashboard) {
				return cmdio.Usagef("--dashboard %s is not a loopback address: it has no login, so write 127.0.0.1:PORT", o.dashboard)
			}
			return open.Change(cmd.Context(), func(ws *config.Workspace) error { return run(cmd.Context(), io, ws, o) })
		},
	}
	cmd.Flags().StringVar(&o.addr, "addr", "127.0.0.1:8420", "listen at this `address`; port 0 takes a free one")
	cmd.Flags().StringVar(&o.dashboard, "dashboard", "", "show incidents and keys at this loopback `address`, read only")
	return cmd
}

func run(ctx context.Context, io *cmdio.IO, ws *config.Workspace, o options) error {
	log, uses := io.Logger(), &issuer.Uses{}
	verifier := &issuer.Verifier{Store: ws.Keys, Keyring: ws.Keyring, Now: io.Now, Touch: uses.Note}
	node, err := ws.StartNode(nodeName(o.addr), log)
	switch {
	case err == nil:
		verifier.Cache = node
		defer func() { _ = node.Close() }() // it always returns nil
	case !errors.Is(err, lease.ErrNoClock):
		return err
	default:
		io.Notef("every verification reads the store: %v", err)
	}
	handler := api.Handler(api.Deps{
		Verifier: verifier,
		Revoker:  ws.Issuer(rand.Reader),
		Awaiter:  ws.Awaiter(),
		Ready: func(ctx context.Context) error {
			_, err := ws.Backend.Identity(ctx)
			return err
		},
		Log: log,
	})
	return cmdio.Tend(ctx, ws, uses, log, func(ctx context.Context) error {
		servers, ctx := errgroup.WithContext(ctx)
		servers.Go(func() error {
			return server.Run(ctx, o.addr, handler, server.Options{Log: log, Now: io.Now, Listening: listening(io, "the API", "")})
		})
		if o.dashboard != "" {
			pages, err := dashboard.Handler(ws.Backend, log)
			if err != nil {
				return err
			}
			servers.Go(func() error {
				return server.Run(ctx, o.dashboard, pages, server.Options{Log: log, Now: io.Now, Listening: listening(io, "the dashboard", "/")})
			})
		}
		return servers.Wait()
	})
}

// nodeName is how people recognise this process among the verifiers of a store.
func nodeName(addr string) string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "unnamed"
	}
	return host + " " + addr
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return err != nil || host == "localhost" || ip != nil && ip.IsLoopback() // what is no address fails by itself
}

func listening(io *cmdio.IO, what, path string) func(net.Addr) {
	return func(addr net.Addr) { io.Notef("%s answers at http://%s%s", what, addr, path) }
}
