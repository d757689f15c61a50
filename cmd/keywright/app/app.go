// Package app is the verb of the GitHub App: the door for its deliveries and the workers behind it.
//
// Knows: flags, how the rooms are wired into one process. Must not know: what a step does.
package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/internal/notify"
	"github.com/keywright/keywright/internal/queue"
	"github.com/keywright/keywright/internal/respond"
	"github.com/keywright/keywright/internal/server"
	"github.com/keywright/keywright/internal/store/postgres"
	"github.com/keywright/keywright/internal/store/sqlite"
	"github.com/keywright/keywright/internal/verify"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/webhook"
	"github.com/keywright/keywright/webhook/githubapp"
	"github.com/keywright/keywright/webhook/steps"
)

type options struct {
	addr       string
	secretFile string
	revoke     bool
	vendors    bool
	rules      []string
	github     githubapp.Options

	chatFile      string // with the URL of a Slack-compatible incoming webhook, which is a secret
	notifyURL     string
	notifyKeyFile string
}

// NewCmd makes the verb.
func NewCmd(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "app",
		Short:   "Run the GitHub App",
		Example: `  keywright app run --app-id 12345 --key-file app.pem --secret-file webhook.secret --revoke`,
	}
	return cmdio.Group(cmd, newRun(io, open))
}

func newRun(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Take GitHub's deliveries and work them: scan, verify, revoke, conclude the check",
		Long: `Take GitHub's deliveries and work them, until interrupted: the door answers at POST /webhook, durable jobs in
the store do the rest: fetch what a push brought, scan it, ask the store about found keys of ours, revoke them when
--revoke is given, conclude the commit's check run. A job that was cut off is tried again.

With an SQLite store one process works the queue; with Postgres any number.`,
		Example: `  keywright app run --app-id 12345 --key-file app.pem --secret-file webhook.secret --revoke
  keywright app run --app-id 12345 --key-file app.pem --secret-file webhook.secret \
    --api-url https://ghe.example.com/api/v3/ --git-url https://ghe.example.com/`,
		Args: cmdio.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.github.AppID <= 0 {
				return cmdio.Usagef("--app-id is missing: the number on the App's settings page")
			}
			return run(cmd.Context(), io, open, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.addr, "addr", "127.0.0.1:8430", "listen at this `address`; put TLS in front of it")
	f.Int64Var(&o.github.AppID, "app-id", 0, "the App's `number`")
	f.StringVar(&o.github.KeyFile, "key-file", "", "`FILE` with the App's private key in PEM")
	f.StringVar(&o.secretFile, "secret-file", "", "`FILE` with the webhook secret; during its rotation a line each")
	f.StringVar(&o.github.APIURL, "api-url", "", "GitHub's API `URL`, for an enterprise server; default github.com's")
	f.StringVar(&o.github.GitURL, "git-url", "", "GitHub's git `URL`, for an enterprise server; default github.com's")
	f.BoolVar(&o.revoke, "revoke", false, "revoke leaked live keys of ours; without it they are recorded")
	f.BoolVar(&o.vendors, "vendors", false, "ask vendors about their keys")
	f.StringVar(&o.chatFile, "chat-url-file", "", "tell of leaks in a chat: `FILE` with the URL of a Slack-compatible incoming webhook")
	f.StringVar(&o.notifyURL, "notify-url", "", "tell of leaks by signed POSTs to this `URL`; needs --notify-key-file")
	f.StringVar(&o.notifyKeyFile, "notify-key-file", "", "`FILE` with the key that signs those POSTs, at least 24 bytes")
	f.StringArrayVar(&o.rules, "rules", nil, "more patterns from this `PATH`, a file or a folder (repeatable)")
	cmdio.Required(cmd, "key-file", "secret-file")
	return cmd
}

