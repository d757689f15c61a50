package scan

import (
	"context"
	"errors"
	"fmt"
	stdio "io"

	"golang.org/x/mod/sumdb/note"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/decode"
	"github.com/keywright/keywright/scanner/receipt"
)

// newReceipt is the sink in front of next that keeps what the receipt says.
func newReceipt(ctx context.Context, io *cmdio.IO, o *Options, plan *sources, set *patterns.Set, next scanner.Sink) *receipt.Recorder {
	facts := receipt.Facts{
		Source: plan.name, Decoders: decode.Names(),
		Catalogue: receipt.Catalogue{Version: set.Version(), Patterns: set.Len()},
	}
	facts.Mode, facts.Asked = o.mode(plan)
	if plan.repo != nil {
		for _, tip := range plan.repo.Tips(ctx) {
			facts.Refs = append(facts.Refs, receipt.Ref{Name: tip.Name, Tip: tip.ID})
		}
	}
	return receipt.NewRecorder(next, "keywright "+io.Version, facts)
}

// mode names what was asked for.
func (o *Options) mode(plan *sources) (name string, asked []string) {
	switch {
	case o.Path == "-":
		return "stdin", nil
	case plan.repo == nil:
		return "tree", nil
	case o.Staged:
		return "staged", nil
	case o.Range != "":
		return "range", []string{o.Range}
	case len(o.Refs) > 0:
		return "refs", o.Refs
	case o.History && o.Tree:
		return "history and tree", nil
	case o.History:
		return "history", nil
	}
	return "history, index and tree", nil
}

// writeReceipt signs where there is a signing key, and puts the file in place as a whole.
func writeReceipt(io *cmdio.IO, path string, r receipt.Receipt) error {
	r.MadeAt = io.Now().UTC()
	signer, err := receiptSigner(io)
	if err != nil {
		return fmt.Errorf("sign the receipt: %w", err)
	}
	if signer == nil {
		io.Warnf("the receipt is unsigned: there is no signing key here (keywright init makes one)")
	}
	data, err := receipt.Marshal(r, signer)
	if err != nil {
		return err
	}
	err = cmdio.ReplaceFile(path, func(w stdio.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return fmt.Errorf("write the receipt: %w", err)
	}
	return nil
}

// receiptSigner is nil where nobody made a signing key.
func receiptSigner(io *cmdio.IO) (note.Signer, error) {
	paths, err := config.PathsFrom(io.Getenv)
	if errors.Is(err, config.ErrNoHome) {
		return nil, nil //nolint:nilnil // no signer is an answer
	}
	if err != nil {
		return nil, err
	}
	signer, _, err := config.Signer(paths)
	if errors.Is(err, config.ErrSigningKeyMissing) {
		return nil, nil //nolint:nilnil // no signer is an answer
	}
	return signer, err
}
