//go:build linux

package pgtest_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/keywright/keywright/internal/store/storetest/pgtest"
)

func TestEachDatabaseIsFreshAndTheServerLeavesNothing(t *testing.T) {
	t.Parallel()
	server := pgtest.New(nil)
	var folder string
	t.Cleanup(func() { // registered first, so it runs after the databases are dropped
		if err := errors.Join(server.Stop(), server.Stop()); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", folder, err)
		}
	})
	for range 2 {
		conn := connect(t, server.Database(t))
		folder = conn.Config().Host
		if _, err := conn.Exec(t.Context(), "CREATE TABLE mine (x int)"); err != nil {
			t.Error(err)
		}
	}
	conn := connect(t, server.Empty(t))
	for setting, want := range map[string]string{
		"TimeZone": "Asia/Kathmandu", "default_transaction_isolation": "repeatable read", "synchronous_commit": "off",
		"listen_addresses": "",
	} {
		var got string
		if err := conn.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, want %q (%v)", setting, got, want, err)
		}
	}
	var first string
	if err := conn.QueryRow(t.Context(), "SELECT min(x) FROM (VALUES ('a'), ('B')) AS v(x)").Scan(&first); err != nil || first != "a" {
		t.Errorf("%q sorts first, %v: the default collation is bytewise", first, err)
	}
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(t.Context()); err != nil && !strings.Contains(err.Error(), "context canceled") {
			t.Error(err)
		}
	})
	return conn
}

func TestAServerThatNobodyAskedForIsNotStarted(t *testing.T) {
	t.Parallel()
	if err := pgtest.New(nil).Stop(); err != nil {
		t.Error(err)
	}
}
