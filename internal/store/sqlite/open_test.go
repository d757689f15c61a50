package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/internal/store"
	"github.com/keywright/keywright/internal/store/sqlite"
	"github.com/keywright/keywright/issuer"
)

func TestWhatCannotBeOpenedSaysWhatToDo(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		make    func(t *testing.T, path string)
		options sqlite.Options
		want    error
		advice  string
	}{
		{"no file", func(*testing.T, string) {}, sqlite.Options{}, store.ErrNoStore, "keywright init"},
		{"no file, to be read", func(*testing.T, string) {}, sqlite.Options{ReadOnly: true, Create: true}, store.ErrNoStore, "keywright init"},
		{"an empty file", write(""), sqlite.Options{}, store.ErrNoStore, "keywright init"},
		{"an empty file, to be read", write(""), sqlite.Options{ReadOnly: true}, store.ErrNoStore, "keywright init"},
		{"a text", write("dear diary, this is longer than a header would be: " + strings.Repeat("x", 200)), sqlite.Options{Create: true}, store.ErrNotAStore, "KEYWRIGHT_STORE"},
		{"a folder", mkdir, sqlite.Options{Create: true}, store.ErrNotAStore, "KEYWRIGHT_STORE"},
		{"another program's database", foreign, sqlite.Options{Create: true}, store.ErrNotAStore, "KEYWRIGHT_STORE"},
		{"a newer schema", migrated("INSERT INTO schema_version (version_id, is_applied) VALUES (999, 1)"), sqlite.Options{}, store.ErrNewerSchema, "install"},
		{"a newer schema, to be read", migrated("INSERT INTO schema_version (version_id, is_applied) VALUES (999, 1)"), sqlite.Options{ReadOnly: true}, store.ErrNewerSchema, "install"},
		{"an older schema, to be read", migrated("DELETE FROM schema_version WHERE version_id > 0"), sqlite.Options{ReadOnly: true}, store.ErrOlderSchema, "keywright init"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "keywright.db")
			c.make(t, path)
			before, _ := os.ReadFile(path)
			s, err := sqlite.Open(t.Context(), path, c.options)
			if s != nil || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.advice) || !strings.Contains(err.Error(), path) {
				t.Errorf("err = %v, want %v", err, c.want)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was written to")
			}
		})
	}
}

func write(content string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func mkdir(t *testing.T, path string) {
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func foreign(t *testing.T, path string) {
	db := raw(t, path)
	exec(t, db, "CREATE TABLE diary (entry TEXT)")
}

// migrated makes a store, and changes it behind its back.
func migrated(statement string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		s, err := sqlite.Open(t.Context(), path, sqlite.Options{Create: true})
		if err != nil {
			t.Fatal(err)
		}
		exec(t, s.Writer(), statement)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestADamagedFileIsNotCalledSomethingElse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keywright.db")
	migrated("VACUUM")(t, path)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(content); i++ {
		content[i] = 0xa5
	}
	write(string(content))(t, path)
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if s != nil || !errors.Is(err, store.ErrDamaged) {
		t.Errorf("err = %v", err)
	}
}

func TestAFileIsLockedByAnotherProcessForAChangeOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keywright.db")
	s := open(t, path, sqlite.Options{Create: true, BusyTimeout: 20 * time.Millisecond})
	other := open(t, path, sqlite.Options{})
	tx, err := other.Writer().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // it held the lock, that is all
	err = s.CreateFamily(t.Context(), issuer.Family{Prefix: "acme"}, issuer.Act{Actor: "test"})
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), "another process") {
		t.Errorf("err = %v", err)
	}
	if _, err := s.Families(t.Context()); err != nil {
		t.Errorf("a read waits for the writer: %v", err)
	}
}

func TestAReadOnlyStoreReadsAndRefusesChanges(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keywright.db")
	open(t, path, sqlite.Options{Create: true})
	s := open(t, path, sqlite.Options{ReadOnly: true})
	if _, err := s.Families(t.Context()); err != nil {
		t.Error(err)
	}
	err := s.CreateFamily(t.Context(), issuer.Family{Prefix: "acme"}, issuer.Act{Actor: "test"})
	if !errors.Is(err, store.ErrReadOnly) || s.Writer() != nil {
		t.Errorf("err = %v", err)
	}
}

func TestAFileThatTheSystemKeepsReadOnlyIsSaidToBe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keywright.db")
	s := open(t, path, sqlite.Options{Create: true})
	// What SQLite says of a write to such a file. As root a mode stops nobody, so the mode alone would not do.
	exec(t, s.Writer(), "PRAGMA query_only = on")
	err := s.CreateFamily(t.Context(), issuer.Family{Prefix: "acme"}, issuer.Act{Actor: "test"})
	if !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("err = %v", err)
	}
}

