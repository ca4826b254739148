package openapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/platform/validation"
	"esoz/openapi"
)

func TestMain(m *testing.M) {
	// Not checked by kin-openapi unless told how. The formats of our own (ua-name, dictionary:…) belong to the server.
	openapi3.DefineStringFormatValidator("uuid", openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForUUIDOfRFC9562))
	openapi3.DefineStringFormatValidator("date", timeFormat(time.DateOnly))
	openapi3.DefineStringFormatValidator("date-time", timeFormat(time.RFC3339Nano))
	m.Run()
}

func timeFormat(layout string) openapi3.StringFormatValidator {
	return openapi3.NewCallbackValidator(func(value string) error {
		_, err := time.Parse(layout, value)
		return err
	})
}

func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	require.NoError(t, err)
	return doc
}

// contract is one for all tests that only read it.
func contract(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := sharedContract()
	require.NoError(t, err)
	return doc
}

var sharedContract = sync.OnceValues(func() (*openapi3.T, error) { return openapi3.NewLoader().LoadFromData(openapi.Document) })

func validate(t *testing.T, doc *openapi3.T) error {
	t.Helper()
	return doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableMultiError())
}

func TestDocumentAndAllExamplesAreValid(t *testing.T) {
	require.NoError(t, validate(t, contract(t)))
}

// The test above proves something only if a wrong example is found, wherever it stands.
func TestWrongExamplesAreFound(t *testing.T) {
	wrong := map[string]func(*openapi3.Operation) openapi3.Content{
		"request body": func(op *openapi3.Operation) openapi3.Content { return op.RequestBody.Value.Content },
		"success":      func(op *openapi3.Operation) openapi3.Content { return op.Responses.Status(http.StatusOK).Value.Content },
		"refusal": func(op *openapi3.Operation) openapi3.Content {
			return op.Responses.Status(http.StatusConflict).Value.Content
		},
	}
	op := load(t).Paths.Value("/api/divisions").Post
	examples := func() error { return op.Validate(t.Context(), openapi3.EnableExamplesValidation()) }
	for name, content := range wrong {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, examples())
			for _, example := range content(op)["application/json"].Examples {
				right := example.Value.Value
				example.Value.Value = []any{}
				require.Error(t, examples())
				example.Value.Value = right
			}
		})
	}
}

// TestEveryOperationIsComplete is what this contract promises its readers of each operation.
func TestEveryOperationIsComplete(t *testing.T) {
	doc := contract(t)
	ids := map[string]string{}
	eachOperation(doc, func(path, method string, item *openapi3.PathItem, op *openapi3.Operation) {
		name := method + " " + path
		require.NotEmpty(t, op.OperationID, name)
		require.NotContains(t, ids, op.OperationID, "the operationId of %s", name)
		ids[op.OperationID] = name

		t.Run(op.OperationID, func(t *testing.T) {
			require.NotEmpty(t, op.Summary)
			require.NotEmpty(t, op.Description)
			require.NotEmpty(t, op.Extensions["x-source"], "x-source")
			require.Len(t, op.Tags, 1)
			require.NotNil(t, doc.Tags.Get(op.Tags[0]), "tag %s is not declared", op.Tags[0])
			requireSecurity(t, doc, op)
			for _, parameter := range append(item.Parameters, op.Parameters...) {
				requireParameter(t, parameter.Value)
			}
			if op.RequestBody != nil {
				requireExamples(t, op.RequestBody.Value.Content)
			}
			requireSuccess(t, op)
			requireRefusals(t, op)
		})
	})
}

func eachOperation(doc *openapi3.T, do func(path, method string, item *openapi3.PathItem, op *openapi3.Operation)) {
	for _, path := range doc.Paths.InMatchingOrder() {
		item := doc.Paths.Value(path)
		for method, op := range item.Operations() {
			do(path, method, item, op)
		}
	}
}

func requireSecurity(t *testing.T, doc *openapi3.T, op *openapi3.Operation) {
	t.Helper()
	require.NotNil(t, op.Security, "security must be told, [] when no token is wanted")
	declared := doc.Components.SecuritySchemes["oauth2"].Value.Flows.AuthorizationCode.Scopes
	for _, requirement := range *op.Security {
		for _, scope := range requirement["oauth2"] {
			require.Contains(t, declared, scope)
		}
	}
}

func requireParameter(t *testing.T, p *openapi3.Parameter) {
	t.Helper()
	require.NotEmpty(t, p.Description, "description of %s", p.Name)
	require.True(t, p.Example != nil || len(p.Examples) > 0, "parameter %s has no example", p.Name)
}

