package main

import (
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"esoz/openapi/tree"
)

const testRoot = `
openapi: 3.0.3
info: {title: test, version: '1'}
x-validation-message: Validation failed.
x-rules:
  - {id: gateway.psk, guards: all, check: c, uk: п, status: 401, message: Invalid PSK, source: s, origin: code}
  - {id: gateway.token, guards: token, check: c, uk: п, status: 401, message: Invalid token, source: s, origin: code}
  - {id: gateway.scope, guards: scope, check: c, uk: п, status: 403, message: 'Missing {scopes}', source: s, origin: code}
  - {id: request.json, guards: body, check: c, uk: п, status: 400, message: Bad JSON, invalid_json: true, source: s, origin: code}
  - {id: request.idempotency.in_flight, guards: idempotent, check: c, uk: п, status: 409, message: Under way, source: s, origin: inferred}
components:
  parameters: {X-Idempotency-Key: {name: X-Idempotency-Key, in: header}, Idempotency-Key: {name: Idempotency-Key, in: header}}
  headers: {Idempotency-Replayed: {}, Retry-After: {}, X-Request-ID: {}, RateLimit-Limit: {}, RateLimit-Remaining: {}, RateLimit-Reset: {}, X-RateLimit-Limit-Minute: {}, X-RateLimit-Remaining-Minute: {}, Access-Control-Allow-Origin: {}}
  securitySchemes: {oauth2: {type: oauth2, flows: {authorizationCode: {scopes: {'thing:write': Write}}}}}
`

const testTemplates = `
rules:
  token.good: {id: token, check: the token is good, uk: токен добрий, status: 401, replaces: [gateway.token]}
  thing.status: {check: the thing is <state>, uk: річ у стані <state>, status: 409, message: 'Thing in status {status}', example: {status: OLD}}
parameters:
  path_id: {in: path, required: true, description: <what>., uk: <what_uk>.}
responses:
  done: {description: done, uk: готово}
refusals:
  '400': {description: unreadable, uk: нечитне}
  '401': {description: unknown, uk: невідомий}
  '403': {description: forbidden, uk: заборонено}
  '409': {description: conflict, uk: конфлікт}
  '422': {description: wrong, uk: хибне}
  '500': {description: broken, uk: збій}
  '503': {description: away, uk: недоступно}
  '504': {description: unconfirmed, uk: невідомо}
failures:
  - {id: internal_error, check: c, uk: п, status: 500, message: Failed}
  - {id: unavailable, check: c, uk: п, status: 503, message: Away}
  - {id: unconfirmed, check: c, uk: п, status: 504, message: Unknown}
`

const testThing = `
/api/things/{id}:
  patch:
    summary: Update thing
    description: Changes it.
    uk: {summary: Змінити річ, description: Змінює її.}
    security: [{oauth2: ['thing:write']}]
    parameters: [{use: path_id, name: id, what: Id of the thing, what_uk: Ідентифікатор речі, example: t1}]
    requestBody: {description: the thing, uk: річ, schema: Thing, examples: {new: {case: a new thing, uk: нова}}}
    responses:
      '200': {use: done, schema: Thing, examples: {new: {case: a new thing, summary: it is new, uk: вона нова}}}
    x-rules:
      family: thing.update
      source: s
      checks:
        - {use: token.good, message: unauthorized, source: seed, origin: seed}
        - {id: schema, check: the shape is right, uk: форма правильна, status: 422, together: body, origin: code}
        - {id: zip, check: zips are digits, uk: індекси — цифри, status: 422, entry: '$.parts[*].zip', rule: format, description: 'string does not match pattern "^[0-9]{5}$"', params: {pattern: '^[0-9]{5}$'}, schema: true, together: body, origin: code}
        - {use: thing.status, state: new, origin: inferred, default: off}
`

const testSchemas = `
tag: Things
schemas:
  Thing: {type: object, required: [name]}
  ThingStatus:
    type: string
    enum: [NEW, OLD]
    x-status-machine:
      title: Thing
      states: [NEW, OLD]
      initial: [NEW]
      final: [OLD]
      transitions:
        - {to: NEW, by: Make a thing, source: s}
        - {from: NEW, to: OLD, by: updateThing, source: s}
`

