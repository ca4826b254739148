package conformance

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/conformance/report"
	"esoz/internal/sandbox/world"
)

func builtIn(t *testing.T) (*world.World, *Document) {
	t.Helper()
	contract, err := Contract()
	require.NoError(t, err)
	w, err := BuiltIn(time.Date(2026, 3, 25, 10, 0, 0, 0, time.UTC), contract)
	require.NoError(t, err)
	return w, contract
}

// Every request of the world is the same when it was taken apart and put
// together again.
func TestPartsMakeTheRequest(t *testing.T) {
	t.Parallel()
	w, _ := builtIn(t)
	for _, c := range w.Cases {
		p, ok := partsOf(c.Request)
		if !ok {
			require.Contains(t, c.Request.Path, "?", c.ID) // a query that cannot be read
			continue
		}
		again, ok := partsOf(p.request())
		require.True(t, ok)
		require.Equal(t, p, again, c.ID)
		require.Equal(t, c.Request.Body, p.request().Body, c.ID)
		require.Equal(t, c.Request.Headers, p.request().Headers, c.ID)
	}
}

func TestPartsAreBrokenApart(t *testing.T) {
	t.Parallel()
	body := func(text string) (value any) {
		require.NoError(t, json.Unmarshal([]byte(text), &value))
		return value
	}
	request := func(path, token, text string) parts {
		p, ok := partsOf(world.Request{Method: "POST", Path: path, Headers: map[string]string{"Authorization": token}, Body: body(text)})
		require.True(t, ok)
		return p
	}
	base := request("/a/1?x=1", "good", `{"one": {"a": 1, "b": 2}, "list": [1]}`)
	for name, c := range map[string]struct {
		one, two parts
		apart    bool
	}{
		"path and header":       {request("/a/2?x=1", "good", `{"one": {"a": 1, "b": 2}, "list": [1]}`), request("/a/1?x=1", "bad", `{"one": {"a": 1, "b": 2}, "list": [1]}`), true},
		"two fields":            {request("/a/1?x=1", "good", `{"one": {"a": 9, "b": 2}, "list": [1]}`), request("/a/1?x=1", "good", `{"one": {"a": 1}, "list": [1]}`), true},
		"one field":             {request("/a/1?x=1", "good", `{"one": {"a": 9, "b": 2}, "list": [1]}`), request("/a/1?x=1", "good", `{"one": {"b": 2}, "list": [1]}`), false},
		"an object and a field": {request("/a/1?x=1", "good", `{"one": 1, "list": [1]}`), request("/a/1?x=1", "good", `{"one": {"a": 1}, "list": [1]}`), false},
		"one list":              {request("/a/1?x=1", "good", `{"one": {"a": 1, "b": 2}, "list": [2]}`), request("/a/1?x=1", "good", `{"one": {"a": 1, "b": 2}, "list": []}`), false},
		"a query and no body":   {request("/a/1?x=2", "good", `{"one": {"a": 1, "b": 2}, "list": [1]}`), request("/a/1?x=1", "good", `{}`), true},
	} {
		one, two := base.changesTo(c.one), base.changesTo(c.two)
		require.Equal(t, c.apart, one.apart(two), name)
		require.Equal(t, c.one, base.with(one), name)
	}
}

// Requests that break two rules are made for every operation that a rule of its
// own or of the gateway can refuse, each once, each with an answer.
func TestDerived(t *testing.T) {
	t.Parallel()
	w, contract := builtIn(t)
	ids, orders, first := map[string]bool{}, map[string]int{}, map[string]map[rules.ID]bool{}
	for _, c := range derive(w, contract, nil) {
		require.False(t, ids[c.ID], "%s stands twice", c.ID)
		ids[c.ID] = true
		require.GreaterOrEqual(t, c.Expect.Status, 400, c.ID)
		require.NotContains(t, c.Expect.Message, "{", "%s: a name is not filled in", c.ID)
		if first[c.OperationID] == nil {
			first[c.OperationID] = map[rules.ID]bool{}
		}
		if c.Request.Method != http.MethodDelete { // beside a method that no operation has, nothing is answered in its words
			first[c.OperationID][c.Rules[0]] = true
		}
		if len(c.Before) > 0 {
			require.NotContains(t, c.Rules, c.Before[0], c.ID)
			orders[c.OperationID]++
		}
	}
	for _, item := range contract.Paths.Map() {
		for _, op := range item.Operations() {
			if public(op) {
				continue
			}
			require.Positive(t, orders[op.OperationID], op.OperationID)
		}
	}
	// An operation that has the gateway's refusals in its own words answers with them.
	require.True(t, first["stopDeviceDispense"][rules.DeviceDispenseStopToken])
	require.False(t, first["stopDeviceDispense"][rules.GatewayTokenUnknown])
}

