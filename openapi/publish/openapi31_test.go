package publish

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

func TestSchemasBecomeJSONSchema(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ schema, want string }{
		"nullable type":        {`{type: string, nullable: true}`, `{type: [string, 'null']}`},
		"nullable enum":        {`{type: string, enum: [a], nullable: true}`, `{type: [string, 'null'], enum: [a, null]}`},
		"nullable reference":   {`{nullable: true, description: d, allOf: [{$ref: '#/x'}]}`, `{description: d, anyOf: [{allOf: [{$ref: '#/x'}]}, {type: 'null'}]}`},
		"nullable object of":   {`{nullable: true, type: object, allOf: [{$ref: '#/x'}]}`, `{type: [object, 'null'], anyOf: [{allOf: [{$ref: '#/x'}]}, {type: 'null'}]}`},
		"nullable everything":  {`{nullable: true, description: d}`, `{description: d}`},
		"not nullable":         {`{type: string, nullable: false}`, `{type: string}`},
		"example":              {`{type: string, example: a}`, `{type: string, examples: [a]}`},
		"example null":         {`{type: string, nullable: true, example: null}`, `{type: [string, 'null'], examples: [null]}`},
		"exclusive minimum":    {`{type: integer, minimum: 1, exclusiveMinimum: true}`, `{type: integer, exclusiveMinimum: 1}`},
		"inclusive maximum":    {`{type: integer, maximum: 1, exclusiveMaximum: false}`, `{type: integer, maximum: 1}`},
		"property named so":    {`{properties: {example: {type: string, example: a}, nullable: {type: string}}}`, `{properties: {example: {type: string, examples: [a]}, nullable: {type: string}}}`},
		"items of a list":      {`{type: array, items: {type: string, nullable: true}}`, `{type: array, items: {type: [string, 'null']}}`},
		"other properties":     {`{additionalProperties: {type: string, nullable: true}}`, `{additionalProperties: {type: [string, 'null']}}`},
		"no other properties":  {`{additionalProperties: false}`, `{additionalProperties: false}`},
		"parts of composition": {`{oneOf: [{type: string, example: a}]}`, `{oneOf: [{type: string, examples: [a]}]}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schema, err := tree.Parse([]byte(tt.schema))
			require.NoError(t, err)
			eachWithin(schema, toJSONSchema)
			var got, want any
			require.NoError(t, schema.Decode(&got))
			require.NoError(t, yaml.Unmarshal([]byte(tt.want), &want))
			require.Equal(t, want, got)
		})
	}
}

func TestTheCopyIsValidOpenAPI31(t *testing.T) {
	t.Parallel()
	content, err := National.YAML31()
	require.NoError(t, err)
	doc, err := openapi3.NewLoader().LoadFromData(content)
	require.NoError(t, err)
	require.Equal(t, "3.1.0", doc.OpenAPI)
	require.NoError(t, doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableMultiError()))
	require.NotContains(t, string(content), "nullable:")
	require.Equal(t, 1, strings.Count(string(content), "openapi: 3.1.0"))
}

// What the copy says in other words it still says: apart from schemas, both documents are the same, and no schema of a
// name is lost.
func TestTheCopyLosesNothing(t *testing.T) {
	t.Parallel()
	old, err := document("")
	require.NoError(t, err)
	copied, err := document31("")
	require.NoError(t, err)

	for name, schema := range tree.Entries(tree.At(old, "components", "schemas")) {
		other := tree.At(copied, "components", "schemas", name)
		require.NotNil(t, other, name)
		for property := range tree.Entries(tree.At(schema, "properties")) {
			require.NotNil(t, tree.At(other, "properties", property), "%s.%s", name, property)
		}
	}
	nullables := 0
	scalars(old, func(key string, value *yaml.Node) {
		if key == "nullable" && value.Value == "true" {
			nullables++
		}
	})
	nulls := 0
	scalars(copied, func(_ string, value *yaml.Node) {
		if value.Tag == "!!str" && value.Value == "null" {
			nulls++
		}
	})
	require.NotZero(t, nullables)
	require.GreaterOrEqual(t, nulls, nullables, "every nullable allows null")

	for _, root := range []*yaml.Node{old, copied} {
		tree.Delete(root, "openapi")
		withoutSchemas(root)
	}
	want, err := tree.YAML(old)
	require.NoError(t, err)
	got, err := tree.YAML(copied)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func withoutSchemas(n *yaml.Node) {
	tree.Delete(n, "schema")
	tree.Delete(n, "schemas")
	for _, child := range n.Content {
		withoutSchemas(child)
	}
}

// scalars shows every scalar together with the key that it stands under.
func scalars(n *yaml.Node, show func(key string, value *yaml.Node)) {
	for key, value := range tree.Entries(n) {
		if value.Kind == yaml.ScalarNode {
			show(key, value)
		}
		scalars(value, show)
	}
	for _, value := range tree.Items(n) {
		if value.Kind == yaml.ScalarNode {
			show("", value)
		}
		scalars(value, show)
	}
}