const testExamples = `
a new thing: {request: {name: Thing}, answer: {meta: {code: 200}}}
`

// testFiles are the sources of a small contract; edit changes the texts of all of them.
func testFiles(edit ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for name, content := range map[string]string{
		"root.yaml": testRoot, "templates.yaml": testTemplates, "things/updateThing.yaml": testThing, "things/schemas.yaml": testSchemas,
	} {
		files[name] = &fstest.MapFile{Data: []byte(strings.NewReplacer(edit...).Replace(content))}
	}
	return files
}

var recorded = fstest.MapFS{"updateThing.yaml": {Data: []byte(testExamples)}}

// decode reads the bundled document as its readers do.
func decode(t *testing.T, c *contract) map[string]any {
	t.Helper()
	content, err := c.yaml()
	require.NoError(t, err)
	var document map[string]any
	require.NoError(t, yaml.Unmarshal(content, &document))
	return document
}

func dig(v any, keys ...string) any {
	for _, key := range keys {
		v = v.(map[string]any)[key]
	}
	return v
}

func TestOperationsAreCompletedFromTheirRules(t *testing.T) {
	c, err := bundle(testFiles(), recorded)
	require.NoError(t, err)
	op := dig(decode(t, c), "paths", "/api/things/{id}", "patch")

	require.Equal(t, "updateThing", dig(op, "operationId"), "the name of the file")
	require.Equal(t, []any{"Things"}, dig(op, "tags"))
	require.Equal(t, []any{"gateway.psk", "gateway.scope", "request.json", "request.idempotency.in_flight"}, dig(op, "x-guards"),
		"gateway.token is replaced by the operation's own rule")

	examples := func(status string) any {
		return dig(op, "responses", status, "content", "application/json", "examples")
	}
	require.Equal(t, []any{
		map[string]any{"oauth2": []any{"thing:write"}, "apiKey": []any{}},
		map[string]any{"oauth2": []any{"thing:write"}, "apiKey": []any{}, "customPsk": []any{}},
	}, dig(op, "security"))
	require.Len(t, examples("401"), 2)
	require.Equal(t, "unauthorized", dig(examples("401"), "thing.update.token", "value", "error", "message"))
	require.Equal(t, "Missing thing:write", dig(examples("403"), "gateway.scope", "value", "error", "message"))
	require.Equal(t, "https://api.ehealth.gov.ua/api/things/t1", dig(examples("403"), "gateway.scope", "value", "meta", "url"))
	require.Equal(t, "Thing in status OLD", dig(examples("409"), "thing.update.status", "value", "error", "message"))
	require.Equal(t, "This rule is off unless it is switched on: `RULES=+thing.update.status`.", dig(examples("409"), "thing.update.status", "description"))
	require.Equal(t, map[string]any{"$ref": "#/components/headers/RateLimit-Limit"}, dig(op, "responses", "200", "headers", "RateLimit-Limit"))
	require.NotContains(t, dig(op, "responses", "200", "headers"), "Retry-After")
	require.Contains(t, dig(op, "responses", "503", "headers"), "Retry-After")
	require.NotNil(t, examples("500"))
	require.NotNil(t, examples("503"))
	require.NotNil(t, examples("504"), "it changes something")
	require.NotContains(t, dig(op, "responses", "504", "headers"), "Retry-After")

	require.Equal(t, map[string]any{
		"type":    "validation_failed",
		"message": "Validation failed.",
		"invalid": []any{map[string]any{
			"entry":      "$.name",
			"entry_type": "json_data_property",
			"rules": []any{map[string]any{
				"rule":            "required",
				"description":     "required property name was not present",
				"raw_description": "required property %{property} was not present",
				"params":          map[string]any{"property": "name"},
			}},
		}},
	}, dig(examples("422"), "thing.update.schema", "value", "error"))
	require.Equal(t, []any{map[string]any{
		"entry":      "$.parts[0].zip",
		"entry_type": "json_data_property",
		"rules": []any{map[string]any{
			"rule":            "format",
			"description":     `string does not match pattern "^[0-9]{5}$"`,
			"raw_description": `string does not match pattern "%{pattern}"`,
			"params":          map[string]any{"pattern": "^[0-9]{5}$"},
		}},
	}}, dig(examples("422"), "thing.update.zip", "value", "error", "invalid"))
}

