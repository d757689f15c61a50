package middleware

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/limit"
)

// Verifier decides about a presented key: *issuer.Verifier is one.
type Verifier interface {
	Verify(ctx context.Context, presented issuer.Plaintext, request issuer.Request) issuer.Decision
}

// LimiterDown says what happens to a valid key's request when the limiter fails.
type LimiterDown string

// The policies. The zero value refuses.
const (
	LimiterDownClosed LimiterDown = ""     // 503
	LimiterDownOpen   LimiterDown = "open" // admitted; the response says so in HeaderUnlimited
)

// HeaderUnlimited marks a response that was admitted although the limiter failed.
const HeaderUnlimited = "Keywright-Unlimited"

const (
	defaultRealm = "keywright"
	retryAfter   = time.Second // when nothing could be decided
)

// Options of a guard. The zero value takes a Bearer key and asks for no scope.
type Options struct {
	Realm      string         // of the challenge; empty: "keywright"
	Header     string         // a header that may carry the key too, "X-API-Key" for example
	QueryParam string         // a query parameter that may; URLs are logged everywhere, so better none
	Scopes     []issuer.Scope // that every request needs

	Limiter     limit.Limiter // nil: no limit
	LimiterDown LimiterDown

	RequestID func(*http.Request) string // nil: a random one. It comes back in bodies, so it must not be a key
	// Observe is told of each decision, for logs and metrics; nil: nobody is. limiter is what the limiter failed with.
	Observe func(r *http.Request, decision issuer.Decision, limiter error)
}

func (o Options) realm() string {
	if o.Realm == "" {
		return defaultRealm
	}
	return o.Realm
}

func (o Options) observe(r *http.Request, decision issuer.Decision, limiter error) {
	if o.Observe != nil {
		o.Observe(r, decision, limiter)
	}
}

// Guard lets through what carries a valid key, with its issuer.Principal in the context.
//
//	no key              401, a challenge without an error code
//	several keys        400 invalid_request
//	a bad or dead key   401 invalid_token
//	a scope is missing  403 insufficient_scope
//	over the limit      429, RateLimit headers, Retry-After
//	cannot decide       503, Retry-After
//
// Order: key, scope, limit; so a dead key costs its owner no tokens.
func Guard(v Verifier, options Options) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r = withRequest(r, options)
			presented, err := Credential(r, options)
			if err != nil {
				refuseCredential(w, r, err)
				return
			}
			r = withoutParam(r, options.QueryParam)
			decision := v.Verify(r.Context(), presented, issuer.Request{Scopes: options.Scopes})
			if !decision.Valid() {
				options.observe(r, decision, nil)
				refuse(w, r, decision, options.Scopes)
				return
			}
			if !admit(w, r, decision, options) {
				return
			}
			if options.QueryParam != "" {
				w.Header().Set("Cache-Control", "private") // RFC 6750 section 2.3
			}
			next.ServeHTTP(w, r.WithContext(issuer.WithPrincipal(r.Context(), decision.Principal)))
		})
	}
}

// RequireScope lets through what a [Guard] before it gave a principal with all these scopes.
func RequireScope(scopes ...issuer.Scope) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			principal, ok := issuer.PrincipalFrom(r.Context())
			if !ok { // no guard stands before this: nobody is who they say they are
				refuseCredential(w, r, ErrNoCredential)
				return
			}
			for _, scope := range scopes {
				if !issuer.Covers(principal.Scopes, scope) {
					refuseScope(w, r, principal.KeyID, "the key lacks the scope "+string(scope), scopes)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

func refuseCredential(w http.ResponseWriter, r *http.Request, err error) {
	realm := realmFrom(r.Context())
	if errors.Is(err, ErrSeveralCredentials) {
		w.Header().Set("WWW-Authenticate", challenge(realm, "invalid_request", err.Error(), nil))
		Problem{Status: http.StatusBadRequest, Code: "invalid_request", Detail: err.Error()}.Write(w, r)
		return
	}
	w.Header().Set("WWW-Authenticate", challenge(realm, "", "", nil))
	Problem{Status: http.StatusUnauthorized, Code: "no_credentials", Detail: err.Error()}.Write(w, r)
}

func refuse(w http.ResponseWriter, r *http.Request, decision issuer.Decision, scopes []issuer.Scope) {
	switch decision.Code {
	case issuer.CodeInsufficientScope:
		refuseScope(w, r, decision.Principal.KeyID, decision.Reason, scopes)
	case issuer.CodeMalformed, issuer.CodeBadChecksum, issuer.CodeBadTag, issuer.CodeUnknownID, issuer.CodeWrongSecret,
		issuer.CodeRevoked, issuer.CodeExpired, issuer.CodeDisabled:
		detail := publicDetail(decision)
		w.Header().Set("WWW-Authenticate", challenge(realmFrom(r.Context()), "invalid_token", detail, nil))
		Problem{
			Status: http.StatusUnauthorized, Code: decision.PublicCode(), Detail: detail, KeyID: decision.Principal.KeyID,
		}.Write(w, r)
	case issuer.CodeUndecided, issuer.CodeValid:
		refuseUndecided(w, r, string(issuer.CodeUndecided), "the key could not be checked; try again")
	default: // the zero decision, or a code of a later version: nothing is said of the key
		refuseUndecided(w, r, string(issuer.CodeUndecided), "the key could not be checked; try again")
	}
}

// publicDetail is one text for all keys that do not exist: see issuer.Decision.PublicCode.
func publicDetail(decision issuer.Decision) string {
	if decision.PublicCode() != string(decision.Code) {
		return "no such key"
	}
	return decision.Reason
}

func refuseScope(w http.ResponseWriter, r *http.Request, key issuer.KeyID, detail string, scopes []issuer.Scope) {
	w.Header().Set("WWW-Authenticate", challenge(realmFrom(r.Context()), "insufficient_scope", detail, scopes))
	Problem{Status: http.StatusForbidden, Code: string(issuer.CodeInsufficientScope), Detail: detail, KeyID: key}.Write(w, r)
}

func refuseUndecided(w http.ResponseWriter, r *http.Request, code, detail string) {
	w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
	Problem{Status: http.StatusServiceUnavailable, Code: code, Detail: detail}.Write(w, r)
}

// admit asks the limiter about a valid key. It is false when it has answered.
func admit(w http.ResponseWriter, r *http.Request, decision issuer.Decision, options Options) bool {
	if options.Limiter == nil {
		options.observe(r, decision, nil)
		return true
	}
	result, err := options.Limiter.Allow(r.Context(), decision.Principal.KeyID, 1)
	options.observe(r, decision, err)
	if err != nil {
		if options.LimiterDown == LimiterDownOpen {
			w.Header().Set(HeaderUnlimited, "limiter down")
			return true
		}
		refuseUndecided(w, r, "limiter_down", "the limit of the key could not be checked; try again")
		return false
	}
	limit.SetHeaders(w.Header(), result)
	if !result.Allowed {
		Problem{
			Status: http.StatusTooManyRequests, Code: "rate_limited", KeyID: decision.Principal.KeyID,
			Detail: fmt.Sprintf("more than %d requests in %s", result.Limit.Quota, result.Limit.Window),
		}.Write(w, r)
	}
	return result.Allowed
}
