package cmdio

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/baseline"
)

// Salt is the salt of fingerprints: the one that is committed at the root, else the machine's.
type Salt struct {
	IO    *IO
	Root  string // of the repository or folder; empty: none
	Notes []string
}

// Get reads the salt, and makes the machine's when it is first needed. Where there is no place for it, the
// salt is random for this run, and Notes says so.
func (s *Salt) Get(random io.Reader) ([scanner.SaltSize]byte, error) {
	source := baseline.Salt{Random: random}
	if s.Root != "" {
		source.Repository = filepath.Join(s.Root, filepath.FromSlash(baseline.SaltFile))
		salt, err := baseline.ReadSalt(source.Repository)
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return salt, err // a broken one is no reason to take another: the fingerprints would change in silence
		}
		source.Repository = ""
	}
	dir, err := s.IO.configDir()
	if err == nil {
		source.Machine = filepath.Join(dir, "fingerprint-salt")
		salt, machineErr := source.Get()
		if machineErr == nil {
			return salt, nil
		}
		err = machineErr
	}
	s.Notes = append(s.Notes, fmt.Sprintf("the fp1s_ fingerprints of this scan compare with no other's: %v", err))
	var salt [scanner.SaltSize]byte
	_, err = io.ReadFull(random, salt[:])
	return salt, err
}

// configDir is where the machine keeps its salt: keywright in $XDG_CONFIG_HOME, else in ~/.config.
func (o *IO) configDir() (string, error) {
	if dir := o.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "keywright"), nil
	}
	home := o.Getenv("HOME")
	if home == "" {
		return "", errors.New("neither HOME nor XDG_CONFIG_HOME is set")
	}
	return filepath.Join(home, ".config", "keywright"), nil
}
