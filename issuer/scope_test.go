package issuer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/keywright/keywright/issuer"
)

func TestScopeGrammar(t *testing.T) {
	t.Parallel()
	for scope, valid := range map[issuer.Scope]bool{
		"orders": true, "orders:read": true, "orders:*": true, "a.b_c-9:x:*": true, issuer.Scope(strings.Repeat("a", 64)): true,
		"": false, "*": false, "*:read": false, "orders:*:read": false, "orders:re*": false, "orders:": false, ":read": false,
		"orders::read": false, "Orders": false, "orders read": false, "orders:read\n": false, issuer.Scope(strings.Repeat("a", 65)): false,
	} {
		if err := scope.Valid(); (err == nil) != valid || (err != nil && !errors.Is(err, issuer.ErrScopeGrammar)) {
			t.Errorf("Scope(%.20q).Valid() = %v", scope, err)
		}
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		have []issuer.Scope
		want issuer.Scope
		is   bool
	}{
		{"nothing covers nothing", nil, "orders:read", false},
		{"a scope covers itself", []issuer.Scope{"users:read", "orders:read"}, "orders:read", true},
		{"a wildcard covers an action", []issuer.Scope{"orders:*"}, "orders:read", true},
		{"a wildcard covers deeper words", []issuer.Scope{"orders:*"}, "orders:items:read", true},
		{"a wildcard covers itself", []issuer.Scope{"orders:*"}, "orders:*", true},
		{"a wildcard does not cover its stem", []issuer.Scope{"orders:*"}, "orders", false},
		{"a wildcard does not cover a longer word", []issuer.Scope{"orders:*"}, "orders2:read", false},
		{"an action does not cover the wildcard", []issuer.Scope{"orders:read"}, "orders:*", false},
		{"a star alone, which no grammar lets in, covers only itself", []issuer.Scope{"*"}, "orders:read", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := issuer.Covers(tc.have, tc.want); got != tc.is {
				t.Errorf("Covers = %v", got)
			}
		})
	}
}

func TestNormalScopesAreSortedAndUnique(t *testing.T) {
	t.Parallel()
	in := []issuer.Scope{"b", "a:x", "b", "a"}
	got, err := issuer.NormalScopes(in)
	if err != nil || !slices.Equal(got, []issuer.Scope{"a", "a:x", "b"}) || in[0] != "b" {
		t.Errorf("NormalScopes = %v, %v", got, err)
	}
	if _, err := issuer.NormalScopes([]issuer.Scope{"ok", "pasted SECRET"}); !errors.Is(err, issuer.ErrScopeGrammar) || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("a bad scope: %v", err)
	}
	if _, err := issuer.NormalScopes(make([]issuer.Scope, issuer.MaxScopes+1)); !errors.Is(err, issuer.ErrInvalid) {
		t.Errorf("too many scopes: %v", err)
	}
}
