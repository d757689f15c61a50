package webhook_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/keywright/keywright/webhook"
)

// A delivery that the secret signed is kept and answered with 202, all others are refused.
func ExampleHandler() {
	key := []byte("at least sixteen random bytes")
	inbox := &memory{} // in a program, a store
	door, err := webhook.Handler(webhook.Options{Secrets: [][]byte{key}, Inbox: inbox})
	if err != nil {
		fmt.Println(err)
		return
	}
	const body = `{"ref":"refs/heads/main","before":"0000000000000000000000000000000000000000",
		"after":"1111111111111111111111111111111111111111","repository":{"id":7,"full_name":"octo/demo"}}`
	for _, signature := range []string{webhook.Sign(key, []byte(body)), "sha256=forged"} {
		r := httptest.NewRequest(http.MethodPost, "/github", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-GitHub-Event", "push")
		r.Header.Set("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
		r.Header.Set(webhook.SignatureHeader, signature)
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		fmt.Println(w.Code, len(inbox.kept))
	}
	// Output:
	// 202 1
	// 401 1
}
