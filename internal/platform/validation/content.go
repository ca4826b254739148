package validation

import (
	"github.com/getkin/kin-openapi/openapi3"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
)

// Contents checks signed content against the schemas that the contract has for it.
type Contents struct {
	Schemas openapi3.Schemas // of the contract, by name
	Formats Formats
}

// Check finds all violations of a schema; they refuse by one rule.
func (c *Contents) Check(schema string, value *Value, rule rules.ID) *fault.Error {
	b, found := c.check(schema, value, rule)
	refusal := found.Refusal()
	if refusal != nil {
		refusal.Facts = b.Facts(value, refusal)
	}
	return refusal
}

// Violations finds all violations of a schema, in the order of their places.
func (c *Contents) Violations(schema string, value *Value) []fault.Item {
	var items []fault.Item
	_, found := c.check(schema, value, "content")
	for _, refusal := range found.refusals {
		items = append(items, refusal.Invalid...)
	}
	return items
}

func (c *Contents) check(schema string, value *Value, rule rules.ID) (*Body, *Checked) {
	b := &Body{schema: c.Schemas[schema].Value, fallback: rule}
	return b, b.Check(value, c.Formats, func(rules.ID) bool { return true })
}
