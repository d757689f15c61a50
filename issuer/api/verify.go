package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/middleware"
)

// MaxVerifyBytes caps the body of a verification.
const MaxVerifyBytes = 16 << 10

type verifyRequest struct {
	Key    *string        `json:"key"`    // or in Authorization: Bearer
	Scopes []issuer.Scope `json:"scopes"` // all are needed
}

type verifyAnswer struct {
	Valid  bool   `json:"valid"`
	Code   string `json:"code"`
	Reason string `json:"reason,omitempty"`

	// Only when the secret matched.
	*principalBody
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// verify answers 200 with valid true or false; 503 when nobody can say.
func (d Deps) verify(w http.ResponseWriter, r *http.Request) {
	presented, request, ok := d.readVerify(w, r)
	if !ok {
		return
	}
	decision := d.Verifier.Verify(r.Context(), presented, request)
	if decision.Code == issuer.CodeUndecided || decision.Code == "" {
		d.Log.ErrorContext(r.Context(), "verify", "error", decision.Err, "request_id", middleware.RequestIDFrom(r.Context()))
		d.unavailable(w, r, string(issuer.CodeUndecided), "the key could not be checked; try again")
		return
	}
	writeJSON(w, http.StatusOK, answerOf(decision))
}

func answerOf(decision issuer.Decision) verifyAnswer {
	answer := verifyAnswer{Valid: decision.Valid(), Code: decision.PublicCode()}
	if answer.Code == string(decision.Code) {
		answer.Reason = decision.Reason // the others would tell which ids exist
	}
	if decision.Key == nil {
		return answer
	}
	principal := bodyOf(decision.Principal)
	answer.principalBody = &principal
	if expires := decision.Key.ExpiresAt; !expires.IsZero() {
		answer.ExpiresAt = &expires
	}
	return answer
}

func (d Deps) readVerify(w http.ResponseWriter, r *http.Request) (presented issuer.Plaintext, request issuer.Request, ok bool) {
	bearer, err := middleware.Credential(r, middleware.Options{})
	if errors.Is(err, middleware.ErrSeveralCredentials) {
		badRequest(w, r, err.Error())
		return issuer.Plaintext{}, issuer.Request{}, false
	}
	inHeader := err == nil
	var body verifyRequest
	if (!inHeader || r.ContentLength != 0) && !readJSON(w, r, MaxVerifyBytes, &body) {
		return issuer.Plaintext{}, issuer.Request{}, false
	}
	switch {
	case inHeader && body.Key != nil:
		badRequest(w, r, middleware.ErrSeveralCredentials.Error())
		return issuer.Plaintext{}, issuer.Request{}, false
	case !inHeader && body.Key == nil:
		badRequest(w, r, "no key: send {\"key\": …} or Authorization: Bearer")
		return issuer.Plaintext{}, issuer.Request{}, false
	case body.Key != nil:
		bearer = issuer.Present(*body.Key)
	}
	scopes, err := issuer.NormalScopes(body.Scopes)
	if err != nil {
		badRequest(w, r, err.Error()) // names the place in the list, not the text
		return issuer.Plaintext{}, issuer.Request{}, false
	}
	return bearer, issuer.Request{Scopes: scopes}, true
}
