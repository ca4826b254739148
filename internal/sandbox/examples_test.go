package sandbox_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/openapi"
	"esoz/openapi/tree"
)

// Folders of the contract.
const (
	sourceDir   = "../../openapi/src"
	examplesDir = "../../openapi/examples"
)

var update = flag.Bool("update", false, "write openapi/examples anew")

// requireExamples proves that no example of the contract shows what the server would not answer: those that are
// recorded are what is recorded now, and each refusal is compared with a case of its rule.
func requireExamples(t *testing.T, recorded recording) {
	t.Helper()
	t.Run("recorded", func(t *testing.T) { requireFiles(t, recorded) })
	if *update {
		return // the contract has the old ones
	}

	document, err := tree.Parse(openapi.Document)
	require.NoError(t, err)
	scopes := scopesOf(document)
	compared := 0
	for path, item := range tree.Entries(tree.At(document, "paths")) {
		for _, op := range tree.Entries(item) {
			id := tree.Text(op, "operationId")
			for name, example := range examples(tree.At(op, "requestBody")) {
				compared++
				require.True(t, recorded.sent(id, jsonOf(t, example)), "%s: no case that passes sends example %s", id, name)
			}
			for code, response := range tree.Entries(tree.At(op, "responses")) {
				status, err := strconv.Atoi(code)
				require.NoError(t, err)
				for name, example := range examples(response) {
					compared++
					shown := jsonOf(t, example)
					t.Run(id+"/"+name, func(t *testing.T) {
						if status < http.StatusBadRequest {
							require.Contains(t, recorded.passing(t, id, status), shown)
							return
						}
						withoutPlace(t, shown, path)
						require.Contains(t, recorded.refusals(t, id, name, scopes), shown)
					})
				}
			}
		}
	}
	require.Greater(t, compared, 700, "the walk has lost its way")
}

// requireFiles compares the recording with openapi/examples.
func requireFiles(t *testing.T, recorded recording) {
	t.Helper()
	wanted, err := wantedCases(sourceDir)
	require.NoError(t, err)
	files, err := recorded.files(wanted)
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.RemoveAll(examplesDir))
		require.NoError(t, os.Mkdir(examplesDir, 0o755))
		for name, content := range files {
			require.NoError(t, os.WriteFile(filepath.Join(examplesDir, name), content, 0o644))
		}
	}
	names, err := filepath.Glob(examplesDir + "/*")
	require.NoError(t, err)
	require.Len(t, names, len(files), "run make examples generate")
	for name, want := range files {
		content, err := os.ReadFile(filepath.Join(examplesDir, name))
		require.NoError(t, err, "run make examples generate")
		require.Equal(t, string(want), string(content), "%s: run make examples generate", name)
	}
}

// examples are the values of a body's or an answer's examples.
func examples(n *yaml.Node) map[string]*yaml.Node {
	values := map[string]*yaml.Node{}
	for name, example := range tree.Entries(tree.At(n, "content", "application/json", "examples")) {
		values[name] = tree.At(example, "value")
	}
	return values
}

func jsonOf(t *testing.T, n *yaml.Node) map[string]any {
	t.Helper()
	raw, err := tree.JSON(n)
	require.NoError(t, err)
	return decoded(t, raw)
}

func decoded(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var value map[string]any
	require.NoError(t, json.Unmarshal(raw, &value), "%s", raw)
	return value
}

// sent tells whether a case of the operation that passes has this body.
func (r recording) sent(operation string, body any) bool {
	for _, e := range r {
		if e.OperationID == operation && len(e.Rules) == 0 && e.Request.Body != nil && fmt.Sprint(e.Request.Body) == fmt.Sprint(body) {
			return true
		}
	}
	return false
}

// passing are the answers with which the operation succeeds by a status.
func (r recording) passing(t *testing.T, operation string, status int) []any {
	t.Helper()
	var answers []any
	for _, e := range r {
		if e.OperationID == operation && len(e.Rules) == 0 && e.Expect.Status == status {
			answers = append(answers, decoded(t, e.answer))
		}
	}
	return answers
}

