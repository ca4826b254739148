package gateway

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"

	"esoz/internal/platform/validation"
	"esoz/openapi"
)

// operation is what the contract says of how an operation is called.
type operation struct {
	id, path string
	scopes   []string
	public   bool   // no token
	query    string // its first query parameter, "" when it has none
	missing  string // a method that its path does not have
	signed   string // the field of its body that is signed content, "" when it has none
}

// schema is the part of a body's schema that the cases need.
type schema struct {
	Ref        string `json:"$ref"`
	Properties map[string]struct{ Format string }
}

type parameter struct {
	Name, In string
	Ref      string `json:"$ref"`
}

// operations of the contract, by id.
var operations = sync.OnceValue(func() []operation {
	var document struct {
		Paths      map[string]map[string]json.RawMessage
		Components struct {
			Parameters map[string]parameter
			Schemas    map[string]schema
		}
	}
	must(json.Unmarshal(openapi.Requests, &document))
	var all []operation
	for path, item := range document.Paths {
		var shared []parameter
		if raw, ok := item["parameters"]; ok {
			must(json.Unmarshal(raw, &shared))
			delete(item, "parameters")
		}
		for _, raw := range item {
			var spec struct {
				OperationID string
				Security    []map[string][]string // the ways in, which want the same scopes
				Parameters  []parameter
				RequestBody struct {
					Content map[string]struct{ Schema schema }
				}
			}
			must(json.Unmarshal(raw, &spec))
			op := operation{id: spec.OperationID, path: path, public: len(spec.Security) == 0}
			if !op.public {
				op.scopes = spec.Security[0]["oauth2"]
			}
			for _, p := range append(shared, spec.Parameters...) {
				if p.Ref != "" {
					p = document.Components.Parameters[p.Ref[strings.LastIndex(p.Ref, "/")+1:]]
				}
				if p.In == "query" {
					op.query = cmp.Or(op.query, p.Name)
				}
			}
			sent := spec.RequestBody.Content["application/json"].Schema
			if sent.Ref != "" {
				sent = document.Components.Schemas[sent.Ref[strings.LastIndex(sent.Ref, "/")+1:]]
			}
			for name, p := range sent.Properties {
				if p.Format == validation.SignedContent {
					op.signed = name
				}
			}
			for _, method := range []string{http.MethodDelete, http.MethodPut} {
				if _, has := item[strings.ToLower(method)]; !has {
					op.missing = cmp.Or(op.missing, method)
				}
			}
			all = append(all, op)
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return cmp.Compare(a.id, b.id) })
	return all
})

func must(err error) {
	if err != nil {
		panic(err) // the contract is generated
	}
}

// prefix is the part of the path that the gateway names: /api/patients.
func (o operation) prefix() string {
	head, _, _ := strings.Cut(o.path, "/{")
	head, _, _ = strings.Cut(head, "/actions")
	return head
}
