package publish

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

// document31 is the published document in the words of OpenAPI 3.1, whose schemas are those of JSON Schema 2020-12.
// The contract itself stays 3.0.3, which validators and generators read better.
func document31(base string) (*yaml.Node, error) {
	root, err := document(base)
	if err != nil {
		return nil, err
	}
	tree.Set(root, "openapi", "3.1.0")
	eachSchema(root, toJSONSchema)
	return root, nil
}

// toJSONSchema rewrites a schema.
func toJSONSchema(schema *yaml.Node) {
	exclusive(schema, "minimum", "exclusiveMinimum")
	exclusive(schema, "maximum", "exclusiveMaximum")
	if example := tree.Delete(schema, "example"); example != nil {
		tree.Set(schema, "examples", tree.Sequence(example))
	}
	if nullable := tree.Delete(schema, "nullable"); nullable != nil && nullable.Value == "true" {
		allowNull(schema)
	}
}

// exclusive turns `minimum: 1, exclusiveMinimum: true` into `exclusiveMinimum: 1`.
func exclusive(schema *yaml.Node, bound, flag string) {
	old := tree.Delete(schema, flag)
	if old == nil || old.Value != "true" {
		return
	}
	if limit := tree.Delete(schema, bound); limit != nil {
		tree.Set(schema, flag, limit)
	}
}

// compositions are what makes a schema of others.
var compositions = []string{"$ref", "allOf", "anyOf", "oneOf"}

// allowNull lets a schema also take null. A type gets null as one more; what is made of other schemas, which refuse null,
// stands beside it; and a schema that says neither takes every value anyway.
func allowNull(schema *yaml.Node) {
	made := tree.Mapping()
	for _, key := range compositions {
		if value := tree.Delete(schema, key); value != nil {
			tree.Set(made, key, value)
		}
	}
	if len(made.Content) > 0 {
		tree.Set(schema, "anyOf", tree.Sequence(made, tree.Mapping("type", "null")))
	}
	if kind := tree.At(schema, "type"); kind != nil {
		types := tree.Sequence(kind, "null")
		types.Style = yaml.FlowStyle
		tree.Set(schema, "type", types)
	}
	if enum := tree.At(schema, "enum"); enum != nil && !slices.ContainsFunc(enum.Content, isNull) {
		enum.Content = append(enum.Content, null())
	}
}

func isNull(n *yaml.Node) bool { return n.Tag == "!!null" }

func null() *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"} }
