package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	exampleHost      = "https://api.ehealth.gov.ua"
	exampleRequestID = "6617aeec-15e2-4d6f-b9bd-53559c358f97#17810"
)

// failures are the refusals of an operation that no rule makes. That a change may have been made or not can be told of
// changes only.
func (c *contract) failures(op *operation, p *problems) []*rule {
	failures := readRules(c.templates.failures, templatesFile, p)
	if op.method == "get" || op.method == "head" {
		failures = slices.DeleteFunc(failures, func(r *rule) bool { return r.Status == http.StatusGatewayTimeout })
	}
	return failures
}

// complete writes into an operation what follows from its rules and from those of the gateway: x-guards, the
// responses that refuse, the headers of all responses, the keys that are sent beside a token or to send a request again.
func (c *contract) complete(op *operation, p *problems) {
	examples := map[int]*yaml.Node{}
	for _, r := range slices.Concat(slices.Collect(op.refusals()), c.failures(op, p)) {
		if examples[r.Status] == nil {
			examples[r.Status] = mapping()
		}
		if example := c.example(op, r, p); example != nil {
			set(examples[r.Status], r.ID, example)
		}
	}
	responses := at(op.node, "responses")
	if responses == nil {
		p.add(op.where, op.node, "responses are missing")
		return
	}
	for _, status := range slices.Sorted(maps.Keys(examples)) {
		code := scalar(strconv.Itoa(status))
		code.Style = yaml.SingleQuotedStyle
		responses.Content = append(responses.Content, code, c.refusal(op, code, examples[status], p))
	}
	c.declareHeaders(op, p)
	c.declareIdempotencyKeys(op, p)
	op.declareKeys()
	guards := flow(sequence())
	for _, r := range op.guards {
		guards.Content = append(guards.Content, scalar(r.ID))
	}
	insertBefore(op.node, "x-rules", "x-guards", guards)
}

// refusal is the response with which the operation refuses by a status.
func (c *contract) refusal(op *operation, status, examples *yaml.Node, p *problems) *yaml.Node {
	r := at(c.templates.refusals, status.Value)
	if r == nil {
		p.add(templatesFile, nil, "refusals has no text for status %s of %s", status.Value, op.id)
		r = mapping()
	}
	r = clone(r)
	set(r, "content", mapping("application/json", mapping(
		"schema", mapping("$ref", "#/components/schemas/ErrorResponse"),
		"examples", examples,
	)))
	return r
}

// example is the answer of a rule that refuses an operation, word for word.
func (c *contract) example(op *operation, r *rule, p *problems) *yaml.Node {
	values := c.pathValues(op)
	values["path"], values["scopes"], values["parameter"] = op.path, strings.Join(op.scopes, ", "), c.firstQueryParameter(op)
	maps.Copy(values, r.Example)
	filled := func(s string) string {
		s, missing := fill(s, values)
		if len(missing) > 0 {
			p.add(op.where, r.node, "rule %s: example has no value for %s", r.ID, strings.Join(missing, ", "))
		}
		return s
	}

	url, missing := fill(exampleHost+op.path, values)
	if len(missing) > 0 {
		p.add(op.where, op.node, "path parameters without an example: %s", strings.Join(missing, ", "))
	}
	refusal := mapping("type", r.Type)
	switch {
	case r.Example["case"] != "":
		if refusal = c.recordedRefusal(op, r.Example["case"]); refusal == nil {
			return nil
		}
	case r.Type == validationFailed:
		set(refusal, "message", scalar(text(c.root, "x-validation-message")))
	case r.Message != "":
		set(refusal, "message", scalar(filled(r.Message)))
	}
	if item := c.invalidItem(op, r, filled); item != nil && r.Example["case"] == "" {
		set(refusal, "invalid", sequence(item))
	}

	example := mapping("summary", r.Check, ukrainian("summary"), r.CheckUK)
	if r.Default == "off" {
		set(example, "description", scalar("This rule is off unless it is switched on: `RULES=+"+r.ID+"`."))
	}
	set(example, "value", mapping(
		"meta", flow(mapping("code", r.Status, "url", url, "type", "object", "request_id", exampleRequestID)),
		"error", refusal,
	))
	return example
}

// recordedRefusal is the error that a sandbox has answered to a case; nil when it is not recorded yet.
func (c *contract) recordedRefusal(op *operation, title string) *yaml.Node {
	refusal := at(op.recorded, title, "answer", "error")
	if refusal == nil {
		c.unrecorded = append(c.unrecorded, fmt.Sprintf("%s: the answer of case %q is not recorded", op.where, title))
		return nil
	}
	return clone(refusal)
}

// firstQueryParameter is where the gateway's check of a query fails in the example.
func (c *contract) firstQueryParameter(op *operation) string {
	for _, n := range slices.Concat(items(at(op.item, "parameters")), items(at(op.node, "parameters"))) {
		if parameter := c.follow(n); text(parameter, "in") == "query" {
			return text(parameter, "name")
		}
	}
	return ""
}

