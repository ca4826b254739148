package httpapi

import (
	"errors"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/validation"
)

// operation is what the chain needs to know of an operation. It is read from
// the contract once, before the first request.
type operation struct {
	id, method, path string
	scopes           []string
	public           bool                  // no token
	replaced         map[rules.ID]rules.ID // gateway rules that the operation words itself
	body             *validation.Body      // nil: whatever is sent is ignored
	query            []string              // declared query parameters
	paged            bool
	idempotent       bool // heeds an idempotency key
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
	op := &operation{id: spec.OperationID, method: method, path: path, replaced: map[rules.ID]rules.ID{}}
	if spec.Security == nil {
		return nil, errors.New("security is not declared")
	}
	op.public = len(*spec.Security) == 0
	op.idempotent = spec.Extensions["x-idempotent"] == true
	if !op.public { // the ways in differ by the keys that are sent beside the token
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
			op.paged = op.paged || p.Name == "page"
		}
	}
	if spec.RequestBody != nil {
		body, err := validation.NewBody(spec)
		if err != nil {
			return nil, fmt.Errorf("prepare body validation: %w", err)
		}
		op.body = body
	}
	return op, nil
}

// refuse answers a gateway check with the gateway's rule or with the words that
// the operation's own document has for it.
func (op *operation) refuse(id rules.ID, args ...any) *fault.Error {
	own, ok := op.replaced[id]
	if !ok {
		return fault.Refuse(id, args...)
	}
	refusal := fault.Refuse(own, args...)
	refusal.Guard = id
	return refusal
}

// prefix is the part of the path before its first parameter, as the gateway
// prints it: /api/patients.
func prefix(path string) string {
	head, _, _ := strings.Cut(path, "/{")
	if i := strings.Index(head, "/actions"); i > 0 {
		head = head[:i]
	}
	return head
}
