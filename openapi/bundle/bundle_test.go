package main

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const testRoot = `
openapi: 3.0.3
info: {title: test, version: '1'}
x-validation-message: Validation failed.
x-rules:
  - {id: gateway.psk, guards: all, check: c, status: 401, type: access_denied, message: Invalid PSK, source: s, origin: code, default: on}
  - {id: gateway.token, guards: token, check: c, status: 401, type: access_denied, message: Invalid token, source: s, origin: code, default: on}
  - {id: gateway.scope, guards: scope, check: c, status: 403, type: forbidden, message: 'Missing {scopes}', source: s, origin: code, default: on}
  - {id: request.json, guards: body, check: c, status: 400, type: request_malformed, message: Bad JSON, invalid_json: true, source: s, origin: code, default: on}
components:
  headers: {Retry-After: {}, X-Request-ID: {}, RateLimit-Limit: {}, RateLimit-Remaining: {}, RateLimit-Reset: {}, X-RateLimit-Limit-Minute: {}, X-RateLimit-Remaining-Minute: {}, Access-Control-Allow-Origin: {}}
  securitySchemes: {oauth2: {type: oauth2, flows: {authorizationCode: {scopes: {'thing:write': Write}}}}}
`

const testThings = `
paths:
  /api/things/{id}:
    patch:
      operationId: updateThing
      security: [{oauth2: ['thing:write']}]
      parameters: [{name: id, in: path, example: t1}]
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
      responses:
        '200': {description: done}
      x-rules:
        - {id: thing.update.token, check: the token is good, status: 401, type: access_denied, message: unauthorized, replaces: [gateway.token], source: seed, origin: seed, default: on}
        - {id: thing.update.schema, check: the shape is right, status: 422, type: validation_failed, together: shape, source: s, origin: code, default: on}
        - {id: thing.update.zip, check: zips are digits, status: 422, type: validation_failed, entry: '$.parts[*].zip', rule: format, description: 'string does not match pattern "^[0-9]{5}$"', params: {pattern: '^[0-9]{5}$'}, together: shape, source: s, origin: code, default: on}
        - {id: thing.update.status, check: the thing is new, status: 409, type: request_conflict, message: 'Thing in status {status}', example: {status: OLD}, source: s, origin: inferred, default: off}
components:
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

func sources(root, things string) fstest.MapFS {
	return fstest.MapFS{"root.yaml": {Data: []byte(root)}, "things.yaml": {Data: []byte(things)}}
}

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
	c, err := bundle(sources(testRoot, testThings))
	require.NoError(t, err)
	op := dig(decode(t, c), "paths", "/api/things/{id}", "patch")

	require.Equal(t, []any{"gateway.psk", "gateway.scope", "request.json"}, dig(op, "x-guards"),
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

// One word marks an operation; parameters, checks and headers follow from it.
func TestOperationsAreMarkedAsIdempotent(t *testing.T) {
	root := strings.NewReplacer(
		"components:\n", `  - {id: request.idempotency.in_flight, guards: idempotent, check: c, status: 409, type: request_conflict, message: Under way, source: s, origin: inferred, default: on}
components:
  parameters: {X-Idempotency-Key: {name: X-Idempotency-Key, in: header}, Idempotency-Key: {name: Idempotency-Key, in: header}}
`, "headers: {", "headers: {Idempotency-Replayed: {}, ").Replace(testRoot)
	marked := strings.Replace(testThings, "operationId: updateThing", "operationId: updateThing\n      x-idempotent: true", 1)
	c, err := bundle(sources(root, marked))
	require.NoError(t, err)
	op := dig(decode(t, c), "paths", "/api/things/{id}", "patch").(map[string]any)
	require.Equal(t, []any{
		map[string]any{"name": "id", "in": "path", "example": "t1"},
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

	c, err = bundle(sources(root, testThings))
	require.NoError(t, err)
	op = dig(decode(t, c), "paths", "/api/things/{id}", "patch").(map[string]any)
	require.Len(t, op["parameters"], 1)
	require.NotContains(t, op["x-guards"], "request.idempotency.in_flight")
	require.NotContains(t, dig(op, "responses", "200", "headers"), "Idempotency-Replayed")

	_, err = bundle(sources(root, strings.Replace(marked, "security: [{oauth2: ['thing:write']}]", "security: []", 1)))
	require.ErrorContains(t, err, "x-idempotent: a key is a caller's, and here is none")
}

func TestSchemasAreLimited(t *testing.T) {
	c, err := bundle(sources(testRoot, `