// Examples are what a sandbox has answered. Without a recording they are left out: the sandbox is built from the document.
func TestExamplesAreRecorded(t *testing.T) {
	c, err := bundle(testFiles(), recorded)
	require.NoError(t, err)
	require.Empty(t, c.unrecorded)
	op := dig(decode(t, c), "paths", "/api/things/{id}", "patch")
	require.Equal(t, map[string]any{"new": map[string]any{
		"summary": "it is new", "x-summary-uk": "вона нова", "value": map[string]any{"meta": map[string]any{"code": 200}},
	}}, dig(op, "responses", "200", "content", "application/json", "examples"))
	require.Equal(t, map[string]any{"new": map[string]any{
		"summary": "A new thing", "x-summary-uk": "нова", "value": map[string]any{"name": "Thing"},
	}}, dig(op, "requestBody", "content", "application/json", "examples"))

	c, err = bundle(testFiles("case: a new thing, summary", "case: an old thing, summary"), recorded)
	require.NoError(t, err)
	require.Equal(t, []string{`things/updateThing.yaml: the answer of case "an old thing" is not recorded`}, c.unrecorded)
	require.Empty(t, dig(decode(t, c), "paths", "/api/things/{id}", "patch", "responses", "200", "content", "application/json", "examples"))
	c, err = bundle(testFiles(), fstest.MapFS{})
	require.NoError(t, err)
	require.Len(t, c.unrecorded, 2)
}

// What changes something for a caller heeds idempotency keys, but for OAuth.
// Parameters, checks and headers follow from that.
func TestChangingOperationsAreIdempotent(t *testing.T) {
	c, err := bundle(testFiles(), recorded)
	require.NoError(t, err)
	op := dig(decode(t, c), "paths", "/api/things/{id}", "patch").(map[string]any)
	require.Equal(t, true, op["x-idempotent"])
	require.Equal(t, []any{
		map[string]any{"name": "id", "in": "path", "required": true, "description": "Id of the thing.", "x-description-uk": "Ідентифікатор речі.", "example": "t1"},
		map[string]any{"$ref": "#/components/parameters/X-Idempotency-Key"},
		map[string]any{"$ref": "#/components/parameters/Idempotency-Key"},
	}, op["parameters"])
	require.Contains(t, op["x-guards"], "request.idempotency.in_flight")
	require.Contains(t, dig(op, "responses", "200", "headers"), "Idempotency-Replayed")
	require.Contains(t, dig(op, "responses", "409", "headers"), "Retry-After")
	raw, err := c.requests()
	require.NoError(t, err)
	var requests map[string]any
	require.NoError(t, yaml.Unmarshal(raw, &requests))
	require.Equal(t, true, dig(requests, "paths", "/api/things/{id}", "patch", "x-idempotent"), "the server reads it")

	public := testFiles("    security: [{oauth2: ['thing:write']}]", "    security: []", "        - {use: token.good, message: unauthorized, source: seed, origin: seed}\n", "",
		"  token.good: {id: token, check: the token is good, uk: токен добрий, status: 401, replaces: [gateway.token]}\n", "")
	reading := testFiles("  patch:", "  get:")
	oauth := testFiles()
	for _, name := range []string{"updateThing.yaml", "schemas.yaml"} {
		oauth["oauth/"+name] = oauth["things/"+name]
		delete(oauth, "things/"+name)
	}
	for method, files := range map[string][]fstest.MapFS{"patch": {public, oauth}, "get": {reading}} {
		for _, sources := range files {
			c, err := bundle(sources, recorded)
			require.NoError(t, err)
			op := dig(decode(t, c), "paths", "/api/things/{id}", method).(map[string]any)
			require.NotContains(t, op, "x-idempotent")
			require.Len(t, op["parameters"], 1)
			require.NotContains(t, op["x-guards"], "request.idempotency.in_flight")
			require.NotContains(t, dig(op, "responses", "200", "headers"), "Idempotency-Replayed")
		}
	}
}

