package memory

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder is where memories are kept, one file for each repository.
type Folder struct{ path string }

// Open makes the folder, for this user alone, unless it is there.
//
// Errors: ErrOpenToOthers for a folder that somebody else owns or may write to: what it says could be anybody's.
func Open(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("folder for the memory of past scans: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("folder for the memory of past scans: %w", err)
	}
	if !info.IsDir() || !private(info) {
		return nil, fmt.Errorf("folder for the memory of past scans %s: %w", path, ErrOpenToOthers)
	}
	return &Folder{path}, nil
}

// ErrOpenToOthers says that somebody else could have written what is there.
var ErrOpenToOthers = errors.New("another user owns it or may write to it")

// file is named by the repository, not by the key: what an older catalogue knew is of no use.
func (f *Folder) file(repository string) string {
	sum := sha256.Sum256([]byte(repository))
	return filepath.Join(f.path, hex.EncodeToString(sum[:16])+".clean")
}

// Load reads what the last scan of the repository knew, with the same key. It is never nil. note says, in words, why a
// file that is there was not used; empty when there is nothing to say.
func (f *Folder) Load(repository string, key Key) (m *Memory, note string) {
	m, err := f.load(f.file(repository), key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Memory{}, ""
	case err != nil:
		return &Memory{}, "the memory of past scans is not used and made anew: " + err.Error()
	case m == nil:
		return &Memory{}, ""
	}
	return m, ""
}

func (f *Folder) load(path string, key Key) (*Memory, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || !private(info):
		return nil, ErrOpenToOthers
	case info.Size() > MaxFileBytes:
		return nil, ErrTooLarge
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, errDamaged
	}
	return decode(data, key)
}

// Save replaces what is known of the repository.
//
// Errors: ErrTooLarge, or the file system's; the old file stays then.
func (f *Folder) Save(repository string, key Key, d *Draft) error {
	data, err := d.encode(key)
	if err != nil {
		return fmt.Errorf("save the memory of past scans: %w", err)
	}
	file, err := os.CreateTemp(f.path, ".draft-") // mode 0600
	if err != nil {
		return fmt.Errorf("save the memory of past scans: %w", err)
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Close()) // without a sync: a file that the power cut is damaged, and made anew
	if err == nil {
		err = os.Rename(file.Name(), f.file(repository))
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("save the memory of past scans: %w", err)
	}
	return nil
}
