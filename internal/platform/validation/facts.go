package validation

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"esoz/internal/platform/fault"
)

// mostFacts of one refusal are enough for a reader.
const mostFacts = 20

// Facts says of the violations of a refusal what the schema expects and what was
// found. Names that are not documented and values that are not one of a list may
// hold anything, and are left out.
func (b *Body) Facts(sent *Value, refusal *fault.Error) []fault.Fact {
	var facts []fault.Fact
	for _, item := range refusal.Invalid {
		if len(item.Rules) != 1 || item.EntryType != "json_data_property" || len(facts) == mostFacts {
			continue
		}
		v := violation{path: parsePath(item.Entry), rule: item.Rules[0]}
		ofSchema := v.rule.RawDescription != "" || v.rule.Rule == ruleInvalid && isOddity(v.rule.Description)
		id := b.ruleOf(v)
		if !ofSchema || !slices.Contains(refusal.Rules, id) {
			continue // a check of the operation, which has said itself what it found
		}
		fact := b.fact(v, sent.JSON)
		fact.Rule = id
		facts = append(facts, fact)
	}
	return facts
}

// isOddity tells the faults that Check finds before it asks the schema.
func isOddity(description string) bool {
	return strings.HasPrefix(description, "Duplicated key ") || strings.Contains(description, "U+0000")
}

var pathPart = regexp.MustCompile(`\.([^.\[]+)|\[([0-9]+)\]`)

// parsePath reads what path.String prints.
func parsePath(entry string) (at path) {
	for _, part := range pathPart.FindAllStringSubmatch(entry, -1) {
		if i, err := strconv.Atoi(part[2]); err == nil {
			at = append(at, i)
		} else {
			at = append(at, part[1])
		}
	}
	return at
}

// fact words a violation.
func (b *Body) fact(v violation, sent any) fault.Fact {
	documented, object, value := b.follow(v.path, sent)
	if object != nil && v.rule.Rule == "schema" {
		name, _ := v.path[len(v.path)-1].(string)
		return fault.NameFact(documented.String(), name, fieldsOf(object))
	}
	params, _ := v.rule.Params.(map[string]any)
	what := documented.String()
	switch v.rule.Rule {
	case "required":
		return fault.NewFact(what, "present", "absent")
	case "cast":
		return fault.NewFact(what, params["expected"], params["actual"])
	case "inclusion":
		codes := texts(params["values"])
		f := fault.NewFact(what, "one of "+fault.NewFact("", codes, nil).Expected, "another value")
		if text, ok := value.(string); ok {
			if near := fault.Nearest(text, codes); near != "" {
				f.Hint = what + ": did you mean " + near + "?"
			}
		}
		return f
	case "length":
		return fault.NewFact(what, bounds(params), params["actual"])
	case "number":
		return fault.NewFact(what, bounds(params), "a number out of these bounds")
	case "unique":
		return fault.NewFact(what, "no item twice", "equal items")
	case ruleInvalid:
		return fault.NewFact(what, "each key once, and no U+0000 in a text", "a key twice, or U+0000")
	}
	expected := "the documented form"
	if pattern, ok := params["pattern"]; ok {
		expected = fmt.Sprintf("text like %v", pattern)
	} else if v.rule.Rule == "date" {
		expected = "a day that exists, as 2026-03-25"
	}
	return fault.NewFact(what, expected, fmt.Sprintf("another text, of %d characters", size(value)))
}

// follow goes a path as far as the schema documents it. object is the schema of the
// object whose next key it does not know.
func (b *Body) follow(at path, sent any) (documented path, object *openapi3.Schema, value any) {
	schema := b.schema
	for i, part := range at {
		var next *openapi3.SchemaRef
		switch part := part.(type) {
		case string:
			next = schema.Properties[part]
			fields, _ := sent.(map[string]any)
			sent = fields[part]
		case int:
			next = schema.Items
			items, _ := sent.([]any)
			if sent = nil; part < len(items) {
				sent = items[part]
			}
		}
		if next == nil {
			return at[:i], schema, nil
		}
		schema = next.Value
	}
	return at, nil, sent
}

func fieldsOf(object *openapi3.Schema) []string {
	var names []string
	for name := range object.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// bounds prints limits of the schema: min 3, max 10.
func bounds(params map[string]any) string {
	var all []string
	for _, name := range []string{"min", "max", "greater_than", "greater_than_or_equal_to", "less_than", "less_than_or_equal_to", "multiple_of"} {
		if limit, ok := params[name]; ok {
			all = append(all, fmt.Sprintf("%s %v", strings.ReplaceAll(name, "_", " "), limit))
		}
	}
	return strings.Join(all, ", ")
}

func texts(values any) []string {
	switch values := values.(type) {
	case []string:
		return values
	case []any:
		all := make([]string, len(values))
		for i, value := range values {
			all[i] = fmt.Sprint(value)
		}
		return all
	}
	return nil
}
