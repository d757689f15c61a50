package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/api"
)

func ExampleHandler() {
	handler := api.Handler(api.Deps{Verifier: &issuer.Verifier{}, Revoker: &issuer.Issuer{}})
	r := httptest.NewRequest(http.MethodPost, "/v1/keys/verify", strings.NewReader(`{"key":"acme_live_mistyped"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output: 200 {"valid":false,"code":"malformed","reason":"not a key: length"}
}
