package middleware

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/keywright/keywright/issuer"
)

// Problem is the body of a refusal: RFC 9457, with code, request id and key id as extensions.
type Problem struct {
	Type      string       `json:"type"`  // always about:blank: Code says what it is
	Title     string       `json:"title"` // the status in words, as RFC 9457 section 4.2.1 asks for about:blank
	Status    int          `json:"status"`
	Detail    string       `json:"detail,omitempty"`
	Code      string       `json:"code"` // stable
	RequestID string       `json:"request_id,omitempty"`
	KeyID     issuer.KeyID `json:"key_id,omitempty"` // only after the secret matched
}

// Write sends the problem. Type, Title and the request id of the context are filled in. It is not cached.
func (p Problem) Write(w http.ResponseWriter, r *http.Request) {
	filled := p
	filled.Type, filled.Title = "about:blank", http.StatusText(p.Status)
	if filled.RequestID == "" {
		filled.RequestID = RequestIDFrom(r.Context())
	}
	body, err := json.Marshal(filled)
	if err != nil { // strings and an int: cannot happen
		http.Error(w, filled.Title, p.Status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the client is gone: nobody to tell
}

// challenge is a WWW-Authenticate value of RFC 6750 section 3. Without an error code it says only that a key is
// needed.
func challenge(realm, errorCode, description string, scopes []issuer.Scope) string {
	out := `Bearer realm="` + quotable(realm) + `"`
	if errorCode != "" {
		out += `, error="` + errorCode + `", error_description="` + quotable(description) + `"`
	}
	if len(scopes) > 0 {
		words := make([]string, len(scopes))
		for i, scope := range scopes {
			words[i] = string(scope)
		}
		out += `, scope="` + quotable(strings.Join(words, " ")) + `"`
	}
	return out
}

// quotable keeps what RFC 6750 allows inside the quotes: %x20-21 / %x23-5B / %x5D-7E.
func quotable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, text)
}