func run(ctx context.Context, io *cmdio.IO, open cmdio.Openers, o options) error {
	mode := config.Mode{}
	var err error
	if mode.InsertSQLite, err = queue.InsertSQLite(); err != nil {
		return err
	}
	if mode.InsertPostgres, err = queue.InsertPostgres(); err != nil {
		return err
	}
	return open.ChangeIn(ctx, mode, func(ws *config.Workspace) error {
		log := io.Logger()
		work, err := newSteps(io, ws, o)
		if err != nil {
			return err
		}
		work.Log = log
		if work.Notifier, err = newNotifier(io, o); err != nil {
			return err
		}
		secrets, err := readSecrets(o.secretFile)
		if err != nil {
			return err
		}
		door, err := webhook.Handler(webhook.Options{Secrets: secrets, Inbox: ws.Backend, Now: io.Now, Log: log})
		if err != nil {
			return err
		}
		jobs, err := newQueue(ctx, ws, work, queue.Options{Log: log})
		if err != nil {
			return err
		}
		if err := jobs.Start(ctx); err != nil {
			return err
		}
		err = cmdio.Tend(ctx, ws, &issuer.Uses{}, log, func(ctx context.Context) error {
			mux := http.NewServeMux()
			mux.Handle("/webhook", door)
			return server.Run(ctx, o.addr, mux, server.Options{Log: log, Now: io.Now, Listening: func(addr net.Addr) {
				io.Notef("the App takes deliveries at http://%s/webhook", addr)
			}})
		})
		return errors.Join(err, jobs.Stop(context.WithoutCancel(ctx)))
	})
}

// newSteps wires what the jobs work with.
func newSteps(io *cmdio.IO, ws *config.Workspace, o options) (*steps.Steps, error) {
	set, err := cmdio.Patterns(o.rules)
	if err != nil {
		return nil, err
	}
	s, err := scanner.New(set, scanner.Options{Fingerprinter: scanner.Fingerprinter{Salt: func() ([scanner.SaltSize]byte, error) {
		return (&cmdio.Salt{IO: io}).Get(rand.Reader)
	}}})
	if err != nil {
		return nil, err
	}
	app, err := githubapp.New(o.github)
	if err != nil {
		return nil, err
	}
	work := &steps.Steps{
		Deliveries: ws.Backend, Incidents: ws.Incidents, Keys: ws.Revoker(), GitHub: app, Patterns: set, Scanner: s,
		Issued: verify.Issued{Keys: &issuer.Verifier{Store: ws.Keys, Keyring: ws.Keyring, Now: io.Now}, Now: io.Now},
		Policy: respond.Policy{Revoke: o.revoke}, Now: io.Now, Rand: rand.Reader,
	}
	if o.vendors {
		work.Vendors = func() verify.Verifier { return &verify.Vendor{Patterns: set, Now: io.Now, Rand: rand.Reader} }
	}
	return work, nil
}

// newNotifier tells of leaks in the ways that were asked for; nil when none was.
func newNotifier(io *cmdio.IO, o options) (steps.Notifier, error) {
	var senders notify.All
	if o.chatFile != "" {
		address, err := readLine(o.chatFile)
		if err != nil {
			return nil, err
		}
		chat, err := notify.NewSlack(address, nil)
		if err != nil {
			return nil, err
		}
		senders = append(senders, chat)
	}
	if o.notifyURL != "" {
		key, err := readLine(o.notifyKeyFile)
		if err != nil {
			return nil, err
		}
		signed, err := notify.NewWebhook(o.notifyURL, []byte(key), io.Now, nil)
		if err != nil {
			return nil, err
		}
		senders = append(senders, signed)
	}
	if len(senders) == 0 {
		return nil, nil //nolint:nilnil // nobody is told
	}
	return respond.Notice{Sender: senders}, nil
}

// readLine reads a secret of one line. Errors never show it.
func readLine(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// newQueue makes the queue on the store that is open, and the queue's own tables in it.
func newQueue(ctx context.Context, ws *config.Workspace, work *steps.Steps, o queue.Options) (*queue.Queue, error) {
	kinds := queue.Steps{
		ScanPush: work.ScanPush, VerifyIncident: work.VerifyIncident, RevokeKey: work.RevokeKey,
		NotifyOwner: work.NotifyOwner, ConcludeCheck: work.ConcludeCheck,
	}
	switch store := ws.Backend.(type) {
	case *sqlite.Store:
		if err := queue.MigrateSQLite(ctx, store.Writer()); err != nil {
			return nil, err
		}
		return queue.NewSQLite(store.Writer(), kinds, o)
	case *postgres.Store:
		if err := queue.MigratePostgres(ctx, store.Pool()); err != nil {
			return nil, err
		}
		return queue.NewPostgres(store.Pool(), kinds, o)
	default:
		return nil, fmt.Errorf("no queue for a store of type %T", store)
	}
}

// readSecrets reads one or two webhook secrets, a line each. Errors never show a line.
func readSecrets(file string) ([][]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the webhook secret: %w", err)
	}
	var secrets [][]byte
	for line := range strings.SplitSeq(string(text), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			secrets = append(secrets, []byte(line))
		}
	}
	return secrets, nil
}
