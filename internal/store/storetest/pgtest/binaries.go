package pgtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// EnvBin names the folder of initdb and postgres, before all other places.
const EnvBin = "KEYWRIGHT_PG_BIN"

var errNoBinaries = errors.New("no Postgres server programs: `make test` installs them; or install Debian's " +
	"postgresql-15, or name the folder of initdb and postgres in " + EnvBin)

// binaries are the server's programs.
type binaries struct {
	folder    string
	libraries string // for LD_LIBRARY_PATH; empty: the system's
}

// findBinaries looks in $KEYWRIGHT_PG_BIN, then in Debian's place, then for Debian's packages unpacked under .cache
// of the module. The newest version is taken.
func findBinaries() (binaries, error) {
	if folder := os.Getenv(EnvBin); folder != "" {
		if !complete(folder) {
			return binaries{}, fmt.Errorf("%s=%s: %w", EnvBin, folder, errNoBinaries)
		}
		return binaries{folder: folder}, nil
	}
	const debian = "usr/lib/postgresql/*/bin"
	if folder := newest(filepath.Join("/", debian)); folder != "" {
		return binaries{folder: folder}, nil
	}
	cache, err := cacheFolder()
	if err != nil {
		return binaries{}, err
	}
	if folder := newest(filepath.Join(cache, debian)); folder != "" {
		libraries, err := filepath.Glob(filepath.Join(cache, "usr/lib/*-linux-gnu*"))
		if err != nil || len(libraries) == 0 {
			return binaries{folder: folder}, err
		}
		return binaries{folder, libraries[0]}, nil
	}
	return binaries{}, errNoBinaries
}

func newest(pattern string) string {
	found, err := filepath.Glob(pattern)
	if err != nil {
		return ""
	}
	slices.Sort(found) // two digits each: 13 to 99
	for _, folder := range slices.Backward(found) {
		if complete(folder) {
			return folder
		}
	}
	return ""
}

func complete(folder string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		path := filepath.Join(folder, program)
		if found, err := os.Stat(path); err != nil || !found.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// cacheFolder is .cache beside go.mod, searched upwards from the working folder, which is the tested package's.
func cacheFolder() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return filepath.Join(folder, ".cache"), nil
		}
		if parent := filepath.Dir(folder); parent != folder {
			folder = parent
			continue
		}
		return "", errNoBinaries
	}
}
