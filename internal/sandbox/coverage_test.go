package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/sandbox/traffic"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func (b *box) coverage(t *testing.T) *traffic.Coverage {
	t.Helper()
	var c traffic.Coverage
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/coverage", nil, &c))
	return &c
}

// of is what the traffic did with one operation.
func of(t *testing.T, c *traffic.Coverage, operationID string) traffic.OperationCoverage {
	t.Helper()
	for _, op := range c.Operations {
		if op.ID == operationID {
			return op
		}
	}
	t.Fatalf("no operation %s", operationID)
	return traffic.OperationCoverage{}
}

func coverageCounts(t *testing.T, b *box) {
	empty := b.coverage(t)
	require.Zero(t, empty.Totals.Requests, "what the sandbox itself is asked does not count")
	require.Len(t, empty.Operations, empty.Totals.Operations.Of)

	w := testkit.World()
	passing, ok := w.Passing("createDivision")
	require.True(t, ok)
	testkit.Send(t, b.url, passing.Request)
	testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodPost, "/api/divisions", map[string]any{"name": "@"}))
	testkit.Send(t, b.url, testkit.As("", http.MethodGet, "/api/divisions", nil))
	testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodGet, "/api/nothing", nil))
	testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodPut, "/api/divisions", nil))
	testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodGet, "/api/medical_program_provision", nil))
	b.fetch(t, "/docs/", "*/*")

	c := b.coverage(t)
	require.Equal(t, 6, c.Totals.Requests)
	require.Equal(t, 1, c.Totals.Succeeded)
	require.Equal(t, 4, c.Totals.Refused)
	require.Equal(t, 2, c.Totals.Operations.Met)
	require.Equal(t, 5, c.Totals.Rules.Met, "two of the shape, the token's, path, method")
	require.Equal(t, 1, c.Unknown.Paths)
	require.Equal(t, 1, c.Unknown.Methods)
	require.Equal(t, 1, c.Unknown.NotServed)

	created := of(t, c, "createDivision")
	require.Equal(t, []int{2, 1, 1, 0}, []int{created.Seen, created.Succeeded, created.Refused, created.Failed})
	require.Equal(t, traffic.BrokenSchema{Requests: 1, Rules: map[rules.ID]int{
		rules.DivisionCreateSchema: 1, rules.DivisionCreateNamePattern: 1,
	}}, created.BrokeSchema)
	require.Equal(t, traffic.HeadersMissing{APIKey: 1, RequestID: 2}, created.HeadersMissing)
	require.Equal(t, traffic.HeadersMissing{Authorization: 1, APIKey: 1, RequestID: 1}, of(t, c, "listDivisions").HeadersMissing)
	state := map[rules.ID]traffic.RuleCoverage{}
	for _, rule := range created.Rules {
		state[rule.ID] = rule
	}
	require.Equal(t, traffic.Met, state[rules.DivisionCreateNamePattern].State)
	require.Equal(t, 1, state[rules.DivisionCreateNamePattern].Count)
	require.NotNil(t, state[rules.DivisionCreateNamePattern].LastAt)
	require.Equal(t, traffic.Never, state[rules.DivisionCreateZip].State)
	require.Equal(t, traffic.Idle, state[rules.DivisionCreateParty].State, "nobody can meet it")

	b.reset(t)
	require.Equal(t, 6, b.coverage(t).Totals.Requests, "tests that make the world new between them keep what they have covered")
	require.Equal(t, http.StatusNoContent, b.call(t, http.MethodPost, "/_sandbox/coverage/reset", nil, nil))
	require.Equal(t, empty.Totals, b.coverage(t).Totals)
}

// A request counts as repeated when sending it again could not help.
func coverageCountsRepeats(t *testing.T, b *box) {
	send := func(r world.Request, status int) {
		t.Helper()
		got := testkit.Send(t, b.url, r)
		require.Equal(t, status, got.Status, "%s", got.Raw)
	}
	repeats := func(operation string) traffic.Repeats { return of(t, b.coverage(t), operation).Repeats }
	set := func(name, value string) {
		t.Helper()
		require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/_sandbox/config", map[string]string{name: value}, nil))
	}
	w := testkit.World()
	passing, ok := w.Passing("createDivision")
	require.True(t, ok)
	create := passing.Request
	wrong := testkit.As("sandbox-owner", http.MethodPost, "/api/divisions", map[string]any{"name": "@"})
	list := testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil)

	send(wrong, 422)
	send(wrong.Header("Authorization", "Bearer sandbox-doctor"), 403)
	require.Zero(t, repeats("createDivision"), "another token is another request")
	for range 100 { // a job of the new world may have changed something in between
		if send(wrong, 422); repeats("createDivision") != (traffic.Repeats{}) {
			break
		}
	}
	require.Equal(t, traffic.Repeats{AfterRefusal: 1}, repeats("createDivision"))
	send(create, 200)
	send(wrong, 422)
	require.Equal(t, traffic.Repeats{AfterRefusal: 1}, repeats("createDivision"), "something has changed in between")
	send(create, 200)
	require.Equal(t, traffic.Repeats{AfterRefusal: 1, AfterSuccess: 1}, repeats("createDivision"), "a second division")
	send(list, 200)
	send(list, 200)
	require.Zero(t, repeats("listDivisions"), "what was read may be read again")

	send(wrong, 422)
	set("MAX_PAGE_SIZE", "100")
	send(wrong, 422)
	b.reset(t)
	send(wrong, 422)
	b.call(t, http.MethodPost, "/_sandbox/clock", map[string]string{"advance": "PT1S"}, nil)
	send(wrong, 422)
	require.Equal(t, 1, repeats("createDivision").AfterRefusal, "nothing counts across a change of the sandbox")

	get := testkit.As("sandbox-owner", http.MethodGet, "/api/divisions/"+world.ID("clinic").String(), nil)
	set("RATE_LIMIT_PER_MINUTE", "1")
	send(get, 404)
	send(get, 429)
	require.Equal(t, traffic.Repeats{AfterRefusal: 1}, repeats("getDivision"))
	send(get, 429)
	require.Equal(t, traffic.Repeats{AfterRefusal: 1, TooEarly: 1}, repeats("getDivision"))
}

func coverageFormats(t *testing.T, b *box) {
	testkit.Send(t, b.url, testkit.As("", http.MethodGet, "/api/divisions", nil))
	for _, c := range []struct{ query, accept, contentType, holds string }{
		{"", "", "application/json", `"id":"listDivisions"`},
		{"", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8", "<!doctype html>"},
		{"", "application/xml", "application/xml", `<testsuite name="listDivisions"`},
		{"?format=html", "", "text/html; charset=utf-8", "division.list.ids"},
		{"?format=junit", "text/html", "application/xml", "gateway.token.missing"},
		{"?format=json", "text/html", "application/json", "gateway.token.missing"},
	} {
		contentType, text := b.fetch(t, "/_sandbox/coverage"+c.query, c.accept)
		require.Equal(t, c.contentType, contentType, "%+v", c)
		require.Contains(t, strings.ToLower(text), strings.ToLower(c.holds))
	}
	var answer struct{ Error string }
	require.Equal(t, http.StatusBadRequest, b.call(t, http.MethodGet, "/_sandbox/coverage?format=pdf", nil, &answer))
	require.Contains(t, answer.Error, "pdf")
}
