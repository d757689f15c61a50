package config_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/config"
	"github.com/keywright/keywright/internal/store"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
)

func TestPathsFollowTheEnvironment(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		env  map[string]string
		want config.Paths
	}{
		{"only a home", map[string]string{"HOME": "/h"}, config.Paths{
			Store: "/h/.local/share/keywright/keywright.db", Pepper: "/h/.config/keywright/pepper", SigningKey: "/h/.config/keywright/signing.key",
		}},
		{"XDG folders and no home", map[string]string{"XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": "/c"}, config.Paths{
			Store: "/d/keywright/keywright.db", Pepper: "/c/keywright/pepper", SigningKey: "/c/keywright/signing.key",
		}},
		{"a relative XDG folder does not count", map[string]string{"HOME": "/h", "XDG_DATA_HOME": "d", "XDG_CONFIG_HOME": "c"}, config.Paths{
			Store: "/h/.local/share/keywright/keywright.db", Pepper: "/h/.config/keywright/pepper", SigningKey: "/h/.config/keywright/signing.key",
		}},
		{"each by its own name, without a home", map[string]string{
			config.EnvStore: "s.db", config.EnvPepper: "/p", config.EnvSigningKey: "/k",
		}, config.Paths{Store: "s.db", Pepper: "/p", SigningKey: "/k"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := config.PathsFrom(func(name string) string { return c.env[name] })
			if err != nil || got != c.want {
				t.Errorf("%v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestNoHomeIsSaid(t *testing.T) {
	t.Parallel()
	_, err := config.PathsFrom(func(string) string { return "" })
	if !errors.Is(err, config.ErrNoHome) || !strings.Contains(err.Error(), config.EnvStore) {
		t.Errorf("err = %v", err)
	}
}

func TestADatabasePasswordIsNeverShown(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"postgres://kw:hunter2@db:5432/keys?sslmode=require&password=hunter2", "postgresql://kw:hunter2@[bad/keys", "postgres://kw:hunter2%zz@db/keys",
	} {
		paths := config.Paths{Store: address}
		shown := fmt.Sprintf("%v %+v %s %s", paths, paths, paths, paths.StoreName())
		if !paths.Postgres() || strings.Contains(shown, "hunter2") {
			t.Errorf("shown as %s", shown)
		}
	}
}

// place is a home of its own.
func place(t *testing.T) config.Paths {
	t.Helper()
	home := t.TempDir()
	paths, err := config.PathsFrom(func(name string) string {
		return map[string]string{"XDG_DATA_HOME": home + "/data", "XDG_CONFIG_HOME": home + "/config"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func made(t *testing.T) config.Paths {
	t.Helper()
	paths := place(t)
	initialise(t, paths)
	return paths
}

func initialise(t *testing.T, paths config.Paths) config.Made {
	t.Helper()
	m, err := config.Init(t.Context(), paths, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func open(t *testing.T, paths config.Paths, mode config.Mode) *config.Workspace {
	t.Helper()
	w, err := config.Open(t.Context(), paths, mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestInitMakesAllOnceAndOverwritesNothing(t *testing.T) {
	t.Parallel()
	paths := place(t)
	first := initialise(t, paths)
	if !first.StoreCreated || !first.PepperCreated || !first.SigningKeyCreated || first.PublicKey == "" || first.StoreID == "" {
		t.Errorf("first = %+v", first)
	}
	for path, want := range map[string]os.FileMode{
		paths.Store: 0o600, paths.Pepper: 0o600, paths.SigningKey: 0o600,
		filepath.Dir(paths.Pepper): 0o700, filepath.Dir(paths.Store): 0o700,
	} {
		found, err := os.Stat(path)
		if err != nil || found.Mode().Perm() != want {
			t.Errorf("%s: %v, want mode %04o (%v)", path, found.Mode(), want, err)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(paths.Pepper))
	if err != nil || len(entries) != 2 {
		t.Errorf("drafts are left over: %v (%v)", entries, err)
	}
	pepper, signer := read(t, paths.Pepper), read(t, paths.SigningKey)
	second := initialise(t, paths)
	if second.StoreCreated || second.PepperCreated || second.SigningKeyCreated || second.PublicKey != first.PublicKey || second.StoreID != first.StoreID {
		t.Errorf("second = %+v", second)
	}
	if read(t, paths.Pepper) != pepper || read(t, paths.SigningKey) != signer {
		t.Error("a secret file was overwritten")
	}
}

func TestInitTakesAPepperThatStands(t *testing.T) {
	t.Parallel()
	paths := place(t)
	put(t, paths.Pepper, keyring(t, 1))
	if m := initialise(t, paths); m.PepperCreated || !m.StoreCreated || !m.SigningKeyCreated {
		t.Errorf("made = %+v", m)
	}
	open(t, paths, config.Mode{})
}

func TestInitAtOnceMakesOne(t *testing.T) {
	t.Parallel()
	paths := place(t)
	const processes = 4
	all := make([]config.Made, processes)
	errs := make([]error, processes)
	var wait sync.WaitGroup
	for i := range processes {
		wait.Go(func() { all[i], errs[i] = config.Init(t.Context(), paths, rand.Reader, time.Now) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	stores, peppers := 0, 0
	for _, m := range all {
		if m.StoreCreated {
			stores++
		}
		if m.PepperCreated {
			peppers++
		}
		if m.StoreID != all[0].StoreID || m.PublicKey != all[0].PublicKey {
			t.Errorf("two stores: %+v and %+v", m, all[0])
		}
	}
	if stores != 1 || peppers != 1 {
		t.Errorf("%d stores and %d peppers were made", stores, peppers)
	}
	open(t, paths, config.Mode{})
}

func TestAStoreInThePeppersFolderIsNoted(t *testing.T) {
	t.Parallel()
	paths := place(t)
	paths.Store = filepath.Join(filepath.Dir(paths.Pepper), "keys.db")
	if m := initialise(t, paths); len(m.Notes) != 1 || !strings.Contains(m.Notes[0], "one folder") {
		t.Errorf("notes = %q", m.Notes)
	}
}

func TestTheWholeLifeOfAKeyInAWorkspace(t *testing.T) {
	t.Parallel()
	paths := made(t)
	w := open(t, paths, config.Mode{})
	keys := w.Issuer(rand.Reader)
	act := issuer.Act{Actor: "cli:alice"}
	if _, err := keys.CreateFamily(t.Context(), "acme_live", []issuer.Scope{"orders:read"}, act); err != nil {
		t.Fatal(err)
	}
	plain, key, err := keys.Issue(t.Context(), issuer.IssueRequest{
		Family: "acme_live", Owner: "alice", Scopes: []issuer.Scope{"orders:read"}, Act: act,
	})
	if err != nil {
		t.Fatal(err)
	}
	// Another process, later.
	other := open(t, paths, config.Mode{})
	verifier := issuer.Verifier{Store: other.Keys, Keyring: other.Keyring, Now: time.Now}
	if d := verifier.Check(t.Context(), plain); d.Code != issuer.CodeValid || d.Key == nil || d.Key.ID != key.ID {
		t.Errorf("decision = %v", d.Code)
	}
	if _, err := keys.Revoke(t.Context(), issuer.Revocation{Key: key.ID, Act: act}); err != nil {
		t.Fatal(err)
	}
	if d := verifier.Check(t.Context(), plain); d.Code != issuer.CodeRevoked {
		t.Errorf("decision = %v", d.Code)
	}
	checkpoint, err := w.Seal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	report, err := audit.Verify(t.Context(), other.Log, audit.Options{PublicKey: w.Identity.PublicKey, Checkpoint: checkpoint})
	if err != nil || report.Events != 4 || report.AfterLastCheckpoint != 0 {
		t.Errorf("report = %+v, %v", report, err)
	}
	if strings.Contains(read(t, paths.Store)+read(t, paths.Store+"-wal"), plain.Reveal()) {
		t.Error("the key is in the store's file")
	}
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// keyring is the text of one with a pepper of that version.
func keyring(t *testing.T, version int) string {
	t.Helper()
	random := make([]byte, 64)
	if _, err := io.ReadFull(rand.Reader, random); err != nil {
		t.Fatal(err)
	}
	k, err := issuer.NewKeyring(map[int][]byte{version: random[:32]}, map[int][]byte{1: random[32:]})
	if err != nil {
		t.Fatal(err)
	}
	return string(k.Marshal())
}

func otherSigner(t *testing.T) string {
	t.Helper()
	signer, err := audit.GenerateSigner(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := audit.MarshalSigner(signer)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatIsWrongIsSaidWithTheFile(t *testing.T) {
	t.Parallel()
	pepper := func(p config.Paths) string { return p.Pepper }
	signing := func(p config.Paths) string { return p.SigningKey }
	cases := []struct {
		name  string
		spoil func(*testing.T, config.Paths)
		want  error
		file  func(config.Paths) string
	}{
		{"the store is missing", func(t *testing.T, p config.Paths) { remove(t, p.Store) }, store.ErrNoStore, func(p config.Paths) string { return p.Store }},
		{"the pepper is missing", func(t *testing.T, p config.Paths) { remove(t, p.Pepper) }, config.ErrPepperMissing, pepper},
		{"the pepper is too short", func(t *testing.T, p config.Paths) {
			put(t, p.Pepper, "tag 1 "+strings.Repeat("A", 43)+"=\npepper 1 c2hvcnQ=\n")
		}, issuer.ErrPepperShort, pepper},
		{"the pepper is another store's", func(t *testing.T, p config.Paths) { put(t, p.Pepper, keyring(t, 1)) }, config.ErrPepperWrong, pepper},
		{"the pepper's version is gone", func(t *testing.T, p config.Paths) { put(t, p.Pepper, keyring(t, 2)) }, issuer.ErrPepperMissing, pepper},
		{"the pepper can be read by others", func(t *testing.T, p config.Paths) { chmod(t, p.Pepper) }, config.ErrExposed, pepper},
		{"the signing key is missing", func(t *testing.T, p config.Paths) { remove(t, p.SigningKey) }, config.ErrSigningKeyMissing, signing},
		{"the signing key is another store's", func(t *testing.T, p config.Paths) { put(t, p.SigningKey, otherSigner(t)) }, config.ErrSigningKeyWrong, signing},
		{"the signing key is a text", func(t *testing.T, p config.Paths) { put(t, p.SigningKey, "secret words") }, config.ErrSigningKeyForm, signing},
		{"the signing key can be read by others", func(t *testing.T, p config.Paths) { chmod(t, p.SigningKey) }, config.ErrExposed, signing},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			paths := made(t)
			c.spoil(t, paths)
			w, err := config.Open(t.Context(), paths, config.Mode{})
			if w != nil || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.file(paths)) {
				t.Fatalf("err = %v, want %v", err, c.want)
			}
			if strings.Contains(err.Error(), "secret words") || strings.Contains(err.Error(), "c2hvcnQ") {
				t.Errorf("the error quotes the file: %v", err)
			}
			if errors.Is(c.want, store.ErrNoStore) {
				return // init makes a new one
			}
			before := snapshot(t, paths)
			if _, err := config.Init(t.Context(), paths, rand.Reader, time.Now); !errors.Is(err, c.want) {
				t.Errorf("init: %v, want %v", err, c.want)
			}
			if after := snapshot(t, paths); after != before {
				t.Error("init changed the secret files of a store that stands")
			}
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, path string) {
	t.Helper()
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
}

func snapshot(t *testing.T, paths config.Paths) string {
	t.Helper()
	var all strings.Builder
	for _, path := range []string{paths.Pepper, paths.SigningKey} {
		content, err := os.ReadFile(path)
		fmt.Fprintln(&all, string(content), err)
	}
	return all.String()
}

func TestAnExposedFileComesWithTheCommandThatClosesIt(t *testing.T) {
	t.Parallel()
	paths := made(t)
	chmod(t, paths.Pepper)
	_, err := config.Open(t.Context(), paths, config.Mode{})
	if err == nil || !strings.Contains(err.Error(), "chmod 600 "+paths.Pepper) {
		t.Errorf("err = %v", err)
	}
}

func TestAStoreThatNobodySetUpIsNoStore(t *testing.T) {
	t.Parallel()
	paths := place(t)
	put(t, paths.SigningKey, "not a key") // init stops here, with a migrated file
	if _, err := config.Init(t.Context(), paths, rand.Reader, time.Now); !errors.Is(err, config.ErrSigningKeyForm) {
		t.Fatalf("err = %v", err)
	}
	if _, err := config.Open(t.Context(), paths, config.Mode{}); !errors.Is(err, store.ErrNoStore) {
		t.Errorf("err = %v", err)
	}
	remove(t, paths.SigningKey)
	if m := initialise(t, paths); !m.StoreCreated {
		t.Errorf("made = %+v", m)
	}
}

func TestReadingNeedsNoSigningKeyAndListsNeedNoSecret(t *testing.T) {
	t.Parallel()
	paths := made(t)
	remove(t, paths.SigningKey)
	w := open(t, paths, config.Mode{ReadOnly: true})
	if _, err := w.Seal(t.Context()); !errors.Is(err, config.ErrNoSigner) {
		t.Errorf("seal: %v", err)
	}
	if w.Keyring.Newest() != 1 {
		t.Error("the pepper was not read")
	}
	remove(t, paths.Pepper)
	for _, readOnly := range []bool{true, false} {
		w = open(t, paths, config.Mode{WithoutSecrets: true, ReadOnly: readOnly})
		if _, err := w.Keys.Keys(t.Context(), issuer.KeyQuery{}); err != nil {
			t.Error(err)
		}
		if w.Keyring == nil || w.Keyring.Newest() != 0 {
			t.Error("a keyring from nowhere")
		}
	}
}

func TestANewPepperVersionIsToldToTheStore(t *testing.T) {
	t.Parallel()
	paths := made(t)
	both := read(t, paths.Pepper)
	for line := range strings.Lines(keyring(t, 2)) {
		if strings.HasPrefix(line, "pepper ") {
			both += line
		}
	}
	put(t, paths.Pepper, both)
	w := open(t, paths, config.Mode{})
	if w.Keyring.Newest() != 2 {
		t.Fatalf("newest = %d", w.Keyring.Newest())
	}
	put(t, paths.Pepper, keyring(t, 2)) // the old one lost, and the new one exchanged
	if _, err := config.Open(t.Context(), paths, config.Mode{}); !errors.Is(err, issuer.ErrPepperMissing) && !errors.Is(err, config.ErrPepperWrong) {
		t.Errorf("err = %v", err)
	}
	if got := open(t, paths, config.Mode{WithoutSecrets: true}).Identity.PepperChecks; len(got) != 2 {
		t.Errorf("the store knows %d versions", len(got))
	}
}

func TestNoWayOfPrintingAWorkspaceShowsASecret(t *testing.T) {
	t.Parallel()
	paths := made(t)
	w := open(t, paths, config.Mode{})
	signer, err := audit.ParseSigner([]byte(read(t, paths.SigningKey)))
	if err != nil {
		t.Fatal(err)
	}
	var peppers []string
	for line := range strings.Lines(read(t, paths.Pepper)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] != "#" {
			peppers = append(peppers, fields[2])
		}
	}
	if len(peppers) != 2 {
		t.Fatal("no pepper to look for")
	}
	wrapped := struct{ inner config.Workspace }{*w}
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%d"} {
		shown := fmt.Sprintf(verb+verb+verb, w, *w, wrapped)
		for _, leak := range append(peppers, fmt.Sprintf("%x", signer.Seed()), strings.Trim(fmt.Sprintf("%d", signer.Seed()), "[]")) {
			if strings.Contains(shown, leak) {
				t.Errorf("%s shows a secret", verb)
			}
		}
	}
}