paths:
  /api/things:
    post:
      operationId: createThing
      security: []
      parameters: [{name: id, in: query, schema: {type: string, format: uuid}}, {name: name, in: query, schema: {type: string}}]
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Sent'}}}}
      responses:
        '200': {description: done, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Shown'}}}}}
      x-rules:
        - {id: thing.create.schema, check: the shape is right, status: 422, type: validation_failed, source: s, origin: code, default: on}
components:
  schemas:
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
`))
	require.NoError(t, err)
	document := decode(t, c)
	op := dig(document, "paths", "/api/things", "post").(map[string]any)
	require.Equal(t, []any{
		map[string]any{"name": "id", "in": "query", "schema": map[string]any{"type": "string", "format": "uuid", "maxLength": 36}},
		map[string]any{"name": "name", "in": "query", "schema": map[string]any{"type": "string", "format": "text", "maxLength": 65536}},
	}, op["parameters"])
	require.Equal(t, 10000, dig(op, "responses", "200", "content", "application/json", "schema", "maxItems"))
	require.Equal(t, map[string]any{
		"id":    map[string]any{"type": "string", "format": "uuid", "maxLength": 1048576}, // 36 would tell of one mistake twice
		"names": map[string]any{"type": "array", "maxItems": 10000, "items": map[string]any{"type": "string", "format": "text", "maxLength": 255}},
		"kind":  map[string]any{"type": "string", "enum": []any{"a", "b"}},
	}, dig(document, "components", "schemas", "Sent", "properties"))
	require.Equal(t, map[string]any{
		"id":    map[string]any{"type": "string", "format": "uuid", "maxLength": 36},
		"code":  map[string]any{"type": "string", "pattern": "^[0-9]{4}$", "maxLength": 1048576},
		"day":   map[string]any{"type": "string", "format": "date", "maxLength": 12},
		"names": map[string]any{"type": "array", "maxItems": 3, "items": map[string]any{"type": "string", "format": "text", "maxLength": 1048576, "example": "a"}},
	}, dig(document, "components", "schemas", "Shown", "properties"))
}

func TestRulesBecomeGoValues(t *testing.T) {
	c, err := bundle(sources(testRoot, testThings))
	require.NoError(t, err)
	code, err := c.goRules()
	require.NoError(t, err)

	require.Contains(t, string(code), `ThingUpdateZip    ID = "thing.update.zip"`)
	require.Contains(t, string(code), `RequestJSON       ID = "request.json"`)
	require.Contains(t, string(code), `map[string]any{"pattern": "^[0-9]{5}$"}`)
	require.Contains(t, string(code), `Together:    "shape",`)
	require.Contains(t, string(code), `"updateThing": {GatewayPSK, GatewayScope, RequestJSON}`)
}

func TestTheSameSourcesGiveTheSameDocument(t *testing.T) {
	render := func() string {
		c, err := bundle(sources(testRoot, testThings))
		require.NoError(t, err)
		content, err := c.yaml()
		require.NoError(t, err)
		return string(content)
	}
	require.Equal(t, render(), render())
}

func TestFaultsOfSourcesAreTold(t *testing.T) {
	const op = "things.yaml: updateThing PATCH /api/things/{id}"
	tests := map[string]struct {
		old, new string
		want     string
	}{
		"rule without a source":        {"message: unauthorized, replaces: [gateway.token], source: seed,", "message: unauthorized, replaces: [gateway.token],", op + ": rule thing.update.token: line 12: source is missing"},
		"unknown rule field":           {"message: unauthorized,", "mesage: unauthorized,", `unknown field "mesage"`},
		"rule id twice":                {"thing.update.zip", "thing.update.status", "the id stands already in"},
		"unknown origin":               {"origin: inferred", "origin: guessed", `origin "guessed" is none of seed, blueprint, wiki, code, inferred`},
		"unknown type":                 {"type: request_conflict", "type: requestconflict", `line 15: type "requestconflict" is none of access_denied, content_type_invalid,`},
		"unknown default":              {"default: off", "default: maybe", `default "maybe" is neither on nor off`},
		"seed rule that starts off":    {"origin: seed, default: on", "origin: seed, default: off", "a rule that cannot be switched starts on"},
		"field refusal without entry":  {"entry: '$.parts[*].zip', ", "", "a field's 422 wants entry"},
		"replaced rule does not exist": {"replaces: [gateway.token]", "replaces: [gateway.tokens]", `replaces "gateway.tokens", which is no rule of root.yaml that guards this operation`},
		"replaced rule answers other":  {"replaces: [gateway.token]", "replaces: [gateway.scope]", "answers 401 in place of gateway.scope, which answers 403"},
		"placeholder without example":  {"example: {status: OLD}, ", "", op + ": line 15: rule thing.update.status: example has no value for {status}"},
		"body without fallback":        {"thing.update.schema", "thing.update.shape", "an operation with a body has one rule <resource>.<operation>.schema"},
		"foreign rule family":          {"thing.update.zip", "other.update.zip", "the rules of an operation share <resource>.<operation>, here thing.update"},
		"reference to nothing":         {"#/components/schemas/Thing'", "#/components/schemas/Thin'", "things.yaml: line 8: $ref #/components/schemas/Thin leads to nothing"},
		"undeclared scope":             {"'thing:write'", "'thing:read'", "scope thing:read is not declared in root.yaml"},
		"security left out":            {"security: [{oauth2: ['thing:write']}]", "x: 1", "security is missing"},
		"handwritten refusal":          {"'200': {description: done}", "'404': {description: none}", "response 404: refusals are made from the rules"},
		"key twice":                    {"operationId: updateThing", "operationId: updateThing\n      operationId: updateThing", `key "operationId" stands twice in one mapping`},
		"states unlike the enum":       {"states: [NEW, OLD]", "states: [NEW, OLD, LOST]", "things.yaml: line 23: status machine Thing: states NEW, OLD, LOST are not those of the schema, NEW, OLD"},
		"transition of nobody":         {"by: updateThing", "by: updateThings", "status machine Thing: updateThings is no operation"},
		"transition to nowhere":        {"to: OLD", "to: GONE", "status machine Thing: GONE is no state"},
		"transition without source":    {"by: updateThing, source: s", "by: updateThing", "status machine Thing: a transition wants to, by and source"},
		"final state that is left":     {"final: [OLD]", "final: [NEW]", "status machine Thing: NEW is final and has a transition to OLD"},
		"begins elsewhere":             {"initial: [NEW]", "initial: [OLD]", "status machine Thing: initial OLD, transitions from nothing lead to NEW"},
		"state out of reach":           {"from: NEW, to: OLD", "from: OLD, to: NEW", "status machine Thing: no transition leads to OLD"},
		"unknown machine field":        {"final: [OLD]", "finals: [OLD]", `status machine Thing: unknown field "finals"`},
		"unknown group":                {"pattern: '^[0-9]{5}$'}, together: shape", "pattern: '^[0-9]{5}$'}, together: form", `together "form" is none of shape, business, filters, fields`},
		"group of one":                 {"validation_failed, together: shape,", "validation_failed,", op + ": line 5: rule thing.update.zip: nothing is checked together with it as shape"},
		"group torn apart":             {"together: shape, source: s, origin: code, default: on}\n        - {id: thing.update.status,", "source: s, origin: code, default: on}\n        - {id: thing.update.status, together: shape,", "rule thing.update.status: the rules that are checked together as shape stand one after another"},
		"shape without its fallback":   {"validation_failed, together: shape,", "validation_failed,", "the rules of the shape are checked together with thing.update.schema"},
		"group with two answers":       {"message: 'Thing in status {status}',", "message: 'Thing in status {status}', together: shape,", "rule thing.update.status: answers otherwise than thing.update.schema, with which it is checked together"},
		"group with a gateway's check": {"replaces: [gateway.token],", "replaces: [gateway.token], together: shape,", "a check of the gateway answers alone"},
		"path parameter unexplained":   {", example: t1", "", "path parameters without an example: {id}"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, testThings, tt.old)
			_, err := bundle(sources(testRoot, strings.Replace(testThings, tt.old, tt.new, 1)))
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestNamesThatStandInTwoFilesAreTold(t *testing.T) {
	files := sources(testRoot, testThings)
	files["zebra.yaml"] = files["things.yaml"]
	_, err := bundle(files)
	for _, want := range []string{
		"zebra.yaml: line 4: path /api/things/{id} stands in things.yaml already",
		"zebra.yaml: line 18: components/schemas Thing stands in things.yaml already",
		"the operationId stands already in things.yaml",
		"the id stands already in things.yaml",
	} {
		require.ErrorContains(t, err, want)
	}
}

func TestRequestsHoldWhatAServerAsks(t *testing.T) {
	t.Parallel()
	const things = testThings + `
    Unused: {type: string}
`
	c, err := bundle(sources(testRoot, strings.Replace(things, "Thing: {type: object, required: [name]}",
		"Thing: {type: object, description: d, example: {name: n}, properties: {description: {type: string, description: d}}}", 1)))
	require.NoError(t, err)
	raw, err := c.requests()
	require.NoError(t, err)
	require.JSONEq(t, `{
		"openapi": "3.0.3", "info": {"title": "test", "version": "1"},
		"paths": {"/api/things/{id}": {"patch": {
			"operationId": "updateThing", "parameters": [{"name": "id", "in": "path"}],
			"security": [{"oauth2": ["thing:write"], "apiKey": []}, {"oauth2": ["thing:write"], "apiKey": [], "customPsk": []}],
			"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}, "responses": {}
		}}},
		"components": {"schemas": {"Thing": {"type": "object", "properties": {
			"description": {"type": "string", "format": "text", "maxLength": 1048576}
		}}}}
	}`, string(raw))
}
