package store

import (
	"strings"

	"github.com/keywright/keywright/issuer"
)

// joinScopes is the stored form: sorted, without doubles, one space between. The scope grammar has no space.
func joinScopes(scopes []issuer.Scope) (string, error) {
	normal, err := issuer.NormalScopes(scopes)
	if err != nil {
		return "", err
	}
	words := make([]string, len(normal))
	for i, scope := range normal {
		words[i] = string(scope)
	}
	return strings.Join(words, " "), nil
}

func splitScopes(joined string) []issuer.Scope {
	var scopes []issuer.Scope
	for _, word := range strings.Fields(joined) {
		scopes = append(scopes, issuer.Scope(word))
	}
	return scopes
}
