// Package receipt is the verb for receipts of scans.
//
// Knows: flags, how a receipt is shown. Must not know: how it is signed.
package receipt

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/issuer/audit"
	"github.com/keywright/keywright/scanner/gitsource"
	"github.com/keywright/keywright/scanner/receipt"
)

// maxMovedLines is how many moved refs the text names; JSON has them all.
const maxMovedLines = 20

// NewCmd makes the verb.
func NewCmd(io *cmdio.IO) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "receipt",
		Short: "Check what a scan covered",
		Example: `  keywright scan --receipt scan.receipt
  keywright receipt verify scan.receipt                  signed with the key here
  keywright receipt verify scan.receipt . --key PUBLIC   and which refs have moved since`,
	}
	return cmdio.Group(cmd, newVerify(io))
}

func newVerify(io *cmdio.IO) *cobra.Command {
	var key string
	var format cmdio.Format
	cmd := &cobra.Command{
		Use:   "verify FILE [REPO]",
		Short: "Check a receipt's signature, and which refs have moved since",
		Long: `Check the signature of a receipt that 'keywright scan --receipt' wrote, and show what was covered. With a
repository it also says which refs have moved since.

Exit codes: 0 the signature holds, the scan was complete and no ref has moved · 1 the signature holds, but something
was not scanned or a ref has moved · 2 the receipt is unsigned, was changed, or cannot be read.`,
		Args: cmdio.Args(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := open(io, args[0], key)
			if err != nil {
				return err
			}
			moved := []receipt.Moved{}
			if len(args) == 2 {
				if moved, err = since(cmd, &r, args[1]); err != nil {
					return err
				}
			}
			if err := show(io, &r, moved, len(args) == 2, format); err != nil {
				return err
			}
			if !r.Complete || len(moved) > 0 {
				return cmdio.Found
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "the public `key` that keywright init printed; default: of the signing key here")
	cmdio.FormatFlag(cmd, &format)
	return cmd
}

func open(streams *cmdio.IO, path, key string) (receipt.Receipt, error) {
	data, err := read(path)
	if err != nil {
		return receipt.Receipt{}, err
	}
	keys, err := keysOf(streams, key)
	if err != nil {
		return receipt.Receipt{}, err
	}
	r, err := receipt.Open(data, keys)
	switch {
	case errors.Is(err, receipt.ErrUnsigned) && !receipt.Signed(data):
		return r, cmdio.WithHint(fmt.Errorf("%s is unsigned: nobody vouches for it", path), "'keywright init' makes a signing key for the next scan")
	case errors.Is(err, receipt.ErrUnsigned):
		return r, fmt.Errorf("%s: it was changed, or signed with another key: %w", path, err)
	case err != nil:
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the receipt: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, receipt.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the receipt: %w", err)
	}
	return data, nil
}

func keysOf(streams *cmdio.IO, key string) (note.Verifiers, error) {
	if key == "" {
		paths, err := config.PathsFrom(streams.Getenv)
		if err != nil {
			return nil, err
		}
		if _, key, err = config.Signer(paths); err != nil {
			return nil, cmdio.WithHint(err, "give the public key with --key: 'keywright init' printed it")
		}
	}
	keys, err := audit.ParsePublicKey(key)
	if err != nil {
		return nil, cmdio.Usagef("--key: %w", err)
	}
	return keys, nil
}

func since(cmd *cobra.Command, r *receipt.Receipt, path string) ([]receipt.Moved, error) {
	repo, err := gitsource.Open(path, gitsource.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = repo.Close() }() // a temporary folder
	var now []receipt.Ref
	for _, tip := range repo.Tips(cmd.Context()) {
		now = append(now, receipt.Ref{Name: tip.Name, Tip: tip.ID})
	}
	return r.Since(now), nil
}

func show(io *cmdio.IO, r *receipt.Receipt, moved []receipt.Moved, compared bool, format cmdio.Format) error {
	if format == cmdio.JSON {
		out := struct {
			Signature string          `json:"signature"`
			Receipt   receipt.Receipt `json:"receipt"`
			Moved     []receipt.Moved `json:"moved,omitempty"`
		}{"valid", *r, moved}
		return io.JSON(out)
	}
	complete := "yes"
	if !r.Complete {
		complete = fmt.Sprintf("NO: %d things were not scanned", r.SkipsTotal)
		if r.SkipsTotal == 0 {
			complete = "NO: the scan did not go to its end"
		}
	}
	err := io.Fields(
		"signature", "valid", "made", cmdio.Time(r.MadeAt)+" by "+r.Program, "source", r.Source, "mode", r.Mode,
		"complete", complete, "refs", strconv.Itoa(len(r.Refs)), "commits", strconv.Itoa(r.Commits),
		"blobs", fmt.Sprintf("%d of %d bytes", r.Blobs, r.Bytes), "remembered", rememberedWords(r.Remembered), "catalogue", fmt.Sprintf("version %s (%d patterns)", r.Catalogue.Version, r.Catalogue.Patterns),
		"findings", fmt.Sprintf("%d, and %d accepted", r.Findings, r.Ignored), "moved since", movedWords(moved, compared),
	)
	if err != nil {
		return err
	}
	for _, m := range moved[:min(len(moved), maxMovedLines)] {
		if _, err := fmt.Fprintf(io.Out, "  %s: %s → %s\n", cmdio.Printable(m.Name), orNone(m.Then), orNone(m.Now)); err != nil {
			return err
		}
	}
	return nil
}

func rememberedWords(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d objects that an earlier scan found clean were not read again", n)
}

func movedWords(moved []receipt.Moved, compared bool) string {
	switch {
	case !compared:
		return "" // nobody asked
	case len(moved) == 0:
		return "no ref"
	case len(moved) > maxMovedLines:
		return fmt.Sprintf("%d refs, the first %d:", len(moved), maxMovedLines)
	}
	return fmt.Sprintf("%d refs:", len(moved))
}

func orNone(id string) string {
	if id == "" {
		return "(none)"
	}
	return id[:min(len(id), 12)]
}
