//go:build linux

package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/keywright/keywright/internal/store/postgres"
	"github.com/keywright/keywright/issuer"
)

func TestInvalidationsArePrunedAFewAtATime(t *testing.T) {
	t.Parallel()
	s := open(t, server.Database(t), postgres.Options{})
	exec(t, s.Pool(), "INSERT INTO invalidation SELECT 1, n, 'none', '', 'test' FROM generate_series(1, 25599) n")
	exec(t, s.Pool(), "UPDATE epoch SET seq = 25599")
	rows := func() (count int) {
		if err := s.Pool().QueryRow(t.Context(), "SELECT count(*) FROM invalidation").Scan(&count); err != nil {
			t.Fatal(err)
		}
		return count
	}
	act := issuer.Act{Actor: "test"}
	if err := s.CreateFamily(t.Context(), issuer.Family{Prefix: "acme"}, act); err != nil { // number 25600
		t.Fatal(err)
	}
	if got := rows(); got != 25600-4096 {
		t.Errorf("%d rows are left, of 25600: one change takes away at most 4096", got)
	}
	if err := s.CreateFamily(t.Context(), issuer.Family{Prefix: "other"}, act); err != nil {
		t.Fatal(err)
	}
	if got := rows(); got != 25600-4096+1 {
		t.Errorf("%d rows: the next change prunes nothing", got)
	}
}

func TestWhereTheDatabaseStandsIsNoSecretFromOrdinaryUsers(t *testing.T) {
	t.Parallel()
	s := open(t, server.Database(t), postgres.Options{})
	tx, err := s.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background()) //nolint:errcheck // the role is to go
	for _, statement := range []string{"CREATE ROLE keywright_plain", "SET LOCAL ROLE keywright_plain"} {
		if _, err := tx.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	var place string
	if err := tx.QueryRow(t.Context(), "SELECT keywright_place()").Scan(&place); err != nil || strings.Count(place, "/") != 2 {
		t.Errorf("place = %q, %v", place, err)
	}
}
