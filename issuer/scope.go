package issuer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Caps on scopes.
const (
	MaxScopeLen = 64  // bytes
	MaxScopes   = 100 // of one key or family
)

// ErrScopeGrammar says that a scope breaks the grammar of [Scope.Valid].
var ErrScopeGrammar = errors.New("a scope is words of [a-z0-9_.-] joined by colons, at most 64 bytes; the last word but not the first may be *")

// Valid is nil, or [ErrScopeGrammar]: `[a-z0-9_.-]+(:[a-z0-9_.-]+)*(:\*)?`, at most 64 bytes.
func (s Scope) Valid() error {
	if len(s) == 0 || len(s) > MaxScopeLen {
		return ErrScopeGrammar
	}
	words := strings.Split(string(s), ":")
	if last := len(words) - 1; last > 0 && words[last] == "*" {
		words = words[:last]
	}
	for _, word := range words {
		if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != "" {
			return ErrScopeGrammar
		}
	}
	return nil
}

// Covers says whether one of have grants want: the same scope, or one that ends in `:*` and whose words before
// it are want's first ones. `orders:*` covers `orders:read` and `orders:items:read`, not `orders`.
func Covers(have []Scope, want Scope) bool {
	return slices.ContainsFunc(have, func(h Scope) bool {
		if h == want {
			return true
		}
		wild := strings.HasSuffix(string(h), ":*")
		return wild && strings.HasPrefix(string(want), string(h[:len(h)-1]))
	})
}

// NormalScopes checks scopes and returns them sorted, each once. nil for none.
//
// Errors: ErrScopeGrammar with the place in the list, never the text: it may be anything that was pasted.
func NormalScopes(scopes []Scope) ([]Scope, error) {
	if len(scopes) > MaxScopes {
		return nil, fmt.Errorf("%d scopes, at most %d: %w", len(scopes), MaxScopes, ErrInvalid)
	}
	for i, scope := range scopes {
		if err := scope.Valid(); err != nil {
			return nil, fmt.Errorf("scope %d: %w", i+1, err)
		}
	}
	sorted := slices.Clone(scopes)
	slices.Sort(sorted)
	return slices.Compact(sorted), nil
}
