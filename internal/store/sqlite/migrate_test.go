package sqlite

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestSchemaVersionIsTheLastMigration(t *testing.T) {
	t.Parallel()
	entries, err := files.ReadDir("migrations")
	if err != nil || len(entries) != schemaVersion {
		t.Fatalf("%d migrations, the version is %d (%v)", len(entries), schemaVersion, err)
	}
}

func TestMigrationsFromEmptyAndTwice(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keywright.db")
	s, err := Open(t.Context(), path, Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // nothing is left to be written
	before := schema(t, s)
	if !strings.Contains(before, "CREATE TABLE keys") {
		t.Fatal("there is no table of keys")
	}
	if err := migrate(t.Context(), path, s.db, Options{}.withDefaults()); err != nil {
		t.Fatal(err)
	}
	if after := schema(t, s); after != before {
		t.Errorf("a second migration changed the schema:\n%s\nto\n%s", before, after)
	}
}

func schema(t *testing.T, s *Store) string {
	t.Helper()
	var all string
	const text = "SELECT group_concat(sql, char(10) ORDER BY name) FROM sqlite_schema"
	if err := s.db.read.QueryRowContext(t.Context(), text).Scan(&all); err != nil {
		t.Fatal(err)
	}
	return all
}