func TestSchemasAreLimited(t *testing.T) {
	files := testFiles()
	files["things/createThing.yaml"] = &fstest.MapFile{Data: []byte(`
/api/things:
  post:
    security: []
    parameters: [{name: id, in: query, schema: {type: string, format: uuid}}, {name: name, in: query, schema: {type: string}}]
    requestBody: {schema: Sent}
    responses:
      '200': {content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Shown'}}}}}
    x-rules:
      family: thing.create
      checks:
        - {id: schema, check: the shape is right, uk: форма правильна, status: 422, source: s, origin: code}
`)}
	files["things/schemas.yaml"].Data = append(files["things/schemas.yaml"].Data, []byte(`
  Sent:
    type: object
    properties:
      id: {type: string, format: uuid}
      names: {type: array, items: {type: string, maxLength: 255}}
      kind: {type: string, enum: [a, b]}
  Shown:
    type: object
    properties:
      id: {type: string, format: uuid}
      code: {type: string, pattern: '^[0-9]{4}$'}
      day: {type: string, format: date, maxLength: 12}
      names: {type: array, maxItems: 3, items: {type: string, example: a}}
`)...)
	c, err := bundle(files, fstest.MapFS{"updateThing.yaml": recorded["updateThing.yaml"], "createThing.yaml": {Data: []byte("{}")}})
	require.NoError(t, err)
	document := decode(t, c)
	op := dig(document, "paths", "/api/things", "post").(map[string]any)
	require.Equal(t, []any{
		map[string]any{"name": "id", "in": "query", "schema": map[string]any{"type": "string", "format": "uuid", "maxLength": 36}},
		map[string]any{"name": "name", "in": "query", "schema": map[string]any{"type": "string", "maxLength": 65536}},
	}, op["parameters"])
	require.Equal(t, 10000, dig(op, "responses", "200", "content", "application/json", "schema", "maxItems"))
	require.Equal(t, map[string]any{
		"id":    map[string]any{"type": "string", "format": "uuid", "maxLength": 8192}, // 36 would tell of one mistake twice
		"names": map[string]any{"type": "array", "maxItems": 100, "items": map[string]any{"type": "string", "maxLength": 255}},
		"kind":  map[string]any{"type": "string", "enum": []any{"a", "b"}},
	}, dig(document, "components", "schemas", "Sent", "properties"))
	require.Equal(t, map[string]any{
		"id":    map[string]any{"type": "string", "format": "uuid", "maxLength": 36},
		"code":  map[string]any{"type": "string", "pattern": "^[0-9]{4}$", "maxLength": 1048576},
		"day":   map[string]any{"type": "string", "format": "date", "maxLength": 12},
		"names": map[string]any{"type": "array", "maxItems": 3, "items": map[string]any{"type": "string", "maxLength": 1048576, "example": "a"}},
	}, dig(document, "components", "schemas", "Shown", "properties"))
}