// pathValues gives the operation's path parameters the values of their examples.
func (c *contract) pathValues(op *operation) map[string]string {
	values := map[string]string{}
	for _, n := range slices.Concat(items(at(op.item, "parameters")), items(at(op.node, "parameters"))) {
		parameter := c.follow(n)
		if text(parameter, "in") != "path" {
			continue
		}
		for _, keys := range [][]string{{"example"}, {"schema", "example"}} {
			if example := text(parameter, keys...); example != "" {
				values[text(parameter, "name")] = example
				break
			}
		}
	}
	return values
}

// invalidItem is the item of invalid[] that a rule adds to its refusal; nil when it adds none.
func (c *contract) invalidItem(op *operation, r *rule, filled func(string) string) *yaml.Node {
	switch {
	case r.InvalidJSON:
		return invalid("", "request", flow(mapping("rule", "json")))
	case r.isFallback():
		return c.missingProperty(op)
	case r.entryType() == "":
		return nil
	}
	entry := r.Example["entry"]
	if entry == "" {
		entry = strings.ReplaceAll(filled(r.Entry), "[*]", "[0]")
	}
	failed := mapping()
	if r.Keyword != "" {
		set(failed, "rule", scalar(filled(r.Keyword)))
	}
	if r.Description != "" {
		set(failed, "description", scalar(filled(r.Description)))
	}
	if len(failed.Content) == 0 {
		return invalid(entry, r.entryType(), nil)
	}
	params := filledCopy(&r.Params, filled)
	if raw := rawDescription(failed, params); raw != "" && r.Schema {
		set(failed, "raw_description", scalar(raw))
	}
	switch {
	case params != nil:
		set(failed, "params", params)
	default:
		set(failed, "params", sequence())
	}
	return invalid(entry, r.entryType(), failed)
}

func invalid(entry, entryType string, failed *yaml.Node) *yaml.Node {
	item := mapping()
	if entry != "" {
		set(item, "entry", scalar(entry))
	}
	set(item, "entry_type", scalar(entryType))
	if failed != nil {
		set(item, "rules", sequence(failed))
	}
	return item
}

// missingProperty is what an operation's schema says of a body without its first required property, or, when none is
// required, of a body that is no object.
func (c *contract) missingProperty(op *operation) *yaml.Node {
	schema := c.follow(at(op.node, "requestBody", "content", "application/json", "schema"))
	required := items(at(schema, "required"))
	if len(required) == 0 {
		return invalid("$", "json_data_property", schemaViolation("cast", mapping("expected", "object", "actual", "array")))
	}
	name := required[0].Value
	return invalid("$."+name, "json_data_property", schemaViolation("required", mapping("property", name)))
}

func schemaViolation(keyword string, params *yaml.Node) *yaml.Node {
	for _, template := range schemaTemplates {
		if template.keyword == keyword {
			return mapping(
				"rule", keyword,
				"description", renderTemplate(template.text, params),
				"raw_description", template.text,
				"params", flow(params),
			)
		}
	}
	panic("no template for " + keyword)
}

// schemaTemplates are the sentences of the real system's schema validator (nex_json_schema 0.8.10).
var schemaTemplates = []struct{ keyword, text string }{
	{"required", "required property %{property} was not present"},
	{"cast", "type mismatch. Expected %{expected} but got %{actual}"},
	{"inclusion", "value is not allowed in enum"},
	{"format", `string does not match pattern "%{pattern}"`},
	{"length", "expected value to have a minimum length of %{min} but was %{actual}"},
	{"length", "expected value to have a maximum length of %{max} but was %{actual}"},
	{"length", "expected a minimum of %{min} items but got %{actual}"},
	{"length", "expected a maximum of %{max} items but got %{actual}"},
	{"unique", "expected items to be unique but they were not"},
	{"number", "expected the value to be >= %{greater_than_or_equal_to}"},
	{"number", "expected the value to be <= %{less_than_or_equal_to}"},
	{"schema", "schema does not allow additional properties"},
	{"date", `expected "%{actual}" to be a valid ISO 8601 date`},
	{"date", `expected "%{actual}" to be an existing date`},
	{"datetime", `expected "%{actual}" to be a valid ISO 8601 date-time`},
	{"datetime", `expected "%{actual}" to be an existing date-time`},
	{"email", `expected "%{actual}" to be an email address`},
}

// rawDescription is the template of an invalid[] rule that the schema validator made: its params are an object, and
// filled into the template they give its description. Checks of business rules have no template.
func rawDescription(failed, params *yaml.Node) string {
	if params == nil || params.Kind != yaml.MappingNode {
		return ""
	}
	for _, template := range schemaTemplates {
		if template.keyword == text(failed, "rule") && renderTemplate(template.text, params) == text(failed, "description") {
			return template.text
		}
	}
	return ""
}

func renderTemplate(template string, params *yaml.Node) string {
	for name, value := range entries(params) {
		template = strings.ReplaceAll(template, fmt.Sprintf("%%{%s}", name), value.Value)
	}
	return template
}

// filledCopy copies params with their placeholders filled; nil when there are none.
func filledCopy(params *yaml.Node, filled func(string) string) *yaml.Node {
	if params.IsZero() {
		return nil
	}
	c := clone(params)
	fillStrings(c, filled)
	return c
}

func fillStrings(n *yaml.Node, filled func(string) string) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		n.Value = filled(n.Value)
	}
	for _, child := range n.Content {
		fillStrings(child, filled)
	}
}
