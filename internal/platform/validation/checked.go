package validation

import (
	"cmp"
	"slices"

	"esoz/internal/platform/fault"
)

// Checked is a body whose schema was checked. The operation's own checks of the
// body read it, because they are made even when the schema refuses a part of it
// (decisions R16).
type Checked struct {
	body     *Body
	json     any
	refusals []*fault.Error  // one for each violation
	wrong    map[string]bool // places that the schema refuses; made when first asked
}

// Value returns what stands at a place, given by keys and indexes, or nil.
func (c *Checked) Value(at ...any) any {
	value := c.json
	for _, part := range at {
		switch part := part.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[part]
		case int:
			array, _ := value.([]any)
			if part >= len(array) {
				return nil
			}
			value = array[part]
		}
	}
	return value
}

// Sound returns whether the schema has nothing against what stands at a place, or
// against its absence.
func (c *Checked) Sound(at ...any) bool {
	if len(c.refusals) == 0 {
		return true
	}
	if c.wrong == nil {
		c.wrong = map[string]bool{}
		for _, r := range c.refusals {
			c.wrong[r.Invalid[0].Entry] = true
		}
	}
	return !c.wrong[path(at).String()]
}

// Text returns the string at a place, or nil when there is none and when the schema
// refuses it.
func (c *Checked) Text(at ...any) *string {
	text, ok := c.Value(at...).(string)
	if !ok || !c.Sound(at...) {
		return nil
	}
	return &text
}

// Refusal joins what the schema and the operation's own checks refuse into one
// answer, in the order of the rules. It returns nil when nothing is refused.
func (c *Checked) Refusal(own ...*fault.Error) *fault.Error {
	all := slices.Concat(c.refusals, own)
	slices.SortStableFunc(all, func(a, b *fault.Error) int {
		return cmp.Compare(c.body.position[a.Rules[0]], c.body.position[b.Rules[0]])
	})
	refusal := fault.Join(all[:min(len(all), maxViolations)]...)
	if refusal != nil {
		refusal.Cut = len(all) > maxViolations
	}
	return refusal
}
