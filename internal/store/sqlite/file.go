package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/keywright/keywright/internal/store"
)

const (
	fileMode   fs.FileMode = 0o600
	folderMode fs.FileMode = 0o700
	othersMode fs.FileMode = 0o077 // what nobody but the owner should have
)

// prepareFile makes the file when asked to, and closes it to others. SQLite gives -wal and -shm the same mode.
func prepareFile(path string, options Options) (notes []string, err error) {
	if options.Create && !options.ReadOnly {
		if err := createFile(path); err != nil {
			return nil, err
		}
	}
	found, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, store.ErrNoStore
	case err != nil:
		return nil, err
	case !found.Mode().IsRegular():
		return nil, store.ErrNotAStore
	case found.Mode().Perm()&othersMode == 0 || options.ReadOnly:
		return nil, nil
	}
	if err := os.Chmod(path, fileMode); err != nil {
		// Not ours to change. The file holds no key, so that is worth a note and not worth a refusal.
		return []string{fmt.Sprintf("%s is open to other users (mode %04o)", path, found.Mode().Perm())}, nil
	}
	return []string{fmt.Sprintf("%s was open to other users (mode %04o): changed to 0600", path, found.Mode().Perm())}, nil
}

func createFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), folderMode); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	// O_EXCL: an existing file, or another process that makes it now, is left as it is.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	return file.Close()
}
