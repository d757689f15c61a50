package config

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"golang.org/x/mod/sumdb/note"

	"github.com/keywright/keywright/internal/store"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
)

// readKeyring: ErrPepperMissing, ErrExposed, issuer.ErrPepperShort, *issuer.KeyringError with the line.
func readKeyring(path string) (*issuer.Keyring, error) {
	content, err := readSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read pepper %s: %w", path, ErrPepperMissing)
	}
	if err != nil {
		return nil, fmt.Errorf("read pepper: %w", err)
	}
	keyring, err := issuer.ParseKeyring(content)
	if err != nil {
		return nil, fmt.Errorf("read pepper %s: %w", path, err)
	}
	return keyring, nil
}

// readSigner: ErrSigningKeyMissing, ErrExposed, ErrSigningKeyForm.
func readSigner(path string) (ed25519.PrivateKey, error) {
	content, err := readSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read signing key %s: %w", path, ErrSigningKeyMissing)
	}
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	signer, err := audit.ParseSigner(content)
	if err != nil {
		return nil, fmt.Errorf("read signing key %s: %w (%w)", path, ErrSigningKeyForm, err)
	}
	return signer, nil
}

// Signer reads the signing key for notes that need no store, and its public key.
//
// Errors: ErrSigningKeyMissing, ErrExposed, ErrSigningKeyForm.
func Signer(paths Paths) (signer note.Signer, publicKey string, err error) {
	key, err := readSigner(paths.SigningKey)
	if err != nil {
		return nil, "", err
	}
	signer, err = audit.NoteSigner(key)
	return signer, audit.PublicKey(key), err
}

// createKeyring makes the file unless it stands, and returns what stands then.
func createKeyring(path string, random io.Reader) (keyring *issuer.Keyring, created bool, err error) {
	keyring, err = readKeyring(path)
	if !errors.Is(err, ErrPepperMissing) {
		return keyring, false, err
	}
	fresh, err := issuer.GenerateKeyring(random)
	if err != nil {
		return nil, false, err
	}
	err = createSecret(path, fresh.Marshal())
	if err != nil && !errors.Is(err, fs.ErrExist) { // exists: another process made it just now
		return nil, false, fmt.Errorf("make pepper %s: %w", path, err)
	}
	created = err == nil
	keyring, err = readKeyring(path)
	return keyring, created, err
}

// createSigner makes the file unless it stands, and returns what stands then.
func createSigner(path string, random io.Reader) (signer ed25519.PrivateKey, created bool, err error) {
	signer, err = readSigner(path)
	if !errors.Is(err, ErrSigningKeyMissing) {
		return signer, false, err
	}
	fresh, err := audit.GenerateSigner(random)
	if err != nil {
		return nil, false, err
	}
	text, err := audit.MarshalSigner(fresh)
	if err != nil {
		return nil, false, err
	}
	err = createSecret(path, text)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, false, fmt.Errorf("make signing key %s: %w", path, err)
	}
	created = err == nil
	signer, err = readSigner(path)
	return signer, created, err
}

// pepperChecks are what a store keeps of a keyring.
func pepperChecks(keyring *issuer.Keyring) map[int][32]byte {
	checks := map[int][32]byte{}
	for _, version := range keyring.Versions() {
		checks[version] = keyring.Check(version)
	}
	return checks
}

// matchKeyring says whether the keyring is the store's, and which of its versions the store has not seen.
//
// Errors: ErrPepperWrong; issuer.ErrPepperMissing for a version of the store's that the file has not.
func matchKeyring(path string, keyring *issuer.Keyring, identity store.Identity) (unseen map[int][32]byte, err error) {
	unseen = pepperChecks(keyring)
	for version, want := range identity.PepperChecks {
		got, there := unseen[version]
		switch {
		case !there:
			return nil, fmt.Errorf("pepper %s: version %d: %w: put its line back", path, version, issuer.ErrPepperMissing)
		case got != want:
			return nil, fmt.Errorf("pepper %s: version %d: %w", path, version, ErrPepperWrong)
		}
		delete(unseen, version)
	}
	return unseen, nil
}

func matchSigner(path string, signer ed25519.PrivateKey, identity store.Identity) error {
	if audit.PublicKey(signer) != identity.PublicKey {
		return fmt.Errorf("signing key %s: %w", path, ErrSigningKeyWrong)
	}
	return nil
}
