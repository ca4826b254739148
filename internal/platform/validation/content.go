package validation

import (
	"github.com/getkin/kin-openapi/openapi3"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
)

// Content checks what is signed against a schema of the contract.
type Content struct {
	body    Body
	formats Formats
}

// NewContent prepares the checks.
func NewContent(schema *openapi3.Schema, formats Formats) *Content {
	return &Content{Body{schema: schema, fallback: "content"}, formats}
}

// Violations finds all violations of the schema, in the order of their places.
func (c *Content) Violations(value *Value) []fault.Item {
	var items []fault.Item
	for _, refusal := range c.body.Check(value, c.formats, func(rules.ID) bool { return true }).refusals {
		items = append(items, refusal.Invalid...)
	}
	return items
}