// A list of rules stands for them, with what its operation says about all of them.
func TestListsOfRules(t *testing.T) {
	const lists = "lists:\n  thing.checks: [thing.status, {id: owner, check: c, uk: п, status: 409, message: Foreign}]\nparameters:"
	files := testFiles("parameters:\n", lists+"\n", "{use: thing.status, state: new,", "{list: thing.checks, state: new,")
	c, err := bundle(files, recorded)
	require.NoError(t, err)
	checks := dig(decode(t, c), "paths", "/api/things/{id}", "patch", "x-rules").([]any)
	require.Len(t, checks, 5)
	for i, want := range map[int]map[string]any{
		3: {"id": "thing.update.status", "check": "the thing is new", "message": "Thing in status {status}", "default": "off", "origin": "inferred", "source": "s"},
		4: {"id": "thing.update.owner", "check": "c", "message": "Foreign", "default": "off", "origin": "inferred", "source": "s"},
	} {
		for key, value := range want {
			require.Equal(t, value, dig(checks[i], key), key)
		}
	}
	_, err = bundle(testFiles("parameters:\n", lists+"\n", "{use: thing.status, state: new,", "{list: thing.checks, state: new, mood: good,"), recorded)
	require.ErrorContains(t, err, `"mood" is no field of a rule, and no template of list thing.checks wants it`)
	_, err = bundle(testFiles("parameters:\n", lists+"\n"), recorded)
	require.NoError(t, err, "a list may wait for its first operation")
}

func TestRulesBecomeGoValues(t *testing.T) {
	c, err := bundle(testFiles(), recorded)
	require.NoError(t, err)
	code, err := c.goRules()
	require.NoError(t, err)

	require.Contains(t, string(code), `ThingUpdateZip             ID = "thing.update.zip"`)
	require.Contains(t, string(code), `RequestJSON                ID = "request.json"`)
	require.Contains(t, string(code), `map[string]any{"pattern": "^[0-9]{5}$"}`)
	require.Contains(t, string(code), `Schema:      true,`)
	require.Contains(t, string(code), `"updateThing": {GatewayPSK, GatewayScope, RequestJSON, RequestIdempotencyInFlight}`)
}

// Authors quote and fold as they like; the document looks the same.
func TestTheLookOfTheDocumentIsItsOwn(t *testing.T) {
	root, err := tree.Parse([]byte(`{a: {$ref: x}, b: [on, 'off'], c: "2026-03-25", d: '0.1.0', e: '12', f: 8:00, g: {h: "i\nj\n"}, k: [{l: true}], m: '+380'}`))
	require.NoError(t, err)
	restyle(root)
	written, err := tree.YAML(root)
	require.NoError(t, err)
	require.Equal(t, `a: {$ref: x}
b: ['on', 'off']
c: '2026-03-25'
d: 0.1.0
e: '12'
f: '8:00'
g:
  h: |
    i
    j
k:
  - l: true
m: '+380'
`, string(written))
}

func TestTheSameSourcesGiveTheSameDocument(t *testing.T) {
	render := func() string {
		c, err := bundle(testFiles(), recorded)
		require.NoError(t, err)
		content, err := c.yaml()
		require.NoError(t, err)
		return string(content)
	}
	require.Equal(t, render(), render())
}

