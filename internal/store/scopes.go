package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/keywright/keywright/issuer"
)

// joinScopes is the stored form: sorted, without doubles, one space between. The scope grammar has no space.
func joinScopes(scopes []issuer.Scope) (string, error) {
	sorted := slices.Compact(slices.Sorted(slices.Values(scopes)))
	words := make([]string, len(sorted))
	for i, scope := range sorted {
		if scope == "" || strings.ContainsAny(string(scope), " \t\r\n") {
			return "", fmt.Errorf("scope %q: %w", scope, issuer.ErrScope)
		}
		words[i] = string(scope)
	}
	joined := strings.Join(words, " ")
	return joined, checkTexts(field{"scopes", joined})
}

func splitScopes(joined string) []issuer.Scope {
	var scopes []issuer.Scope
	for _, word := range strings.Fields(joined) {
		scopes = append(scopes, issuer.Scope(word))
	}
	return scopes
}
