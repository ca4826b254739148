// Package validation checks request bodies against the contract. Its refusals have
// the texts of the national system's JSON-schema validator (nex_json_schema
// 0.8.10).
package validation

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
)

// Body checks the request bodies of one operation.
type Body struct {
	schema   *openapi3.Schema
	rules    []rules.Rule     // the operation's rules of the schema that name a field
	fallback rules.ID         // the operation's rule for every other violation
	position map[rules.ID]int // of the operation's rules, in checked order
}

// NewBody prepares the checks of an operation's JSON body. It fails when the
// operation has no .schema rule.
func NewBody(op *openapi3.Operation) (*Body, error) {
	content := op.RequestBody.Value.Content.Get("application/json")
	if content == nil {
		return nil, fmt.Errorf("operation %s: body is not JSON", op.OperationID)
	}
	b := &Body{schema: content.Schema.Value, position: map[rules.ID]int{}}
	for i, rule := range rules.OfOperation(op.OperationID) {
		b.position[rule.ID] = i
		switch {
		case strings.HasSuffix(string(rule.ID), ".schema"):
			b.fallback = rule.ID
		case rule.Schema:
			b.rules = append(b.rules, rule)
		}
	}
	if b.fallback == "" {
		return nil, fmt.Errorf("operation %s has a body, but no rule ending in .schema", op.OperationID)
	}
	return b, nil
}

// Formats holds the validators of the contract's formats (ua-name,
// dictionary:ADDRESS_TYPE, …).
type Formats map[string]openapi3.StringFormatValidator

// Check finds all violations of the schema. on returns whether a rule is switched
// on.
func (b *Body) Check(value *Value, formats Formats, on func(rules.ID) bool) *Checked {
	var found []violation
	for _, d := range value.duplicates {
		found = append(found, duplicated(d))
	}
	for _, at := range value.unstorable {
		found = append(found, violation{path: at, rule: fault.Rule{
			Rule: ruleInvalid, Description: "string must not contain the character U+0000", Params: []any{},
		}})
	}
	decimals := map[string]bool{}
	for _, at := range value.decimals {
		decimals[at.String()] = true
		if s := schemaAt(b.schema, at); s != nil && s.Type.Is(openapi3.TypeInteger) {
			found = append(found, violation{path: at, rule: mistyped(s, "number")})
		}
	}
	err := b.schema.VisitJSON(value.JSON,
		openapi3.MultiErrors(), openapi3.VisitAsRequest(), openapi3.EnableFormatValidation(),
		openapi3.DisableSchemaErrorDetails(), openapi3.WithStringFormatValidators(formats))
	if err != nil {
		found = append(found, collect(err, value.JSON, decimals, map[string]bool{})...)
	}
	slices.SortStableFunc(found, compare)
	checked := &Checked{body: b, json: value.JSON}
	for _, v := range found {
		id := b.ruleOf(v)
		if !on(id) {
			continue
		}
		checked.refusals = append(checked.refusals, &fault.Error{
			Status: http.StatusUnprocessableEntity, Type: fault.TypeValidationFailed, Message: rules.ValidationMessage,
			Rules: []rules.ID{id}, Invalid: []fault.Item{{Entry: v.path.String(), EntryType: "json_data_property", Rules: []fault.Rule{v.rule}}},
		})
	}
	return checked
}

// Known returns an object without the fields that the schema does not have.
func (b *Body) Known(value *Value) *Value {
	sent, ok := value.JSON.(map[string]any)
	if !ok {
		return value
	}
	known := *value
	fields := maps.Clone(sent)
	maps.DeleteFunc(fields, func(name string, _ any) bool { return b.schema.Properties[name] == nil })
	known.JSON = fields
	return &known
}

// ruleInvalid is the validator of repeated keys and characters that cannot be
// stored.
const ruleInvalid = "invalid"

func (b *Body) ruleOf(v violation) rules.ID {
	if v.rule.Rule == ruleInvalid { // not from the schema; business rules may have the same keyword
		return b.fallback
	}
	pattern := v.path.pattern()
	for _, rule := range b.rules {
		if rule.Entry == pattern && rule.Keyword == v.rule.Rule {
			return rule.ID
		}
	}
	return b.fallback
}

// violation is one failed validator at one place.
type violation struct {
	path  path
	class class
	order int // of missing properties: their order in the schema
	rule  fault.Rule
}

// class orders the violations of one object: known properties first, then
// unknown ones, then missing ones.
type class int

const (
	known class = iota
	unknown
	missing
)