func TestFaultsOfSourcesAreTold(t *testing.T) {
	const op = "things/updateThing.yaml"
	tests := map[string]struct {
		old, new string
		want     string
	}{
		"rule without a source":        {"source: seed, origin", "source: '', origin", op + ": rule thing.update.token: line 16: source is missing"},
		"unknown rule field":           {"message: unauthorized,", "mesage: unauthorized,", `unknown field "mesage"`},
		"unknown field of all rules":   {"source: s\n      checks", "sauce: s\n      checks", op + `: line 14: "sauce" is no field of a rule, and no template wants it`},
		"rule id twice":                {"id: zip", "id: schema", "the id stands already in"},
		"unknown origin":               {"origin: inferred", "origin: guessed", `origin "guessed" is none of seed, blueprint, wiki, code, inferred`},
		"unknown type":                 {"status: 409, message", "status: 409, type: requestconflict, message", `line 19: type "requestconflict" is none of access_denied, content_type_invalid,`},
		"unknown default":              {"default: off", "default: maybe", `default "maybe" is neither on nor off`},
		"seed rule that starts off":    {"schema: true, together: body, origin: code}", "schema: true, together: body, origin: seed, default: off}", "a rule that cannot be switched starts on"},
		"field refusal without entry":  {"entry: '$.parts[*].zip', ", "", "a field's 422 wants entry"},
		"replaced rule does not exist": {"replaces: [gateway.token]", "replaces: [gateway.tokens]", `replaces "gateway.tokens", which is no rule of root.yaml that guards this operation`},
		"replaced rule answers other":  {"replaces: [gateway.token]", "replaces: [gateway.scope]", "answers 401 in place of gateway.scope, which answers 403"},
		"placeholder without example":  {", example: {status: OLD}", "", op + ": line 19: rule thing.update.status: example has no value for {status}"},
		"body without fallback":        {"id: schema", "id: shape", "an operation with a body has one rule <resource>.<operation>.schema"},
		"family of one word":           {"family: thing.update", "family: update", "rule update.zip: the rules of an operation share <resource>.<operation>, here update"},
		"reference to nothing":         {"schema: Thing, examples: {new: {case: a new thing, uk", "schema: Thin, examples: {new: {case: a new thing, uk", op + ": $ref #/components/schemas/Thin leads to nothing"},
		"undeclared scope":             {"security: [{oauth2: ['thing:write'", "security: [{oauth2: ['thing:read'", "scope thing:read is not declared in root.yaml"},
		"security left out":            {"security: [{oauth2: ['thing:write']}]", "x-1: 1", "security is missing"},
		"handwritten refusal":          {"'200': {use: done, schema: Thing", "'404': {use: done, schema: Thing", "response 404: refusals are made from the rules"},
		"key twice":                    {"    security:", "    summary: Update thing\n    security:", `key "summary" stands twice in one mapping`},
		"two operations in a file":     {"  patch:", "  delete: {}\n  patch:", op + ": line 2: a file holds one operation: a path, and one method below it"},
		"unknown template":             {"use: thing.status", "use: thing.state", op + ": line 19: there is no template thing.state for a rule"},
		"argument left out":            {"state: new, ", "", op + ": line 19: template thing.status wants state"},
		"template of nobody":           {"use: thing.status, state: new", "id: status, check: c, uk: п, status: 409", "templates.yaml: line 4: nothing uses thing.status"},
		"unknown list":                 {"{use: thing.status, state: new,", "{list: thing.checks, state: new,", op + ": line 19: there is no list thing.checks"},
		"unknown kind of template":     {"responses:\n  done", "answers:\n  done", "templates.yaml: line 8: templates are operations, rules, lists of them, parameters and responses, not answers"},
		"status without words":         {"  '409': {description: conflict, uk: конфлікт}\n", "", "templates.yaml: refusals has no text for status 409 of updateThing"},
		"text in one language":         {"Changes it.\n    uk: {summary: Змінити річ, description: Змінює її.}", "Changes it.\n    uk: Змінити річ", op + `: line 5: description "Changes it." has no Ukrainian text beside it`},
		"rule in one language":         {"uk: індекси — цифри, ", "", op + `: line 18: check "zips are digits" has no Ukrainian text beside it`},
		"translation of nothing":       {"description: Змінює її.", "description: Змінює її., title: Річ", op + ": line 6: translates a title that is not there"},
		"translation of no text":       {"schemas:\n  Thing: {", "schemas:\n  Thing: {uk: річ, ", "things/schemas.yaml: line 4: translates a description that is not there"},
		"example without a case":       {"case: a new thing, summary", "summary", op + ": line 11: example new names no case of the sandbox's world"},
		"states unlike the enum":       {"states: [NEW, OLD]", "states: [NEW, OLD, LOST]", "things/schemas.yaml: line 9: status machine Thing: states NEW, OLD, LOST are not those of the schema, NEW, OLD"},
		"transition of nobody":         {"by: updateThing", "by: updateThings", "status machine Thing: updateThings is no operation"},
		"transition to nowhere":        {"to: OLD", "to: GONE", "status machine Thing: GONE is no state"},
		"transition without source":    {"by: updateThing, source: s", "by: updateThing", "status machine Thing: a transition wants to, by and source"},
		"final state that is left":     {"final: [OLD]", "final: [NEW]", "status machine Thing: NEW is final and has a transition to OLD"},
		"begins elsewhere":             {"initial: [NEW]", "initial: [OLD]", "status machine Thing: initial OLD, transitions from nothing lead to NEW"},
		"state out of reach":           {"from: NEW, to: OLD", "from: OLD, to: NEW", "status machine Thing: no transition leads to OLD"},
		"unknown machine field":        {"final: [OLD]", "finals: [OLD]", `status machine Thing: unknown field "finals"`},
		"unknown group":                {"pattern: '^[0-9]{5}$'}, schema: true, together: body", "pattern: '^[0-9]{5}$'}, schema: true, together: form", `together "form" is none of body, content, filters, fields`},
		"group of one":                 {"status: 422, together: body,", "status: 422,", op + ": line 4: rule thing.update.zip: nothing is checked together with it as body"},
		"group torn apart":             {"together: body, origin: code}\n        - {use: thing.status, state: new,", "origin: code}\n        - {use: thing.status, state: new, together: body,", "rule thing.update.status: the rules that are checked together as body stand one after another"},
		"body without its fallback":    {"status: 422, together: body,", "status: 422,", "the rules of the body are checked together with thing.update.schema"},
		"group with two answers":       {"use: thing.status, state: new,", "use: thing.status, state: new, together: body,", "rule thing.update.status: answers otherwise than thing.update.schema, with which it is checked together"},
		"group with a gateway's check": {"message: unauthorized,", "message: unauthorized, together: body,", "a check of the gateway answers alone"},
		"path parameter unexplained":   {", example: t1", "", "path parameters without an example: {id}"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, testTemplates+testThing+testSchemas, tt.old)
			_, err := bundle(testFiles(tt.old, tt.new), recorded)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestNamesThatStandInTwoFilesAreTold(t *testing.T) {
	files := testFiles()
	for name, file := range testFiles() {
		files[strings.Replace(name, "things/", "zebras/", 1)] = file
	}
	_, err := bundle(files, recorded)
	for _, want := range []string{
		"zebras/updateThing.yaml: line 4: patch /api/things/{id} stands in things/updateThing.yaml already",
		"zebras/schemas.yaml: line 4: components/schemas Thing stands in things/schemas.yaml already",
		"the operationId stands already in things/updateThing.yaml",
		"the id stands already in things/updateThing.yaml",
	} {
		require.ErrorContains(t, err, want)
	}
	files = testFiles()
	files["things/templates.yaml"] = &fstest.MapFile{Data: []byte("responses: {done: {description: done}}\nrefusals: {}")}
	_, err = bundle(files, recorded)
	require.ErrorContains(t, err, "things/templates.yaml: line 1: template done stands in another file already")
	require.ErrorContains(t, err, "things/templates.yaml: line 2: templates are operations, rules, lists of them, parameters and responses, not refusals")
}

// Several operations of one path stand in files of their own, and a query's parameters may stand beside the schemas.
func TestOperationsOfAPathAreMerged(t *testing.T) {
	files := testFiles("schemas:\n", "queries:\n  ThingFilter: [{use: path_id, name: id, what: w, what_uk: щ, example: t1}, {name: color, in: query, example: red}]\nschemas:\n")
	files["things/getThing.yaml"] = &fstest.MapFile{Data: []byte(`
/api/things/{id}:
  get: {security: [], parameters: [{query: ThingFilter}], responses: {}, x-rules: []}
`)}
	c, err := bundle(files, fstest.MapFS{"updateThing.yaml": recorded["updateThing.yaml"], "getThing.yaml": {Data: []byte("{}")}})
	require.NoError(t, err)
	item := dig(decode(t, c), "paths", "/api/things/{id}")
	require.Equal(t, "getThing", dig(item, "get", "operationId"))
	require.Equal(t, "updateThing", dig(item, "patch", "operationId"))
	require.Len(t, dig(item, "get", "parameters"), 2)
	require.NotContains(t, dig(item, "get", "responses"), "504", "it changes nothing")
}

func TestRequestsHoldWhatAServerAsks(t *testing.T) {
	t.Parallel()
	files := testFiles("Thing: {type: object, required: [name]}",
		"Unused: {type: string}\n  Thing: {type: object, description: d, uk: о, example: {name: n}, properties: {description: {type: string, description: d, uk: о}}}")
	c, err := bundle(files, recorded)
	require.NoError(t, err)
	raw, err := c.requests()
	require.NoError(t, err)
	require.JSONEq(t, `{
		"openapi": "3.0.3", "info": {"title": "test", "version": "1"},
		"paths": {"/api/things/{id}": {"patch": {
			"operationId": "updateThing", "summary": "Update thing", "tags": ["Things"],
			"parameters": [
				{"name": "id", "in": "path", "required": true},
				{"$ref": "#/components/parameters/X-Idempotency-Key"}, {"$ref": "#/components/parameters/Idempotency-Key"}
			],
			"x-idempotent": true,
			"security": [{"oauth2": ["thing:write"], "apiKey": []}, {"oauth2": ["thing:write"], "apiKey": [], "customPsk": []}],
			"requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}, "responses": {}
		}}},
		"components": {"parameters": {
			"X-Idempotency-Key": {"name": "X-Idempotency-Key", "in": "header"}, "Idempotency-Key": {"name": "Idempotency-Key", "in": "header"}
		}, "schemas": {"Thing": {"type": "object", "properties": {
			"description": {"type": "string", "maxLength": 8192}
		}}}}
	}`, string(raw))
}

func TestShapesHoldWhatAnswersAreCheckedAgainst(t *testing.T) {
	t.Parallel()
	c, err := bundle(testFiles("Thing: {", "ErrorResponse: {type: object}\n  Thing: {"), recorded)
	require.NoError(t, err)
	raw, err := c.shapes()
	require.NoError(t, err)
	require.NotContains(t, string(raw), `"example`)
	require.NotContains(t, string(raw), `"x-rules"`)
	var shapes any
	require.NoError(t, json.Unmarshal(raw, &shapes))

	const at = "/api/things/{id}"
	had, _ := dig(decode(t, c), "paths", at, "patch", "responses").(map[string]any)
	has, _ := dig(shapes, "paths", at, "patch", "responses").(map[string]any)
	require.Equal(t, slices.Sorted(maps.Keys(had)), slices.Sorted(maps.Keys(has)))
	names := map[string]bool{}
	for status, answer := range has {
		ref, _ := dig(answer, "$ref").(string)
		names[path.Base(ref)] = true
		shape, full := dig(shapes, "components", "responses", path.Base(ref)), had[status]
		require.Equal(t, dig(full, "headers"), dig(shape, "headers"), status)
		require.Equal(t, dig(full, "content", "application/json", "schema"), dig(shape, "content", "application/json", "schema"), status)
	}
	require.Less(t, len(names), len(has), "equal ones stand there once")
}

func TestASchemaExtendsAnother(t *testing.T) {
	const more = `
  Larger:
    extends: Smaller
    required: [size]
    properties: {size: {type: integer, description: how large, uk: розмір}}
  Smaller:
    abstract: true
    type: object
    additionalProperties: false
    required: [name]
    properties: {name: {type: string, description: what it is called, uk: назва}}
`
	c, err := bundle(testFiles("  ThingStatus:\n", more[1:]+"  ThingStatus:\n"), recorded)
	require.NoError(t, err)
	larger := dig(decode(t, c), "components", "schemas", "Larger")
	require.Equal(t, []any{"size", "name"}, dig(larger, "required"))
	require.Equal(t, "object", dig(larger, "type"))
	require.Equal(t, false, dig(larger, "additionalProperties"))
	require.NotNil(t, dig(larger, "properties", "name"))
	require.NotNil(t, dig(larger, "properties", "size"))
	require.NotContains(t, dig(decode(t, c), "components", "schemas"), "Smaller")

	_, err = bundle(testFiles("  ThingStatus:\n", "  Larger: {extends: Nothing, properties: {}}\n  ThingStatus:\n"), recorded)
	require.ErrorContains(t, err, "Larger extends Nothing, which is no schema with fields of its own")
}