func TestCheckOfAnswers(t *testing.T) {
	t.Parallel()
	_, contract := builtIn(t)
	const path = "/api/uaddresses/settlements/1"
	refusal := `{"meta":{"code":404,"url":"u","type":"object","request_id":"1"},"error":{"type":"not_found"}}`
	for name, c := range map[string]struct {
		method, path string
		status       int
		body, says   string // empty: right
	}{
		"right":            {http.MethodGet, path, 404, refusal, ""},
		"an unknown path":  {http.MethodGet, "/api/unknown", 404, refusal, ""},
		"not declared":     {http.MethodGet, path, 418, refusal, "status is not supported"},
		"a missing field":  {http.MethodGet, path, 404, strings.Replace(refusal, `"url":"u",`, "", 1), `/meta/url: property "url" is missing`},
		"another type":     {http.MethodGet, path, 404, strings.Replace(refusal, `404`, `"secret"`, 1), "/meta/code: value must be an integer"},
		"no refusal there": {http.MethodGet, "/api/unknown", 404, `{"secret":1}`, `property "error" is missing`},
		"no JSON":          {http.MethodGet, path, 404, "secret", "failed to decode response body"},
	} {
		err := contract.Check(c.method, c.path, c.status, http.Header{"Content-Type": {"application/json"}}, []byte(c.body))
		if c.says == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, c.says, name)
		require.NotContains(t, err.Error(), "secret", "%s: no value of the answer is told", name)
	}
}

func TestSecretsStayOutOfBodies(t *testing.T) {
	t.Parallel()
	s := newSecrets(&world.World{}, nil)
	body := map[string]any{
		"token":  map[string]any{"password": "p", "code": "c", "client_secret": "s", "refresh_token": "r", "email": "e"},
		"coding": []any{map[string]any{"system": "eHealth", "code": "kept"}},
	}
	require.Equal(t, map[string]any{
		"token":  map[string]any{"password": mask, "code": mask, "client_secret": mask, "refresh_token": mask, "email": "e"},
		"coding": []any{map[string]any{"system": "eHealth", "code": "kept"}},
	}, s.undress(world.Request{Body: body}).Body)
	require.Equal(t, "p", body["token"].(map[string]any)["password"], "the request itself is left alone") //nolint:forcetypeassert // made above
}

func TestSampleIsEven(t *testing.T) {
	t.Parallel()
	checks := make([]Check, 10)
	for i := range checks {
		checks[i].ID = string(rune('a' + i))
	}
	require.Len(t, sample(checks, 20), 10)
	require.Empty(t, sample(checks, 0))
	some := sample(checks, 3)
	require.Equal(t, []string{"a", "d", "g"}, []string{some[0].ID, some[1].ID, some[2].ID})
}

// The files that docs/conformance.md shows can be used.
func TestDocumentedFiles(t *testing.T) {
	t.Parallel()
	_, contract := builtIn(t)
	page, err := os.ReadFile("../../docs/conformance.md")
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1)
	require.Len(t, examples, 2)
	w, err := ReadWorld(bytes.NewReader(examples[0][1]), contract)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, w.Cases[0].Expect.Status)
	tokens, err := ReadTokens(bytes.NewReader(examples[1][1]))
	require.NoError(t, err)
	require.Contains(t, tokens, w.Tokens[0].Name)
}

// A server that is all wrong does not flood the terminal, unless it is asked to.
func TestFirstMissesAreShown(t *testing.T) {
	t.Parallel()
	r := &Results{}
	for range shownMisses + 3 {
		r.Results = append(r.Results, Result{Outcome: report.Failed, Misses: []string{"status: want 200"}})
	}
	var some, all bytes.Buffer
	require.NoError(t, r.WriteTable(&some, false))
	require.NoError(t, r.WriteTable(&all, true))
	require.Equal(t, shownMisses, strings.Count(some.String(), "MISS "))
	require.Contains(t, some.String(), "… and 3 more misses: --verbose")
	require.Equal(t, shownMisses+3, strings.Count(all.String(), "MISS "))
}
