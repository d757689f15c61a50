//go:build linux

package pgtest_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/keywright/keywright/internal/store/storetest/pgtest"
)

func TestEachDatabaseIsEmptyAndTheServerEnds(t *testing.T) {
	t.Parallel()
	server := pgtest.New(nil)
	for range 2 {
		conn, err := pgx.Connect(t.Context(), server.Database(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "CREATE TABLE mine (x int)"); err != nil {
			t.Error(err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	address := server.Database(t)
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	// After the databases' own clean-up, which runs first.
	t.Cleanup(func() {})
	folder := config.Host
	t.Run("the server's defaults are unlike what a store may take for granted", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context()) //nolint:errcheck // read only
		for setting, want := range map[string]string{
			"TimeZone": "Asia/Kathmandu", "default_transaction_isolation": "repeatable read", "synchronous_commit": "off",
		} {
			var got string
			if err := conn.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
				t.Errorf("%s = %s, want %s (%v)", setting, got, want, err)
			}
		}
		var first string
		if err := conn.QueryRow(t.Context(), "SELECT min(x) FROM (VALUES ('a'), ('B')) AS v(x)").Scan(&first); err != nil || first != "a" {
			t.Errorf("%q sorts first, %v: the collation is bytewise", first, err)
		}
	})
	if _, err := os.Stat(folder); err != nil {
		t.Error(err)
	}
}
