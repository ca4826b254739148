package httpapi

import (
	"errors"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/validation"
)

// operation is the part of an operation's contract that the chain needs. It is
// read once, before the first request.
type operation struct {
	id, method, path string
	scopes           []string
	public           bool                  // no token
	replaced         map[rules.ID]rules.ID // gateway's rule to the operation's rule that replaces it
	on               func(rules.ID) bool   // whether a rule is switched on
	body             *validation.Body      // nil: a body is ignored
	signed           bool                  // a field of the body is signed content
	query            []string              // declared query parameters
	filters          map[string]*openapi3.Schema
	paged            bool
	idempotent       bool     // accepts an idempotency key
	aliases          []string // further paths of the contract at which it is served
}

// operations reads all operations of the contract, by operationId.
func operations(doc *openapi3.T) (map[string]*operation, error) {
	all := map[string]*operation{}
	var errs []error
	for path, item := range doc.Paths.Map() {
		for method, spec := range item.Operations() {
			op, err := newOperation(path, method, item, spec)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s %s: %w", method, path, err))
				continue
			}
			all[spec.OperationID] = op
		}
	}
	return all, errors.Join(errs...)
}

func newOperation(path, method string, item *openapi3.PathItem, spec *openapi3.Operation) (*operation, error) {
	op := &operation{id: spec.OperationID, method: method, path: path, replaced: map[rules.ID]rules.ID{}, filters: map[string]*openapi3.Schema{}}
	if spec.Security == nil {
		return nil, errors.New("security is not declared")
	}
	op.public = len(*spec.Security) == 0
	op.idempotent = spec.Extensions["x-idempotent"] == true
	if aliases, ok := spec.Extensions["x-aliases"].([]any); ok {
		for _, alias := range aliases {
			op.aliases = append(op.aliases, fmt.Sprint(alias))
		}
	}
	if !op.public { // all security requirements have the same scopes; they differ by keys sent beside the token
		op.scopes = (*spec.Security)[0]["oauth2"]
	}
	for _, rule := range rules.OfOperation(op.id) {
		for _, id := range rule.Replaces {
			op.replaced[id] = rule.ID
		}
	}
	for _, parameter := range append(item.Parameters, spec.Parameters...) {
		if p := parameter.Value; p.In == openapi3.ParameterInQuery {
			op.query = append(op.query, p.Name)
			if p.Schema != nil {
				op.filters[p.Name] = p.Schema.Value
			}
			op.paged = op.paged || p.Name == "page"
		}
	}
	if spec.RequestBody != nil {
		body, err := validation.NewBody(spec)
		if err != nil {
			return nil, fmt.Errorf("prepare body validation: %w", err)
		}
		op.body = body
		op.signed = hasSigned(spec.RequestBody.Value.Content.Get(echo.MIMEApplicationJSON).Schema.Value)
	}
	return op, nil
}

// hasSigned returns whether a field of a body is signed content.
func hasSigned(body *openapi3.Schema) bool {
	for _, property := range body.Properties {
		if property.Value.Format == validation.SignedContent {
			return true
		}
	}
	return false
}

// refuse returns the refusal of a gateway's rule, or of the operation's rule that
// replaces it.
func (op *operation) refuse(id rules.ID, args ...any) *fault.Error {
	own, ok := op.replaced[id]
	if !ok || !op.on(own) {
		return fault.Refuse(id, args...)
	}
	refusal := fault.Refuse(own, args...)
	refusal.Guard = id
	return refusal
}

// prefix returns the part of the path before its first parameter, as the gateway
// prints it: /api/patients.
func prefix(path string) string {
	head, _, _ := strings.Cut(path, "/{")
	if i := strings.Index(head, "/actions"); i > 0 {
		head = head[:i]
	}
	return head
}
