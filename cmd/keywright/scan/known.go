package scan

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/baseline"
)

// known is what was accepted before: a baseline, an ignore file.
type known struct {
	rules *baseline.Rules // nil: nothing is ignored
	salt  cmdio.Salt
}

func newKnown(io *cmdio.IO, o *Options, plan *sources) (*known, error) {
	k := &known{salt: cmdio.Salt{IO: io, Root: plan.root}}
	if o.NoIgnore {
		return k, nil
	}
	var entries []baseline.Entry
	var ignores []baseline.Ignore
	var err error
	if o.Baseline != "" {
		if entries, err = baseline.Load(o.Baseline); err != nil {
			return nil, err
		}
	}
	if plan.root != "" {
		ignores, err = baseline.LoadIgnore(filepath.Join(plan.root, baseline.IgnoreFile))
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return nil, err
		}
	}
	k.rules = baseline.NewRules(io.Now(), entries, ignores)
	return k, nil
}

func (k *known) ignorer() scanner.Ignorer {
	if k.rules == nil {
		return nil
	}
	return k.rules
}

// stale are the rules that accepted nothing, of a complete scan.
func (k *known) stale(complete bool) []string {
	if k.rules == nil || !complete {
		return nil
	}
	var out []string
	for _, rule := range k.rules.Stale() {
		out = append(out, "stale "+rule)
	}
	return out
}

// notes is what there is to say about the fingerprints.
func (k *known) notes() []string { return k.salt.Notes }

func (k *known) fingerprinter() scanner.Fingerprinter {
	return scanner.Fingerprinter{Salt: func() ([scanner.SaltSize]byte, error) { return k.salt.Get(rand.Reader) }}
}