// compare orders violations as the national validator lists them.
func compare(a, b violation) int {
	for i := range min(len(a.path), len(b.path)) {
		if a.path[i] == b.path[i] && i < len(a.path)-1 && i < len(b.path)-1 {
			continue
		}
		aClass, bClass := known, known
		if i == len(a.path)-1 {
			aClass = a.class
		}
		if i == len(b.path)-1 {
			bClass = b.class
		}
		byPlace := comparePart(a.path[i], b.path[i])
		if aClass == missing && bClass == missing {
			byPlace = cmp.Compare(a.order, b.order)
		}
		if c := cmp.Or(cmp.Compare(aClass, bClass), byPlace); c != 0 {
			return c
		}
	}
	// Violations inside a value come before violations of the value itself.
	if len(a.path) != len(b.path) {
		return cmp.Compare(len(b.path), len(a.path))
	}
	return cmp.Compare(keywordOrder(a.rule.Rule), keywordOrder(b.rule.Rule))
}

func comparePart(a, b any) int {
	ai, aIndex := a.(int)
	bi, bIndex := b.(int)
	if aIndex && bIndex {
		return cmp.Compare(ai, bi)
	}
	return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

func keywordOrder(rule string) int {
	return slices.Index([]string{"inclusion", "email", "date", "datetime", "length", "number", "format", "unique", "schema", "cast"}, rule)
}

// Bounds of an answer, so that a small request cannot get a large answer.
const (
	maxViolations = 200
	maxUnknown    = 50 // keys of one object
)

// schemaAt returns the schema of what stands at a place, nil when there is none.
func schemaAt(s *openapi3.Schema, at path) *openapi3.Schema {
	for _, part := range at {
		ref := s.Items
		if name, ok := part.(string); ok {
			ref = s.Properties[name]
		}
		if ref == nil {
			return nil
		}
		s = ref.Value
	}
	return s
}

// collect flattens kin-openapi's tree of errors. decimals are the places of whole
// numbers that are no integers. seen holds the objects whose
// unknown keys are listed already: kin-openapi reports each key, collect lists all
// keys of an object at the first one.
func collect(err error, root any, decimals, seen map[string]bool) []violation {
	var many openapi3.MultiError
	if errors.As(err, &many) {
		var all []violation
		for _, e := range many {
			all = append(all, collect(e, root, decimals, seen)...)
		}
		return all
	}
	var schemaErr *openapi3.SchemaError
	if !errors.As(err, &schemaErr) {
		return nil
	}
	at := pathOf(schemaErr.JSONPointer(), root)
	switch field := schemaErr.SchemaField; field {
	case "properties":
		object := at.String()
		if seen[object] {
			return nil
		}
		seen[object] = true
		return unknownProperties(at, schemaErr)
	case "required":
		return []violation{missingProperty(at, schemaErr)}
	case "type", "nullable":
		actual := kind(schemaErr.Value)
		if decimals[at.String()] {
			actual = "number"
		}
		return []violation{{path: at, rule: mistyped(schemaErr.Schema, actual)}}
	default:
		return []violation{{path: at, rule: worded(schemaErr)}}
	}
}

func unknownProperties(at path, e *openapi3.SchemaError) []violation {
	object, _ := e.Value.(map[string]any)
	var names []string
	for key := range object {
		if _, ok := e.Schema.Properties[key]; !ok {
			names = append(names, key)
		}
	}
	slices.Sort(names)
	names = names[:min(len(names), maxUnknown)]
	extra := make(map[string]any, len(names))
	for _, name := range names {
		extra[name] = object[name]
	}
	found := make([]violation, len(names))
	for i, name := range names {
		found[i] = violation{path: at.key(name), class: unknown, rule: rule("schema",
			"schema does not allow additional properties", map[string]any{"properties": extra})}
	}
	return found
}

func missingProperty(at path, e *openapi3.SchemaError) violation {
	name, _ := at[len(at)-1].(string)
	return violation{path: at, class: missing, order: slices.Index(e.Schema.Required, name), rule: rule("required",
		"required property %{property} was not present", map[string]any{"property": name})}
}

func duplicated(d duplicate) violation {
	at := d.parent.key(d.key)
	return violation{path: at, rule: fault.Rule{
		Rule: ruleInvalid, Description: fmt.Sprintf("Duplicated key '%s' at %s", d.key, at), Params: []any{d.key},
	}}
}

func mistyped(s *openapi3.Schema, actual string) fault.Rule {
	return rule("cast", "type mismatch. Expected %{expected} but got %{actual}",
		map[string]any{"expected": strings.Join(s.Type.Slice(), ", "), "actual": actual})
}

// worded returns the national system's text of a violation.
func worded(e *openapi3.SchemaError) fault.Rule {
	s := e.Schema
	switch e.SchemaField {
	case "enum":
		return rule("inclusion", "value is not allowed in enum", map[string]any{"values": s.Enum})
	case "pattern":
		return rule("format", `string does not match pattern "%{pattern}"`, map[string]any{"pattern": s.Pattern})
	case "format":
		return wordedFormat(e)
	case "minLength":
		return rule("length", "expected value to have a minimum length of %{min} but was %{actual}",
			map[string]any{"min": s.MinLength, "actual": size(e.Value)})
	case "maxLength":
		return rule("length", "expected value to have a maximum length of %{max} but was %{actual}",
			map[string]any{"max": deref(s.MaxLength), "actual": size(e.Value)})
	case "minItems":
		return rule("length", "expected a minimum of %{min} items but got %{actual}",
			map[string]any{"min": s.MinItems, "actual": size(e.Value)})
	case "maxItems":
		return rule("length", "expected a maximum of %{max} items but got %{actual}",
			map[string]any{"max": deref(s.MaxItems), "actual": size(e.Value)})
	case "minProperties":
		return rule("length", "expected a minimum of %{min} properties but got %{actual}",
			map[string]any{"min": s.MinProps, "actual": size(e.Value)})
	case "maxProperties":
		return rule("length", "expected a maximum of %{max} properties but got %{actual}",
			map[string]any{"max": deref(s.MaxProps), "actual": size(e.Value)})
	case "uniqueItems":
		return rule("unique", "expected items to be unique but they were not", map[string]any{})
	case "minimum":
		return rule("number", "expected the value to be >= %{greater_than_or_equal_to}",
			map[string]any{"greater_than_or_equal_to": deref(s.Min)})
	case "maximum":
		return rule("number", "expected the value to be <= %{less_than_or_equal_to}",
			map[string]any{"less_than_or_equal_to": deref(s.Max)})
	case "exclusiveMinimum":
		return rule("number", "expected the value to be > %{greater_than}", map[string]any{"greater_than": deref(s.Min)})
	case "exclusiveMaximum":
		return rule("number", "expected the value to be < %{less_than}", map[string]any{"less_than": deref(s.Max)})
	case "multipleOf":
		return rule("number", "expected value to be a multiple of %{multiple_of} but got %{actual}",
			map[string]any{"multiple_of": deref(s.MultipleOf), "actual": e.Value})
	}
	return rule("schema", "value does not match the schema", map[string]any{})
}

// wordedFormat returns the text of a format violation. Validators of custom
// formats provide it as a formatError.
func wordedFormat(e *openapi3.SchemaError) fault.Rule {
	var own *formatError
	if errors.As(e.Origin, &own) {
		return own.rule
	}
	return rule("format", fmt.Sprintf(`expected "%%{actual}" to be of format %s`, e.Schema.Format),
		map[string]any{"actual": e.Value})
}

// rule fills the template's %{name} placeholders from params. It makes one pass,
// because a value may look like a placeholder.
func rule(name, template string, params map[string]any) fault.Rule {
	var description strings.Builder
	for rest := template; rest != ""; {
		before, after, found := strings.Cut(rest, "%{")
		description.WriteString(before)
		if !found {
			break
		}
		key, tail, _ := strings.Cut(after, "}")
		fmt.Fprint(&description, params[key])
		rest = tail
	}
	return fault.Rule{Rule: name, Description: description.String(), RawDescription: template, Params: params}
}

func kind(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if value == float64(int64(value)) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

// size returns the number of characters, items or properties.
func size(value any) int {
	switch value := value.(type) {
	case string:
		return len([]rune(value))
	case []any:
		return len(value)
	case map[string]any:
		return len(value)
	}
	return 0
}

func deref[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// pathOf turns kin-openapi's pointer into a path; a number is an index where
// the parent is an array.
func pathOf(pointer []string, root any) path {
	at := path{}
	parent := root
	for _, part := range pointer {
		switch value := parent.(type) {
		case []any:
			i, err := strconv.Atoi(part)
			if err == nil && i >= 0 && i < len(value) {
				at, parent = at.index(i), value[i]
				continue
			}
			at, parent = at.key(part), nil
		case map[string]any:
			at, parent = at.key(part), value[part]
		default:
			at, parent = at.key(part), nil
		}
	}
	return at
}
