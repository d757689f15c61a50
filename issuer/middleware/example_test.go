package middleware_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/middleware"
)

func ExampleGuard() {
	orders := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "orders") })
	guard := middleware.Guard(&issuer.Verifier{}, middleware.Options{Header: "X-API-Key"})
	handler := guard(middleware.RequireScope("orders:read")(orders))

	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/orders", nil))
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))
	// Output: 401 Bearer realm="keywright"
}
