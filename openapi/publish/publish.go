// Package publish completes the contract for its readers. What follows from the contract and only readers want is added
// here and not in the contract itself: code samples, scopes by operation, the addresses of sources.
package publish

import (
	"fmt"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"

	"esoz/openapi"
	"esoz/openapi/tree"
)

// Documents are the forms of the published document. Each is made when it is first asked for.
type Documents struct {
	YAML, JSON func() ([]byte, error)
	YAML31     func() ([]byte, error) // a copy for readers who want OpenAPI 3.1
}

// National are the documents of the national system.
var National = For("")

// For returns the documents of a deployment at base; those of the national system when base is "".
func For(base string) Documents {
	once := func(make func(string) (*yaml.Node, error), write func(*yaml.Node) ([]byte, error)) func() ([]byte, error) {
		return sync.OnceValues(func() ([]byte, error) { return render(make, base, write) })
	}
	return Documents{YAML: once(document, tree.YAML), JSON: once(document, tree.JSON), YAML31: once(document31, tree.YAML)}
}

func render(make func(base string) (*yaml.Node, error), base string, write func(*yaml.Node) ([]byte, error)) ([]byte, error) {
	root, err := make(base)
	if err != nil {
		return nil, fmt.Errorf("publish the contract: %w", err)
	}
	return write(root)
}

// document is a new tree of the published document for a deployment at base.
func document(base string) (*yaml.Node, error) {
	root, err := tree.Parse(openapi.Document)
	if err != nil {
		return nil, err
	}
	setServer(root, base)
	eachSchema(root, usualFormats)
	addSourceURLs(tree.At(root, "x-rules"))
	for op := range operations(root) {
		addScopes(op.node)
		if tree.At(op.node, addedInVersion) == nil {
			tree.Set(op.node, addedInVersion, tree.Text(root, addedInVersion))
		}
		addSourceURLs(tree.At(op.node, "x-source"))
		addSourceURLs(tree.At(op.node, "x-rules"))
		samples, err := codeSamples(root, op)
		if err != nil {
			return nil, fmt.Errorf("code samples of %s: %w", op.id, err)
		}
		tree.Set(op.node, "x-codeSamples", samples)
		setKeys(op.node, base == "")
	}
	for machine := range statusMachines(root) {
		addSourceURLs(tree.At(machine, "transitions"))
	}
	return root, nil
}

// statusMachines yields the status machines of a document, which stand on schemas.
func statusMachines(root *yaml.Node) func(yield func(*yaml.Node) bool) {
	return func(yield func(*yaml.Node) bool) {
		for _, schema := range tree.Entries(tree.At(root, "components", "schemas")) {
			if machine := tree.At(schema, "x-status-machine"); machine != nil && !yield(machine) {
				return
			}
			for _, property := range tree.Entries(tree.At(schema, "properties")) {
				if machine := tree.At(property, "x-status-machine"); machine != nil && !yield(machine) {
					return
				}
			}
		}
	}
}

// addedInVersion tells which version of the document an operation came with. On the document itself it stands for the
// operations that do not say.
const addedInVersion = "x-addedInVersion"

// addScopes says which scopes the token must have, in a list that is empty when there are none. The security of an
// operation names them once for every way to send the keys that go with the token.
func addScopes(op *yaml.Node) {
	scopes := tree.Sequence()
	scopes.Style = yaml.FlowStyle
	for _, requirement := range tree.Items(tree.At(op, "security")) {
		for _, scope := range tree.Items(tree.At(requirement, "oauth2")) {
			known := func(n *yaml.Node) bool { return n.Value == scope.Value }
			if !slices.ContainsFunc(scopes.Content, known) {
				scopes.Content = append(scopes.Content, tree.Scalar(scope.Value))
			}
		}
	}
	tree.Set(op, "x-scopes", scopes)
}

// operation is a method of a path.
type operation struct {
	id, path, method string
	node             *yaml.Node
	parameters       []*yaml.Node // the path's and its own
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// operations yields the operations of a document in its order.
func operations(root *yaml.Node) func(yield func(operation) bool) {
	return func(yield func(operation) bool) {
		for path, item := range tree.Entries(tree.At(root, "paths")) {
			for method, n := range tree.Entries(item) {
				if !slices.Contains(methods, method) {
					continue
				}
				op := operation{id: tree.Text(n, "operationId"), path: path, method: method, node: n}
				op.parameters = slices.Concat(tree.Items(tree.At(item, "parameters")), tree.Items(tree.At(n, "parameters")))
				if !yield(op) {
					return
				}
			}
		}
	}
}
