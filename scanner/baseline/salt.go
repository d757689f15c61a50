package baseline

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/keywright/keywright/scanner"
)

// SaltFile is where a repository keeps the salt of its fingerprints, below its top folder.
const SaltFile = ".keywright/salt"

// maxSaltBytes bounds a salt file: 32 hex digits and a line feed, with room for CRLF.
const maxSaltBytes = 64

// ReadSalt reads a salt file: 16 bytes in hex. A file that is not there is fs.ErrNotExist.
func ReadSalt(path string) ([scanner.SaltSize]byte, error) {
	var salt [scanner.SaltSize]byte
	f, err := open(path)
	if err != nil {
		return salt, fmt.Errorf("read the salt: %w", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxSaltBytes+1))
	if err != nil {
		return salt, fmt.Errorf("read the salt: %w", err)
	}
	digits := strings.TrimSpace(string(text))
	if len(digits) != hex.EncodedLen(scanner.SaltSize) {
		return salt, fmt.Errorf("read the salt %s: not %d hex digits", path, hex.EncodedLen(scanner.SaltSize))
	}
	if _, err := hex.Decode(salt[:], []byte(digits)); err != nil {
		return salt, fmt.Errorf("read the salt %s: not hex", path)
	}
	return salt, nil
}

// CreateSalt makes a salt file and the folder it is in. A file that is there is kept: fs.ErrExist. random
// must be a CSPRNG.
func CreateSalt(path string, random io.Reader) ([scanner.SaltSize]byte, error) {
	var salt [scanner.SaltSize]byte
	if _, err := io.ReadFull(random, salt[:]); err != nil {
		return salt, fmt.Errorf("make a salt: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return salt, fmt.Errorf("make a salt: %w", err)
	}
	// Written beside and linked into place: who reads it meanwhile sees no half of it.
	temporary, err := os.CreateTemp(filepath.Dir(path), ".salt-")
	if err != nil {
		return salt, fmt.Errorf("make a salt: %w", err)
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	_, err = io.WriteString(temporary, hex.EncodeToString(salt[:])+"\n")
	if err = errors.Join(err, temporary.Close()); err != nil {
		return salt, fmt.Errorf("write the salt: %w", err)
	}
	if err := os.Link(temporary.Name(), path); err != nil {
		return salt, fmt.Errorf("write the salt: %w", err)
	}
	return salt, nil
}

// Salt gives the salt of a repository, and where it has none that of the machine, which is made when it is
// first needed. Its method Get fits scanner.Fingerprinter.
type Salt struct {
	Repository string // path of the repository's salt file; empty: none
	Machine    string // path of the machine's
	Random     io.Reader
}

// Get reads the salt. A repository's salt that cannot be read is an error, not a reason to take another:
// the fingerprints would silently change.
func (s Salt) Get() ([scanner.SaltSize]byte, error) {
	if s.Repository != "" {
		salt, err := ReadSalt(s.Repository)
		if !errors.Is(err, fs.ErrNotExist) {
			return salt, err
		}
	}
	salt, err := ReadSalt(s.Machine)
	if !errors.Is(err, fs.ErrNotExist) {
		return salt, err
	}
	salt, err = CreateSalt(s.Machine, s.Random)
	if errors.Is(err, fs.ErrExist) { // another process was first
		return ReadSalt(s.Machine)
	}
	return salt, err
}