func requireExamples(t *testing.T, content openapi3.Content) {
	t.Helper()
	require.Contains(t, content, "application/json")
	media := content["application/json"]
	require.NotNil(t, media.Schema)
	require.NotEmpty(t, media.Examples)
	for name, example := range media.Examples {
		require.NotEmpty(t, example.Value.Summary, "summary of example %s", name)
	}
}

func requireSuccess(t *testing.T, op *openapi3.Operation) {
	t.Helper()
	successes := 0
	for code, response := range op.Responses.Map() {
		status, err := strconv.Atoi(code)
		require.NoError(t, err, "responses are told by their status")
		require.NotEmpty(t, response.Value.Description, code)
		if status >= http.StatusBadRequest {
			continue
		}
		successes++
		requireExamples(t, response.Value.Content)
		for name, example := range response.Value.Content["application/json"].Examples {
			requireEnvelope(t, name, status, example.Value.Value.(map[string]any))
		}
	}
	require.NotZero(t, successes, "no answer that succeeds")
}

func requireEnvelope(t *testing.T, name string, status int, body map[string]any) {
	t.Helper()
	meta := body["meta"].(map[string]any)
	require.EqualValues(t, status, meta["code"], "meta.code of example %s", name)
	_, list := body["data"].([]any)
	require.Equal(t, list, meta["type"] == "list", "meta.type of example %s", name)
}

// requireRefusals proves that every rule shows its answer, and that no refusal comes without a rule.
func requireRefusals(t *testing.T, op *openapi3.Operation) {
	t.Helper()
	own := rules.OfOperation(op.OperationID)
	if op.RequestBody != nil || readsPath(op) {
		require.NotEmpty(t, own, "x-rules")
	}
	shown := map[string]rules.Rule{}
	for _, id := range rules.Guards(op.OperationID) {
		rule, ok := rules.Get(id)
		require.True(t, ok, id)
		shown[string(id)] = rule
	}
	for _, rule := range own {
		if !rule.Job { // it refuses the job, and no request
			shown[string(rule.ID)] = rule
		}
	}
	require.NotEmpty(t, shown)

	for _, status := range []int{http.StatusInternalServerError, http.StatusServiceUnavailable} {
		require.NotNil(t, op.Responses.Status(status), "response %d", status)
	}
	for code, response := range op.Responses.Map() {
		if code < "400" {
			continue
		}
		requireExamples(t, response.Value.Content)
		for id, example := range response.Value.Content["application/json"].Examples {
			rule, ok := shown[id]
			if !ok && code >= "500" {
				continue
			}
			require.True(t, ok, "response %s shows %s, which is no rule of this operation", code, id)
			requireRefusal(t, rule, code, example.Value.Value)
			delete(shown, id)
		}
	}
	require.Empty(t, shown, "rules whose answer is not shown")
}

// readsPath tells whether the operation has something to look up.
func readsPath(op *openapi3.Operation) bool {
	return slices.ContainsFunc(op.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.In == openapi3.ParameterInPath })
}

func requireRefusal(t *testing.T, rule rules.Rule, code string, example any) {
	t.Helper()
	require.Equal(t, strconv.Itoa(rule.Status), code, rule.ID)
	body := example.(map[string]any)
	requireEnvelope(t, string(rule.ID), rule.Status, body)
	refusal := body["error"].(map[string]any)
	require.Equal(t, rule.Type, refusal["type"], rule.ID)
	_, hasInvalid := refusal["invalid"]
	require.Equal(t, rule.EntryType != "" || rule.InvalidJSON, hasInvalid, rule.ID)
	if rule.Type == "validation_failed" {
		require.Equal(t, rules.ValidationMessage, refusal["message"], rule.ID)
	}
}

func TestRuleIDsAreUniqueAndAllGenerated(t *testing.T) {
	doc := contract(t)
	found := map[string]string{}
	collect := func(where string, list any) {
		items, _ := list.([]any)
		for _, item := range items {
			id := fmt.Sprint(item.(map[string]any)["id"])
			require.NotContains(t, found, id, "%s has a rule id of", where)
			found[id] = where
		}
	}
	collect("the document", doc.Extensions["x-rules"])
	eachOperation(doc, func(_, _ string, _ *openapi3.PathItem, op *openapi3.Operation) {
		collect(op.OperationID, op.Extensions["x-rules"])
	})

	require.Len(t, rules.All, len(found))
	for _, rule := range rules.All {
		require.Contains(t, found, string(rule.ID))
	}
}

