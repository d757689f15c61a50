package middleware

import (
	"errors"
	"net/http"
	"strings"

	"github.com/keywright/keywright/issuer"
)

// Errors of [Credential].
var (
	ErrNoCredential       = errors.New("the request carries no key")
	ErrSeveralCredentials = errors.New("the request carries several keys")
)

// Credential is what a request presents as its key: an `Authorization: Bearer`, the header that options name,
// or the query parameter that they name.
//
// An Authorization of another scheme is not ours and does not count. Errors: ErrNoCredential,
// ErrSeveralCredentials (RFC 6750 section 2: a client uses one method only).
func Credential(r *http.Request, options Options) (issuer.Plaintext, error) {
	var presented []string
	for _, value := range r.Header.Values("Authorization") {
		if isBearer(value) {
			presented = append(presented, value)
		}
	}
	if options.Header != "" && !strings.EqualFold(options.Header, "Authorization") {
		presented = append(presented, r.Header.Values(options.Header)...)
	}
	if options.QueryParam != "" {
		presented = append(presented, r.URL.Query()[options.QueryParam]...)
	}
	switch len(presented) {
	case 0:
		return issuer.Plaintext{}, ErrNoCredential
	case 1:
		return issuer.Present(presented[0]), nil
	default:
		return issuer.Plaintext{}, ErrSeveralCredentials
	}
}

func isBearer(value string) bool {
	const scheme = "bearer"
	value = strings.TrimLeft(value, " \t")
	if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return false
	}
	return len(value) == len(scheme) || value[len(scheme)] == ' ' || value[len(scheme)] == '\t'
}

// withoutParam is the request without the query parameter, so that no log of the handler shows the key.
func withoutParam(r *http.Request, param string) *http.Request {
	if param == "" || !r.URL.Query().Has(param) {
		return r
	}
	clean := r.Clone(r.Context())
	query := clean.URL.Query()
	query.Del(param)
	clean.URL.RawQuery = query.Encode()
	clean.RequestURI = clean.URL.RequestURI()
	return clean
}
