package config

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// The names in the environment.
const (
	EnvStore      = "KEYWRIGHT_STORE"
	EnvPepper     = "KEYWRIGHT_PEPPER_FILE"
	EnvSigningKey = "KEYWRIGHT_SIGNING_KEY_FILE"
)

// Paths say where things live.
type Paths struct {
	Store      string // a file, or a postgres:// address; [Paths.StoreName] is the form to show
	Pepper     string // the keyring file
	SigningKey string // PEM
}

// PathsFrom reads an environment such as os.Getenv.
//
// The store is $KEYWRIGHT_STORE, else keywright/keywright.db in $XDG_DATA_HOME (~/.local/share); pepper and signing
// key are $KEYWRIGHT_PEPPER_FILE and $KEYWRIGHT_SIGNING_KEY_FILE, else keywright/pepper and keywright/signing.key in
// $XDG_CONFIG_HOME (~/.config). A relative XDG folder counts as not set (XDG Base Directory Specification 0.8).
//
// Errors: ErrNoHome where a default is needed and there is no home; ErrStoreForm for another kind of address.
func PathsFrom(getenv func(string) string) (Paths, error) {
	var paths Paths
	places := []struct {
		path          *string
		env, xdg      string
		folder, named string
	}{
		{&paths.Store, EnvStore, "XDG_DATA_HOME", ".local/share", "keywright.db"},
		{&paths.Pepper, EnvPepper, "XDG_CONFIG_HOME", ".config", "pepper"},
		{&paths.SigningKey, EnvSigningKey, "XDG_CONFIG_HOME", ".config", "signing.key"},
	}
	for _, p := range places {
		if *p.path = getenv(p.env); *p.path != "" {
			continue
		}
		base := getenv(p.xdg)
		if !filepath.IsAbs(base) {
			home := getenv("HOME")
			if home == "" {
				return Paths{}, ErrNoHome
			}
			base = filepath.Join(home, filepath.FromSlash(p.folder))
		}
		*p.path = filepath.Join(base, "keywright", p.named)
	}
	if scheme, _, isURL := strings.Cut(paths.Store, "://"); isURL && !paths.Postgres() {
		return Paths{}, fmt.Errorf("%w: %s is given %q", ErrStoreForm, EnvStore, scheme+"://…")
	}
	return paths, nil
}

// Postgres says whether the store is behind an address and not in a file.
func (p Paths) Postgres() bool {
	return strings.HasPrefix(p.Store, "postgres://") || strings.HasPrefix(p.Store, "postgresql://")
}

// StoreName is the store to show: the file, or the address without its password and options.
func (p Paths) StoreName() string {
	if !p.Postgres() {
		return p.Store
	}
	address, err := url.Parse(p.Store)
	if err != nil {
		return "postgres://(an address that cannot be read)"
	}
	return fmt.Sprintf("%s://%s%s", address.Scheme, address.Host, address.Path)
}

// String keeps a database password out of logs.
func (p Paths) String() string {
	return fmt.Sprintf("store %s, pepper %s, signing key %s", p.StoreName(), p.Pepper, p.SigningKey)
}
