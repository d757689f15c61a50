package cmdio

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// ReplaceFile makes the file at path anew by what write writes, as a whole, or leaves the old one.
func ReplaceFile(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".keywright-")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
