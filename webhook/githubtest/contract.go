package githubtest

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

//go:embed testdata/github.json
var description []byte

// contract is GitHub's description, ready to check traffic against.
type contract struct {
	doc    *openapi3.T
	router routers.Router
}

// loadContract reads the embedded slice, once per process: it is immutable afterwards.
var loadContract = sync.OnceValues(func() (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		return nil, fmt.Errorf("load GitHub's description: %w", err)
	}
	doc.Servers = nil // any host
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("route GitHub's description: %w", err)
	}
	return &contract{doc: doc, router: router}, nil
})

// options: no defaults are written into requests, and who may ask is the fake's own business.
func options() *openapi3filter.Options {
	return &openapi3filter.Options{
		SkipSettingDefaults:   true,
		IncludeResponseStatus: true,
		AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
	}
}

// exchange is one request that was found in the description.
type exchange struct {
	input *openapi3filter.RequestValidationInput
}

// request checks r, whose path has no prefix, and leaves its body readable. ok is false for an unknown path.
func (c *contract) request(ctx context.Context, r *http.Request, body []byte) (e exchange, ok bool, err error) {
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		return exchange{}, false, err
	}
	clone := r.Clone(ctx)
	clone.Body = io.NopCloser(bytes.NewReader(body))
	e.input = &openapi3filter.RequestValidationInput{Request: clone, PathParams: params, Route: route, Options: options()}
	return e, true, openapi3filter.ValidateRequest(ctx, e.input)
}

// response checks an answer to the exchange's request.
func (e exchange) response(ctx context.Context, status int, header http.Header, body []byte) error {
	return openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: e.input, Status: status, Header: header,
		Body: io.NopCloser(bytes.NewReader(body)), Options: options(),
	})
}

// schema finds a component by name.
func (c *contract) schema(name string) *openapi3.Schema {
	if ref := c.doc.Components.Schemas[name]; ref != nil {
		return ref.Value
	}
	return nil
}
