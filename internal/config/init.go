package config

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/keywright/keywright/internal/store"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
)

// Made is what Init made, and what stood already.
type Made struct {
	Paths             Paths
	StoreCreated      bool
	PepperCreated     bool
	SigningKeyCreated bool
	StoreID           string
	PublicKey         string   // of the audit log: keep it where the store is not
	Notes             []string // for a person
}

// Init makes the store, the pepper and the signing key. What stands is left as it is, and checked: twice is no
// error. random must be a CSPRNG.
//
// Errors: ErrPepperMissing and ErrSigningKeyMissing where the store was set up before and its file is gone: a fresh
// one would not fit. ErrPepperWrong, ErrSigningKeyWrong, ErrExposed, issuer.ErrPepperShort, and the store's.
func Init(ctx context.Context, paths Paths, random io.Reader, now func() time.Time) (Made, error) {
	made, err := initialise(ctx, paths, random, now)
	if err != nil {
		return Made{}, fmt.Errorf("init: %w", err)
	}
	return made, nil
}

func initialise(ctx context.Context, paths Paths, random io.Reader, now func() time.Time) (made Made, err error) {
	backend, err := openBackend(ctx, paths, Mode{Now: now}, true)
	if err != nil {
		return Made{}, err
	}
	defer func() { err = errors.Join(err, backend.Close()) }()
	identity, err := backend.Identity(ctx)
	made = Made{Paths: paths, Notes: backend.Notes()}
	switch {
	case err == nil:
		err = checkStanding(ctx, backend, paths, identity)
	case errors.Is(err, issuer.ErrNotFound):
		identity, err = made.setUp(ctx, backend, random)
	}
	if err != nil {
		return Made{}, err
	}
	if !paths.Postgres() && filepath.Dir(paths.Store) == filepath.Dir(paths.Pepper) {
		made.Notes = append(made.Notes, "pepper and store are in one folder: whoever copies it has both")
	}
	made.StoreID, made.PublicKey = identity.StoreID, identity.PublicKey
	return made, nil
}

// checkStanding checks the secret files of a store that was set up before.
func checkStanding(ctx context.Context, backend Backend, paths Paths, identity store.Identity) error {
	keyring, err := readKeyring(paths.Pepper)
	if err != nil {
		return err
	}
	signer, err := readSigner(paths.SigningKey)
	if err != nil {
		return err
	}
	if err := matchSigner(paths.SigningKey, signer, identity); err != nil {
		return err
	}
	unseen, err := matchKeyring(paths.Pepper, keyring, identity)
	if err != nil || len(unseen) == 0 {
		return err
	}
	return backend.AddPepperChecks(ctx, unseen)
}

// setUp makes the files that are missing and gives the store its identity.
func (m *Made) setUp(ctx context.Context, backend Backend, random io.Reader) (store.Identity, error) {
	keyring, pepperCreated, err := createKeyring(m.Paths.Pepper, random)
	if err != nil {
		return store.Identity{}, err
	}
	signer, signerCreated, err := createSigner(m.Paths.SigningKey, random)
	if err != nil {
		return store.Identity{}, err
	}
	id, err := newStoreID(random)
	if err != nil {
		return store.Identity{}, err
	}
	identity := store.Identity{StoreID: id, PublicKey: audit.PublicKey(signer), PepperChecks: pepperChecks(keyring)}
	created, err := backend.Initialise(ctx, identity, issuer.Act{Actor: "keywright init"})
	if err != nil {
		return store.Identity{}, err
	}
	m.StoreCreated, m.PepperCreated, m.SigningKeyCreated = created, pepperCreated, signerCreated
	if !created { // another process set it up just now
		identity, err = backend.Identity(ctx)
		if err != nil {
			return store.Identity{}, err
		}
		return identity, checkStanding(ctx, backend, m.Paths, identity)
	}
	return identity, seal(ctx, backend, signer)
}

// seal signs a checkpoint, so that the log is bound to the key from its first event on.
func seal(ctx context.Context, log audit.Log, signer ed25519.PrivateKey) error {
	sealer := audit.Sealer{Log: log, Signer: signer}
	_, err := sealer.Seal(ctx)
	return err
}
