package key

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/issuer"
)

type issueOptions struct {
	family, owner, label, expires, out string
	scopes                             []string
	format                             cmdio.Format
}

func newIssue(io *cmdio.IO, open cmdio.Openers) *cobra.Command {
	var o issueOptions
	cmd := &cobra.Command{
		Use:   "issue --family PREFIX --owner NAME",
		Short: "Issue a key and print it once",
		Long: `Issue a key and print it once: the key alone on standard output, notes on standard error.
The store keeps a keyed digest; nobody can print the key again. An unknown owner is created.`,
		Example: `  KEY=$(keywright key issue --family acme_live --owner billing --scope orders:read)
  keywright key issue --family acme_live --owner ci --expires 30d --out ./key     a file, 0600, never overwritten`,
		Args: cmdio.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runIssue(cmd.Context(), io, open, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.family, "family", "", "the key's family, by its `prefix`")
	f.StringVar(&o.owner, "owner", "", "`name` of the person or service that uses the key")
	f.StringVar(&o.label, "label", "", "a `text` to recognise the key by")
	f.StringArrayVar(&o.scopes, "scope", nil, "a `right` of the key, one of the family's (repeatable)")
	f.StringVar(&o.expires, "expires", "", "`when`: 90d, 12h, 2027-01-31 or an RFC 3339 time; default never")
	f.StringVar(&o.out, "out", "", "write the key to a new `FILE` (0600) instead of standard output")
	cmdio.FormatFlag(cmd, &o.format)
	cmdio.Required(cmd, "family", "owner")
	return cmd
}

func runIssue(ctx context.Context, io *cmdio.IO, open cmdio.Openers, o issueOptions) error {
	expires, err := cmdio.ParseExpiry(o.expires, io.Now())
	if err != nil {
		return err
	}
	out, err := openOut(o.out)
	if err != nil {
		return err
	}
	plain, k, err := issue(ctx, io, open, o, expires)
	if err != nil {
		if k.ID != "" { // the store has it: its audit log could not be sealed, for example
			err = fmt.Errorf("key %s was issued but not handed over (revoke it): %w", k.ID, err)
		}
		return errors.Join(err, out.discard())
	}
	if err := hand(io, out, o, plain, k); err != nil {
		return fmt.Errorf("key %s was issued but could not be handed over (revoke it): %w", k.ID, err)
	}
	io.Notef("issued %s to %s, scopes %s, %s; it is shown this once", k.ID, k.Owner, cmdio.ScopeText(k.Scopes), until(k.ExpiresAt))
	return nil
}

func issue(ctx context.Context, io *cmdio.IO, open cmdio.Openers, o issueOptions, expires time.Time) (plain secret.Text, k issuer.Key, err error) {
	err = open.Change(ctx, func(ws *config.Workspace) error {
		plain, k, err = ws.Issuer(rand.Reader).Issue(ctx, issuer.IssueRequest{
			Family: issuer.Prefix(o.family), Owner: o.owner, Label: o.label, Scopes: cmdio.ToScopes(o.scopes),
			ExpiresAt: expires, Act: io.Act(""),
		})
		if errors.Is(err, issuer.ErrNotFound) {
			return cmdio.WithHint(err, "make the family first: keywright family create %s", o.family)
		}
		return err
	})
	return plain, k, err
}

// hand gives the plaintext away: the only place of the command where it leaves the process.
func hand(io *cmdio.IO, out *outFile, o issueOptions, plain secret.Text, k issuer.Key) error {
	if out != nil {
		if err := out.write(plain.Reveal() + "\n"); err != nil {
			return err
		}
		if o.format == cmdio.JSON {
			return io.JSON(struct {
				shown
				File string `json:"file"`
			}{show(io, k), o.out})
		}
		return nil
	}
	if o.format == cmdio.JSON {
		return io.JSON(struct {
			shown
			Key string `json:"key"`
		}{show(io, k), plain.Reveal()})
	}
	_, err := fmt.Fprintln(io.Out, plain.Reveal())
	return err
}

func until(t time.Time) string {
	if t.IsZero() {
		return "no expiry"
	}
	return "until " + cmdio.Time(t)
}

// outFile is a file that is made before the key, so that a key is never issued into nowhere.
type outFile struct{ file *os.File }

func openOut(path string) (*outFile, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the file for the key: %w", err)
	}
	return &outFile{f}, nil
}

func (o *outFile) discard() error {
	if o == nil {
		return nil
	}
	return errors.Join(o.file.Close(), os.Remove(o.file.Name()))
}

func (o *outFile) write(text string) error {
	_, err := o.file.WriteString(text)
	return errors.Join(err, o.file.Sync(), o.file.Close())
}
