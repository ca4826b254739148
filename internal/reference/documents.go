package reference

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"esoz/internal/sandbox/world"
)

const aboutTrying = `Requests go to this sandbox and change its world. Each operation is filled in with a request that
passes: the token of a user who may call it, the API-key of a medical information system, path, query and body.
**Try it out**, **Execute**. What a request needs can be changed, and its checks lie one link further.

` + "`POST /_sandbox/reset`" + ` makes the world new.`

// trying is the document of the page to try: it stands for this sandbox alone,
// and each operation asks for the token and holds the values with which it
// passes.
func trying(document []byte, w *world.World) ([]byte, error) {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	doc.Info.Description = aboutTrying
	doc.Servers = openapi3.Servers{{URL: "../../", Description: "This sandbox"}}
	delete(doc.Components.SecuritySchemes, "oauth2") // bearer tokens are ready in its place
	for path, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			op.Parameters = append(op.Parameters, item.Parameters...)
			op.ExternalDocs = &openapi3.ExternalDocs{URL: "../rules/" + op.OperationID + "/", Description: "Its checks, in their order"}
			c, ok := w.Passing(op.OperationID)
			if !ok {
				continue
			}
			if err := fillIn(op, path, c.Request); err != nil {
				return nil, fmt.Errorf("fill in %s: %w", op.OperationID, err)
			}
			op.Security = securityOf(doc, w, c.Request)
		}
		item.Parameters = nil
	}
	raw, err := doc.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encode the contract: %w", err)
	}
	return raw, nil
}

// fillIn puts the values of a request in the place of an operation's examples.
func fillIn(op *openapi3.Operation, path string, request world.Request) error {
	address, err := url.Parse(request.Path)
	if err != nil {
		return fmt.Errorf("parse the path: %w", err)
	}
	values := map[string]string{}
	sent := strings.Split(address.Path, "/")
	for i, segment := range strings.Split(path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			values["path "+strings.TrimSuffix(name, "}")] = sent[i]
		}
	}
	for name, all := range address.Query() {
		values["query "+name] = all[0]
	}
	for name, value := range request.Headers {
		values["header "+name] = value
	}
	for i, ref := range op.Parameters {
		parameter := *ref.Value
		parameter.Example, parameter.Examples = nil, nil
		if parameter.Schema != nil {
			schema := *parameter.Schema.Value
			schema.Example, schema.Default = nil, nil
			parameter.Schema = schema.NewRef()
		}
		if value, ok := values[parameter.In+" "+parameter.Name]; ok {
			if parameter.Example, err = valueOf(value, parameter.Schema); err != nil {
				return fmt.Errorf("parameter %s: %w", parameter.Name, err)
			}
		}
		op.Parameters[i] = &openapi3.ParameterRef{Value: &parameter}
	}
	if op.RequestBody != nil && request.Body != nil {
		body := *op.RequestBody.Value
		media := *body.Content["application/json"]
		media.Example, media.Examples = request.Body, nil
		body.Content = openapi3.Content{"application/json": &media}
		op.RequestBody = &openapi3.RequestBodyRef{Value: &body}
	}
	return nil
}

// valueOf reads a value of a URL as its schema wants it.
func valueOf(text string, schema *openapi3.SchemaRef) (any, error) {
	if schema == nil || schema.Value.Type.Is(openapi3.TypeString) {
		return text, nil
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return nil, fmt.Errorf("%q is no %v: %w", text, schema.Value.Type, err)
	}
	return value, nil
}

// securityOf asks for what a request sends, and makes its token known.
func securityOf(doc *openapi3.T, w *world.World, request world.Request) *openapi3.SecurityRequirements {
	requirement := openapi3.NewSecurityRequirement()
	if token, ok := tokenOf(w, request); ok {
		doc.Components.SecuritySchemes[token.Name] = &openapi3.SecuritySchemeRef{Value: &openapi3.SecurityScheme{
			Type: "http", Scheme: "bearer", Description: "The token of " + token.Note + ".",
		}}
		requirement.Authenticate(token.Name)
	}
	if _, ok := request.Headers["API-key"]; ok {
		requirement.Authenticate("apiKey")
	}
	return openapi3.NewSecurityRequirements().With(requirement)
}

func tokenOf(w *world.World, request world.Request) (world.Token, bool) {
	for _, token := range w.Tokens {
		if request.Headers["Authorization"] == "Bearer "+token.Value {
			return token, true
		}
	}
	return world.Token{}, false
}

// secrets are what the page to try fills in, by security scheme.
func secrets(w *world.World) map[string]string {
	known := map[string]string{"apiKey": world.MISKey}
	for _, c := range w.Cases {
		if token, ok := tokenOf(w, c.Request); ok {
			known[token.Name] = token.Value
		}
	}
	return known
}
