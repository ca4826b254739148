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
	b := &Body{schema: c.Schemas[schema].Value, fallback: rule}
	refusal := b.Check(value, c.Formats, func(rules.ID) bool { return true }).Refusal()
	if refusal != nil {
		refusal.Facts = b.Facts(value, refusal)
	}
	return refusal
}
