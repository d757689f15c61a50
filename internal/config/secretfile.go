package config

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/keywright/keywright/issuer"
)

const (
	secretMode fs.FileMode = 0o600
	folderMode fs.FileMode = 0o700
	othersMode fs.FileMode = 0o077

	// MaxSecretFileBytes is the largest pepper or signing key file.
	MaxSecretFileBytes = issuer.MaxKeyringBytes
)

// readSecret reads a file that nobody but its owner can read.
//
// Errors: fs.ErrNotExist, ErrExposed with the command that closes the file.
func readSecret(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	// Of the open file, so that nobody can put another in its place between.
	found, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !found.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	// Windows has no such modes, and Go makes some up.
	if found.Mode().Perm()&othersMode != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s has mode %04o: %w `chmod 600 %s`", path, found.Mode().Perm(), ErrExposed, path)
	}
	content, err := io.ReadAll(io.LimitReader(file, MaxSecretFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(content) > MaxSecretFileBytes {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, MaxSecretFileBytes)
	}
	return content, nil
}

// createSecret writes a new file, whole or not at all, in a folder of mode 0700.
//
// Errors: fs.ErrExist when something stands there; it stays as it is.
func createSecret(path string, content []byte) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, folderMode); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	draft, err := writeDraft(folder, content)
	if err != nil {
		return err
	}
	// A link fails where something stands, in one step; a rename would overwrite it.
	err = os.Link(draft, path)
	if removed := os.Remove(draft); removed != nil {
		err = errors.Join(err, fmt.Errorf("remove the draft: %w", removed))
	}
	return err
}

func writeDraft(folder string, content []byte) (path string, err error) {
	// rand.Text has 128 random bits: two processes never share a draft.
	path = filepath.Join(folder, ".draft-"+rand.Text())
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, secretMode)
	if err != nil {
		return "", fmt.Errorf("make a draft: %w", err)
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return "", errors.Join(fmt.Errorf("write a draft: %w", err), os.Remove(path))
	}
	return path, nil
}

// newStoreID is 128 random bits in hex.
func newStoreID(r io.Reader) (string, error) {
	var random [16]byte
	if _, err := io.ReadFull(r, random[:]); err != nil {
		return "", fmt.Errorf("make a store id: %w", err)
	}
	return "store_" + hex.EncodeToString(random[:]), nil
}
