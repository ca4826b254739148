package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"esoz/openapi"
)

// Document is an OpenAPI document that answers are checked against.
type Document struct {
	*openapi3.T

	router routers.Router
}

// NewDocument prepares the checks.
func NewDocument(doc *openapi3.T) (*Document, error) {
	anywhere := *doc
	anywhere.Servers = nil // a router would want their host names
	anywhere.Paths = openapi3.NewPaths()
	for path, item := range doc.Paths.Map() {
		anywhere.Paths.Set(path, item)
	}
	for _, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			aliases, _ := op.Extensions["x-aliases"].([]any)
			for _, alias := range aliases {
				at := openapi3.PathItem{Parameters: item.Parameters}
				if known := anywhere.Paths.Value(fmt.Sprint(alias)); known != nil {
					at = *known // other methods may be served there, too
				}
				at.SetOperation(method, op)
				anywhere.Paths.Set(fmt.Sprint(alias), &at)
			}
		}
	}
	router, err := gorillamux.NewRouter(&anywhere)
	if err != nil {
		return nil, fmt.Errorf("route the document: %w", err)
	}
	return &Document{T: doc, router: router}, nil
}

// Contract is the document of this API.
var Contract = sync.OnceValues(func() (*Document, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Shapes)
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	return NewDocument(doc)
})

// Check tells what the document does not allow in an answer: a status that is
// not declared, a field that is missing, a value of another type. The error
// holds no value of the answer.
func (d *Document) Check(method, path string, status int, header http.Header, body []byte) error {
	req, err := http.NewRequestWithContext(context.Background(), method, path, http.NoBody)
	if err != nil {
		return fmt.Errorf("path %q: %w", path, err)
	}
	route, params, err := d.router.FindRoute(req)
	if err != nil { // an unknown path or method: the answer is an error envelope all the same
		return d.checkRefusal(body)
	}
	err = openapi3filter.ValidateResponse(req.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 status, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		return errors.New(strings.Join(violations(err), "; "))
	}
	return nil
}

// template is the path of the operation that serves a request, "" when none does.
func (d *Document) template(method, path string) string {
	req, err := http.NewRequestWithContext(context.Background(), method, path, http.NoBody)
	if err != nil {
		return ""
	}
	route, _, err := d.router.FindRoute(req)
	if err != nil {
		return ""
	}
	return route.Path
}

func (d *Document) checkRefusal(body []byte) error {
	schema := d.Components.Schemas["ErrorResponse"]
	if schema == nil {
		return errors.New("the path is not declared")
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return errors.New("the body is not JSON")
	}
	if err := schema.Value.VisitJSON(value, openapi3.MultiErrors()); err != nil {
		return errors.New(strings.Join(violations(err), "; "))
	}
	return nil
}

// violations names the places and what is wrong there, each once. The texts of
// the library's errors print the whole answer.
func violations(err error) []string {
	var found []string
	switch err := err.(type) { //nolint:errorlint // each level is looked at in its turn
	case openapi3.MultiError:
		for _, e := range err {
			found = append(found, violations(e)...)
		}
	case *openapi3.SchemaError:
		if err.Origin != nil {
			return violations(err.Origin)
		}
		found = []string{"/" + strings.Join(err.JSONPointer(), "/") + ": " + err.Reason}
	case *openapi3filter.ResponseError:
		if schema := (*openapi3.SchemaError)(nil); errors.As(err.Err, &schema) && strings.HasPrefix(err.Reason, "response body") {
			return violations(err.Err)
		}
		found = []string{err.Reason}
	default:
		found = []string{err.Error()}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