func TestAChangeWithJobsNeedsAQueue(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "keywright.db"), sqlite.Options{Create: true})
	act := issuer.Act{Actor: "test"}
	if err := s.CreateFamily(t.Context(), issuer.Family{Prefix: "acme"}, act); err != nil {
		t.Fatal(err)
	}
	key := issuer.Key{ID: "abcdefghijkl", Family: "acme", Owner: "alice", Status: issuer.StatusActive}
	if err := s.CreateKey(t.Context(), key, act, jobs.NotifyOwner{}); !errors.Is(err, store.ErrNoQueue) {
		t.Errorf("err = %v", err)
	}
	if _, err := s.Key(t.Context(), key.ID); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("the key is there without its job: %v", err)
	}
}

func TestOnlyTheOwnerCanReadTheFiles(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "a", "b")
	path := filepath.Join(folder, "keywright.db")
	open(t, path, sqlite.Options{Create: true})
	for _, name := range []string{path, path + "-wal", path + "-shm", path + ".lock"} {
		if got := mode(t, name); got != 0o600 {
			t.Errorf("%s has mode %04o", name, got)
		}
	}
	for _, name := range []string{folder, filepath.Dir(folder)} {
		if got := mode(t, name); got != 0o700 {
			t.Errorf("%s has mode %04o", name, got)
		}
	}
}

func TestAFileOpenToOthersIsClosedAndSaid(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keywright.db")
	migrated("SELECT 1")(t, path)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	s := open(t, path, sqlite.Options{})
	if notes := s.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "0644") || mode(t, path) != 0o600 {
		t.Errorf("mode %04o, notes %q", mode(t, path), notes)
	}
	if notes := open(t, path, sqlite.Options{}).Notes(); len(notes) != 0 {
		t.Errorf("said again: %q", notes)
	}
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	found, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return found.Mode().Perm()
}

func TestAPathIsAPathWhateverItLooksLike(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "a?mode=memory.db", "50%41.db", "a#b.db", "ü.db", "file:x.db"} {
		path := filepath.Join(t.TempDir(), name)
		open(t, path, sqlite.Options{Create: true})
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil || len(entries) != 4 {
			t.Errorf("%q: %v, %v", name, entries, err)
		}
	}
}

func TestManyMayOpenAndMigrateAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keywright.db")
	const processes = 6
	errs := make([]error, processes)
	var all sync.WaitGroup
	for i := range processes {
		all.Go(func() { errs[i] = openAndChange(t.Context(), path, i) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	families, err := open(t, path, sqlite.Options{}).Families(t.Context())
	if err != nil || len(families) != processes {
		t.Errorf("%d families, %v", len(families), err)
	}
}

func openAndChange(ctx context.Context, path string, n int) error {
	s, err := sqlite.Open(ctx, path, sqlite.Options{Create: true})
	if err != nil {
		return err
	}
	family := issuer.Family{Prefix: issuer.Prefix(fmt.Sprintf("f%d", n))}
	return errors.Join(s.CreateFamily(ctx, family, issuer.Act{Actor: "test"}), s.Close())
}

func TestAnUnfinishedMakingIsFinished(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keywright.db")
	db := raw(t, path)
	exec(t, db, "PRAGMA application_id = 1264022132") // "KWrt", and then its maker was stopped
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, path, sqlite.Options{}).Families(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTheWriterKeepsItsPromisesInPragmas(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "keywright.db"), sqlite.Options{Create: true})
	// synchronous 2 is FULL: NORMAL would lose an acknowledged revocation when the power fails.
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
		var got string
		if err := s.Writer().QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %s, want %s (%v)", pragma, got, want, err)
		}
	}
}

func TestTheSchemaItselfRefuses(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "keywright.db"), sqlite.Options{Create: true})
	act := issuer.Act{Actor: "test"}
	if err := s.CreateFamily(t.Context(), issuer.Family{Prefix: "acme"}, act); err != nil {
		t.Fatal(err)
	}
	key := issuer.Key{ID: "abcdefghijkl", Family: "acme", Owner: "alice", Status: issuer.StatusActive}
	if err := s.CreateKey(t.Context(), key, act); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Revoke(t.Context(), issuer.Revocation{Key: key.ID, Act: act}); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ name, statement, want string }{
		{"a revoked key made active", "UPDATE keys SET status = 'active', revoked_at = NULL, changed_seq = 99", "final"},
		{"a revoked key made active with a right sequence", "UPDATE epoch SET seq = 99; UPDATE keys SET status = 'active', revoked_at = NULL, changed_seq = 99", "final"},
		{"a scope without a sequence", "UPDATE keys SET scopes = 'x'", "sequence"},
		{"a family with keys deleted", "DELETE FROM families", "FOREIGN KEY"},
		{"a second epoch", "INSERT INTO epoch (one, seq, events) VALUES (2, 0, 0)", "CHECK"},
		{"a short digest", "UPDATE keys SET digest = x'00'", "CHECK"},
	}
	for _, c := range cases {
		_, err := s.Writer().ExecContext(t.Context(), c.statement)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
