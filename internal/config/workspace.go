package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/store"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
)

// Workspace is everything open. No way of printing it shows a secret.
type Workspace struct {
	Paths     Paths
	Keys      issuer.Store
	Incidents incident.Store
	Log       audit.Log
	// Backend is the same store as its own type, for what only one kind has (a queue's connection).
	Backend  Backend
	Identity store.Identity
	Keyring  *issuer.Keyring // holds nothing when opened without secrets
	Notes    []string

	// seal holds the signing key: in a closure no way of printing reaches it. nil when opened for reading.
	seal func(context.Context) (string, error)
	now  func() time.Time
}

// Open opens a store that was set up, and the secrets that belong to it.
//
// Errors: store.ErrNoStore also where there is an empty store that nobody set up; ErrPepperMissing, ErrPepperWrong,
// issuer.ErrPepperShort, issuer.ErrPepperMissing (the file lacks a version that the store knows), ErrSigningKeyMissing,
// ErrSigningKeyWrong (both not in read-only mode, which needs no signer), ErrExposed, and the store's.
func Open(ctx context.Context, paths Paths, mode Mode) (*Workspace, error) {
	if mode.Now == nil {
		mode.Now = time.Now
	}
	backend, err := openBackend(ctx, paths, mode, false)
	if err != nil {
		return nil, err
	}
	w := &Workspace{
		Paths: paths, Keys: backend, Incidents: backend, Log: backend, Backend: backend,
		Keyring: new(issuer.Keyring), Notes: backend.Notes(), now: mode.Now,
	}
	if err := w.load(ctx, mode); err != nil {
		return nil, errors.Join(err, backend.Close())
	}
	return w, nil
}

func (w *Workspace) load(ctx context.Context, mode Mode) error {
	var err error
	w.Identity, err = w.Backend.Identity(ctx)
	if errors.Is(err, issuer.ErrNotFound) {
		return fmt.Errorf("open store %s: it was never set up: %w", w.Paths.StoreName(), store.ErrNoStore)
	}
	if err != nil || mode.WithoutSecrets {
		return err
	}
	if err := w.loadKeyring(ctx, mode); err != nil {
		return err
	}
	if mode.ReadOnly {
		return nil
	}
	signer, err := readSigner(w.Paths.SigningKey)
	if err != nil {
		return err
	}
	w.seal = (&audit.Sealer{Log: w.Log, Signer: signer, Now: w.now}).Seal
	return matchSigner(w.Paths.SigningKey, signer, w.Identity)
}

// loadKeyring also tells the store of pepper versions that it has not seen, so that they are recognised later.
func (w *Workspace) loadKeyring(ctx context.Context, mode Mode) error {
	keyring, err := readKeyring(w.Paths.Pepper)
	if err != nil {
		return err
	}
	unseen, err := matchKeyring(w.Paths.Pepper, keyring, w.Identity)
	if err != nil {
		return err
	}
	w.Keyring = keyring
	if len(unseen) == 0 || mode.ReadOnly {
		return nil
	}
	return w.Backend.AddPepperChecks(ctx, unseen)
}

// Issuer changes families and keys of the workspace. random must be a CSPRNG.
func (w *Workspace) Issuer(random io.Reader) *issuer.Issuer {
	return &issuer.Issuer{Store: w.Keys, Keyring: w.Keyring, Now: w.now, Rand: random}
}

// Seal signs a checkpoint of the audit log when it grew, and returns the newest one. To be called after changes.
//
// Errors: ErrNoSigner; *audit.TamperError when the log is not a continuation of what was signed last.
func (w *Workspace) Seal(ctx context.Context) (checkpoint string, err error) {
	if w.seal == nil {
		return "", ErrNoSigner
	}
	return w.seal(ctx)
}

// Close closes the store.
func (w *Workspace) Close() error { return w.Backend.Close() }
