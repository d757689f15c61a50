package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/keywright/keywright/internal/jobs"
	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/lease"
	"github.com/keywright/keywright/issuer/middleware"
)

// Verifier decides about keys: *issuer.Verifier is one.
type Verifier interface {
	middleware.Verifier
	// Check is Verify without being a use.
	Check(ctx context.Context, found issuer.Plaintext) issuer.Decision
}

// Revoker ends keys: *issuer.Issuer is one.
type Revoker interface {
	Revoke(ctx context.Context, r issuer.Revocation, next ...jobs.Args) (issuer.Revoked, error)
}

// Deps are what the API calls.
type Deps struct {
	Verifier Verifier
	Revoker  Revoker
	Awaiter  lease.Awaiter // nil: lease.Direct
	Guard    middleware.Options
	Ready    func(ctx context.Context) error // of the store; nil: always ready
	Log      *slog.Logger                    // nil: nothing is logged
}

// readyTimeout bounds one question of /readyz.
const readyTimeout = 2 * time.Second

// Handler serves:
//
//	POST /v1/keys/verify         is this key valid, and for what
//	GET  /v1/whoami              who the request's key stands for
//	POST /v1/credentials/revoke  revoke the keys that the body holds; possession is the proof
//	GET  /healthz                the process runs
//	GET  /readyz                 the store answers
func Handler(deps Deps) http.Handler {
	if deps.Awaiter == nil {
		deps.Awaiter = lease.Direct{}
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	route(mux, http.MethodPost, "/v1/keys/verify", http.HandlerFunc(deps.verify))
	route(mux, http.MethodGet, "/v1/whoami", middleware.Guard(deps.Verifier, deps.Guard)(http.HandlerFunc(whoami)))
	route(mux, http.MethodPost, "/v1/credentials/revoke", http.HandlerFunc(deps.revoke))
	route(mux, http.MethodGet, "/healthz", http.HandlerFunc(healthz))
	route(mux, http.MethodGet, "/readyz", http.HandlerFunc(deps.readyz))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		middleware.Problem{Status: http.StatusNotFound, Code: "not_found", Detail: "there is no such path"}.Write(w, r)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, middleware.WithRequestID(r, requestID(r, deps.Guard)))
	})
}

func requestID(r *http.Request, options middleware.Options) string {
	if options.RequestID != nil {
		return options.RequestID(r)
	}
	return middleware.NewRequestID()
}

// route serves one method of a path; any other gets 405 as a problem, which ServeMux would write as text.
func route(mux *http.ServeMux, method, path string, handler http.Handler) {
	mux.Handle(method+" "+path, handler)
	mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", method)
		middleware.Problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Detail: "only " + method + " is served here"}.Write(w, r)
	})
}

func healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (d Deps) readyz(w http.ResponseWriter, r *http.Request) {
	if d.Ready != nil {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := d.Ready(ctx); err != nil {
			d.Log.WarnContext(ctx, "not ready", "error", err)
			d.unavailable(w, r, "not_ready", "the store does not answer")
			return
		}
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

func (Deps) unavailable(w http.ResponseWriter, r *http.Request, code, detail string) {
	w.Header().Set("Retry-After", "1")
	middleware.Problem{Status: http.StatusServiceUnavailable, Code: code, Detail: detail}.Write(w, r)
}

// principalBody is who a key stands for.
type principalBody struct {
	KeyID  issuer.KeyID   `json:"key_id"`
	Owner  string         `json:"owner"`
	Family issuer.Prefix  `json:"family"`
	Scopes []issuer.Scope `json:"scopes"`
}

func bodyOf(p issuer.Principal) principalBody {
	return principalBody{KeyID: p.KeyID, Owner: p.Owner, Family: p.Family, Scopes: append([]issuer.Scope{}, p.Scopes...)}
}

func whoami(w http.ResponseWriter, r *http.Request) {
	principal, ok := issuer.PrincipalFrom(r.Context())
	if !ok { // the guard before this puts it there
		middleware.Problem{Status: http.StatusInternalServerError, Code: "no_principal", Detail: "the guard is missing"}.Write(w, r)
		return
	}
	writeJSON(w, http.StatusOK, bodyOf(principal))
}

// isJSON is whether the request says that its body is JSON.
func isJSON(r *http.Request) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/json")
}
