package cmdio

import (
	"strings"

	"github.com/keywright/keywright/issuer"
)

// ToScopes are the scopes that flags name. They are checked by the issuer.
func ToScopes(texts []string) []issuer.Scope {
	scopes := make([]issuer.Scope, len(texts))
	for i, text := range texts {
		scopes[i] = issuer.Scope(text)
	}
	return scopes
}

// ScopeText shows scopes to people.
func ScopeText(scopes []issuer.Scope) string {
	if len(scopes) == 0 {
		return "(none)"
	}
	texts := make([]string, len(scopes))
	for i, scope := range scopes {
		texts[i] = string(scope)
	}
	return strings.Join(texts, " ")
}