// No two operations have the same words.
func TestOperationsHaveWordsOfTheirOwn(t *testing.T) {
	summaries, descriptions := map[string]string{}, map[string]string{}
	eachOperation(contract(t), func(_, _ string, _ *openapi3.PathItem, op *openapi3.Operation) {
		require.NotContains(t, summaries, op.Summary, op.OperationID)
		require.NotContains(t, descriptions, op.Description, op.OperationID)
		summaries[op.Summary], descriptions[op.Description] = op.OperationID, op.OperationID
	})
}

// TestEveryPropertyIsExplained measures all properties, those of inline schemas
// too: each has words, and each plain value an example or a list of values.
func TestEveryPropertyIsExplained(t *testing.T) {
	doc := contract(t)
	seen := properties{}
	for name, schema := range doc.Components.Schemas {
		require.NotEmpty(t, schema.Value.Description, name)
		seen.add(name, schema)
	}
	eachOperation(doc, func(_, _ string, _ *openapi3.PathItem, op *openapi3.Operation) {
		if op.RequestBody != nil {
			seen.addContent(op.OperationID, op.RequestBody.Value.Content)
		}
		for status, response := range op.Responses.Map() {
			seen.addContent(op.OperationID+" "+status, response.Value.Content)
		}
	})
	require.Greater(t, len(seen), 400, "the walk has lost its way")

	var mute, bare []string
	for place, property := range seen {
		if property.Description == "" {
			mute = append(mute, place)
		}
		plain := property.Type.Is("string") || property.Type.Is("integer") || property.Type.Is("number") || property.Type.Is("boolean")
		if plain && property.Example == nil && len(property.Enum) == 0 {
			bare = append(bare, place)
		}
	}
	t.Logf("%d properties, %d of them without a description, %d plain ones without an example", len(seen), len(mute), len(bare))
	require.Empty(t, mute, "properties without a description")
	require.Empty(t, bare, "plain properties without an example")
}

// properties are the schemas of properties by their place.
type properties map[string]*openapi3.Schema

func (p properties) addContent(place string, content openapi3.Content) {
	for _, media := range content {
		if media.Schema.Ref == "" {
			p.add(place, media.Schema)
		}
	}
}

// add walks a schema. References lead to components, which have their own turn.
func (p properties) add(place string, ref *openapi3.SchemaRef) {
	if ref == nil || ref.Value == nil {
		return
	}
	s := ref.Value
	for name, property := range s.Properties {
		at := place + "." + name
		p[at] = property.Value
		if property.Ref == "" {
			p.add(at, property)
		}
	}
	for _, inner := range slices.Concat(s.OneOf, s.AnyOf, s.AllOf, openapi3.SchemaRefs{s.Items, s.AdditionalProperties.Schema}) {
		if inner != nil && inner.Ref == "" {
			p.add(place+"[]", inner)
		}
	}
}

// Each list and text that a client sends has a bound: the documented one, or one of ours. Without it a stored row, and each
// answer that shows it, would be as large as anybody likes.
func TestWhatIsSentHasBounds(t *testing.T) {
	const longestText, longestList, longestParameter = 8192, 100, 1 << 16
	seen := map[*openapi3.Schema]bool{}
	var check func(at string, schema *openapi3.SchemaRef, text uint64)
	check = func(at string, ref *openapi3.SchemaRef, text uint64) {
		if ref == nil || seen[ref.Value] {
			return
		}
		schema := ref.Value
		seen[schema] = true
		if schema.Type.Is("string") && len(schema.Enum) == 0 {
			require.NotNil(t, schema.MaxLength, at)
			if schema.Format != validation.SignedContent { // MAX_SIGNED_CONTENT_BYTES is its limit
				require.LessOrEqual(t, *schema.MaxLength, text, at)
			}
		}
		if schema.Type.Is("array") {
			require.NotNil(t, schema.MaxItems, at)
			require.LessOrEqual(t, *schema.MaxItems, uint64(longestList), at)
		}
		check(at+"[]", schema.Items, text)
		check(at+".*", schema.AdditionalProperties.Schema, text)
		for name, property := range schema.Properties {
			check(at+"."+name, property, text)
		}
		for _, part := range slices.Concat(schema.AllOf, schema.AnyOf, schema.OneOf) {
			check(at, part, text)
		}
	}
	for path, item := range contract(t).Paths.Map() {
		for method, op := range item.Operations() {
			if op.RequestBody != nil {
				check(method+" "+path+" body", op.RequestBody.Value.Content.Get("application/json").Schema, longestText)
			}
			for _, p := range slices.Concat(item.Parameters, op.Parameters) {
				check(method+" "+path+" "+p.Value.Name, p.Value.Schema, longestParameter)
			}
		}
	}
	for _, day := range contract(t).Components.Schemas["DivisionWorkingHoursRequest"].Value.Properties {
		require.Equal(t, uint64(24), *day.Value.MaxItems)
	}
}
