package publish

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

// eachSchema visits the schemas of a document, inner ones before those that they stand in.
func eachSchema(root *yaml.Node, visit func(*yaml.Node)) {
	for _, schema := range tree.Entries(tree.At(root, "components", "schemas")) {
		eachWithin(schema, visit)
	}
	eachOutside(root, visit)
}

// eachOutside finds the schemas of parameters, headers and contents. They stand under the key schema, which also could be
// a property's name; but properties stand inside of schemas.
func eachOutside(n *yaml.Node, visit func(*yaml.Node)) {
	for key, value := range tree.Entries(n) {
		switch key {
		case "schema":
			eachWithin(value, visit)
		case "schemas", "example", "examples":
		default:
			eachOutside(value, visit)
		}
	}
	for _, value := range tree.Items(n) {
		eachOutside(value, visit)
	}
}

// eachWithin visits the schemas within a schema, and then the schema.
func eachWithin(schema *yaml.Node, visit func(*yaml.Node)) {
	for key, value := range tree.Entries(schema) {
		switch key {
		case "properties", "patternProperties":
			for _, property := range tree.Entries(value) {
				eachWithin(property, visit)
			}
		case "allOf", "anyOf", "oneOf":
			for _, part := range tree.Items(value) {
				eachWithin(part, visit)
			}
		case "items", "not", "additionalProperties":
			eachWithin(value, visit)
		}
	}
	visit(schema)
}

// Formats that the OpenAPI Initiative registers and this contract uses. Generators have types for some, which take no
// maxLength.
var (
	knownFormats = []string{"date", "date-time", "double", "int32", "int64", "password", "uri", "uuid"}
	typedFormats = []string{"date", "date-time", "uri", "uuid"}
)

// usualFormats moves the server's own formats (ua-name, dictionary:COUNTRY) to x-format: readers warn of formats that
// they do not know.
func usualFormats(schema *yaml.Node) {
	format := tree.Text(schema, "format")
	if format != "" && !slices.Contains(knownFormats, format) {
		tree.Set(schema, "x-format", tree.Delete(schema, "format"))
	}
	if slices.Contains(typedFormats, format) {
		tree.Delete(schema, "maxLength")
	}
}
