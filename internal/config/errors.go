package config

import "errors"

// What can be wrong with where things live. Each says what to do; the error around it names the file.
// A pepper that is too short is issuer.ErrPepperShort; a store that is not there is store.ErrNoStore.
var (
	ErrNoHome = errors.New("neither HOME nor the XDG folders are set: set HOME, or KEYWRIGHT_STORE, " +
		"KEYWRIGHT_PEPPER_FILE and KEYWRIGHT_SIGNING_KEY_FILE")
	ErrStoreForm     = errors.New("a store is a file or a postgres:// address")
	ErrPepperMissing = errors.New("the pepper is missing, and without it no key can be verified: " +
		"put the file back from a backup, or name it in KEYWRIGHT_PEPPER_FILE")
	ErrPepperWrong = errors.New("this is the pepper of another store, and no key would verify with it: " +
		"name the right file in KEYWRIGHT_PEPPER_FILE")
	ErrSigningKeyMissing = errors.New("the signing key of the audit log is missing: " +
		"put the file back from a backup, or name it in KEYWRIGHT_SIGNING_KEY_FILE")
	ErrSigningKeyWrong = errors.New("this is the signing key of another store: " +
		"name the right file in KEYWRIGHT_SIGNING_KEY_FILE")
	ErrSigningKeyForm = errors.New("this is not an Ed25519 private key in PEM (PKCS #8)")
	// ErrExposed is followed by the command that closes the file.
	ErrExposed = errors.New("other users can read this secret file: run")
	// ErrNoSigner: the workspace was opened for reading.
	ErrNoSigner = errors.New("the audit log can be sealed only where the store was opened for writing")
)
