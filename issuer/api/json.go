package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/keywright/keywright/issuer/middleware"
)

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone: nobody to tell
}

// readJSON reads a body of at most limit bytes into v. It is false when it has answered. What encoding/json says
// about a bad body is not passed on: it quotes the body, which holds keys.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64, v any) bool {
	if !isJSON(r) {
		middleware.Problem{Status: http.StatusUnsupportedMediaType, Code: "not_json", Detail: "the Content-Type is not application/json"}.Write(w, r)
		return false
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(v)
	if err == nil {
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			return true
		}
		err = errors.New("more than one value")
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		middleware.Problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: fmt.Sprintf("the body is over %d bytes", limit)}.Write(w, r)
		return false
	}
	badRequest(w, r, "the body is not one JSON object with the fields that are documented")
	return false
}

func badRequest(w http.ResponseWriter, r *http.Request, detail string) {
	middleware.Problem{Status: http.StatusBadRequest, Code: "invalid_request", Detail: detail}.Write(w, r)
}