// refusals are the answers by a rule to an operation. When rules answer together, each of them is one item of the answer.
// Some rules of the gateway have a case in one operation only: they answer everywhere alike, but for the scopes that they
// name.
func (r recording) refusals(t *testing.T, operation, name string, scopes map[string]string) []any {
	t.Helper()
	if failure, ok := failures[name]; ok {
		return []any{failure}
	}
	id := rules.ID(name)
	rule, _ := rules.Get(id)
	var own, others []any
	for _, e := range r {
		if !slices.Contains(e.Rules, id) || len(e.Before) > 0 {
			continue
		}
		if e.OperationID == operation {
			own = append(own, itemsOf(t, e)...)
		} else if rule.Operation == "" {
			e.answer = bytes.Replace(e.answer, []byte(": "+scopes[e.OperationID]+`"`), []byte(": "+scopes[operation]+`"`), 1)
			others = append(others, itemsOf(t, e)...)
		}
	}
	if len(own) > 0 {
		return own
	}
	return others
}

// itemsOf is the refusal, or, when several rules have refused together, the refusals by each item.
func itemsOf(t *testing.T, e exchange) []any {
	t.Helper()
	answer := decoded(t, e.answer)
	withoutPlace(t, answer, "")
	refusal := answer["error"].(map[string]any)
	items, _ := refusal["invalid"].([]any)
	if len(e.Rules) == 1 || len(items) == 1 {
		return []any{answer}
	}
	var answers []any
	for _, item := range items {
		one := maps.Clone(refusal)
		one["invalid"] = []any{item}
		answers = append(answers, map[string]any{"meta": answer["meta"], "error": one})
	}
	return answers
}

// scopesOf are the scopes that each operation wants, as a refusal names them.
func scopesOf(document *yaml.Node) map[string]string {
	scopes := map[string]string{}
	for _, item := range tree.Entries(tree.At(document, "paths")) {
		for _, op := range tree.Entries(item) {
			var wanted []string
			for _, requirement := range tree.Items(tree.At(op, "security")) {
				wanted = nil
				for _, scope := range tree.Items(tree.At(requirement, "oauth2")) {
					wanted = append(wanted, scope.Value)
				}
			}
			scopes[tree.Text(op, "operationId")] = strings.Join(wanted, ", ")
		}
	}
	return scopes
}

// failures are made by no rule, and so by no case.
var failures = map[string]any{
	"internal_error": failure(fault.Internal()),
	"unavailable":    failure(fault.Unavailable()),
	"unconfirmed":    failure(fault.Unconfirmed()),
}

func failure(err *fault.Error) map[string]any {
	return map[string]any{
		"meta":  map[string]any{"code": float64(err.Status), "type": "object"},
		"error": map[string]any{"type": err.Type, "message": err.Message},
	}
}

// withoutPlace takes out of a refusal where and when it was answered. The address must be one of the path, if one is
// given.
func withoutPlace(t *testing.T, refusal map[string]any, path string) {
	t.Helper()
	meta := refusal["meta"].(map[string]any)
	head, _, _ := strings.Cut(path, "{")
	require.True(t, strings.HasPrefix(meta["url"].(string), publicURL+head), meta["url"])
	require.NotEmpty(t, meta["request_id"])
	delete(meta, "url")
	delete(meta, "request_id")
	delete(meta, "idempotency_key")
}

func TestWhatIsNewInAnAnswerIsReplaced(t *testing.T) {
	t.Parallel()
	const known, first, second = "5a1d5c9c-7d5e-4b5e-8a8c-0d9b1b1f0a11", "e9a1b1a0-3c52-4a0e-9c1c-5f0f6a3c2f11", "e9a1b1a0-3c52-4a0e-9c1c-5f0f6a3c2f12"
	answer := stable([]byte(`{"id":"`+first+`","by":"`+known+`","again":["`+second+`","`+first+`"],"job":"/api/jobs/0123456789abcdef01234567",`+
		`"value":"-9eHBjVNTCr1YECUKVXY8WpEpQFN5NFsDknf08U27Lg","request_id":"`+second+`#1"}`), []byte(known))
	require.JSONEq(t, `{"id":"`+newIDs[0]+`","by":"`+known+`","again":["`+newIDs[1]+`","`+newIDs[0]+`"],"job":"/api/jobs/`+jobID+`",`+
		`"value":"`+token+`","request_id":"`+requestID+`"}`, string(answer))
}
