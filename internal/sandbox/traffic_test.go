package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/conformance"
	"esoz/internal/sandbox/traffic"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// explain asks the sandbox about a request.
func (b *box) explain(t *testing.T, requestID string) *traffic.Explanation {
	t.Helper()
	var x traffic.Explanation
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/explain/"+url.PathEscape(requestID), nil, &x))
	return &x
}

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

// fetch gets a page of the sandbox as text.
func (b *box) fetch(t *testing.T, path, accept string) (contentType, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+path, http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Accept", accept)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, "%s", raw)
	return res.Header.Get("Content-Type"), string(raw)
}

func withHeader(r world.Request, name, value string) world.Request {
	r.Headers = maps.Clone(r.Headers)
	r.Headers[name] = value
	return r
}

// requireExplained checks the explanation of an answer to a case: exactly its
// rules have refused, and whatever stands before them has passed or is off.
func requireExplained(t *testing.T, b *box, c conformance.Result) {
	t.Helper()
	x := b.explain(t, c.RequestID)
	require.Equal(t, c.Expect.Status, x.Status)
	if c.OperationID != "" && !slices.Contains(c.Rules, rules.GatewayMethod) {
		require.NotNil(t, x.Operation)
		require.Equal(t, c.OperationID, x.Operation.ID)
	}
	refused := []rules.ID{}
	for _, check := range x.Refusals {
		refused = append(refused, check.ID)
	}
	require.Equal(t, c.Rules, refused)
	reached, group := true, ""
	var marked []rules.ID
	for _, check := range x.Checks {
		if check.State == traffic.Refused {
			marked = append(marked, check.ID)
			reached, group = false, check.Together
			continue
		}
		want := []traffic.State{traffic.Passed, traffic.Off}
		if !reached && (group == "" || check.Together != group) {
			want = []traffic.State{traffic.NotReached, traffic.Off}
		}
		require.Contains(t, want, check.State, "%s after %v", check.ID, marked)
	}
	require.ElementsMatch(t, c.Rules, marked, "each rule has refused in one place")
}

// What became of requests and what they have covered, on one sandbox that
// forgets in between.
func TestTraffic(t *testing.T) {
	t.Parallel()
	b := startBox(t)
	for _, c := range []struct {
		name string
		test func(*testing.T, *box)
	}{
		{"explain takes any request id", explainTakesAnyRequestID},
		{"explain on a terminal", explainOnATerminal},
		{"explain outside of rules", explainOutsideOfRules},
		{"coverage counts", coverageCounts},
		{"coverage counts repeats", coverageCountsRepeats},
		{"coverage formats", coverageFormats},
		{"no personal data", trafficHoldsNoPersonalData},
		{"many clients", trafficOfManyClients},
	} {
		b.reset(t)
		require.Equal(t, http.StatusNoContent, b.call(t, http.MethodPost, "/_sandbox/coverage/reset", nil, nil))
		t.Run(c.name, func(t *testing.T) { c.test(t, b) })
	}
}

func explainTakesAnyRequestID(t *testing.T, b *box) {
	get := testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil)
	for _, id := range []string{"plain", "a#1", "a/b", "//", ".", "..", "?x=%41&y", "a b", "%", `"<>\^{|}~`, strings.Repeat("#", 200)} {
		r := testkit.Send(t, b.url, withHeader(get, "X-Request-ID", id))
		require.Equal(t, http.StatusOK, r.Status)
		require.Equal(t, id, r.Header.Get("X-Request-Id"))
		escaped := strings.ReplaceAll(url.PathEscape(id), ".", "%2E")
		_, raw := b.fetch(t, "/_sandbox/explain/"+escaped, "*/*")
		var x traffic.Explanation
		require.NoError(t, json.Unmarshal([]byte(raw), &x))
		require.Equal(t, id, x.RequestID)
		require.Equal(t, "listDivisions", x.Operation.ID)
		require.NotEmpty(t, x.Operation.Sources)
		require.Equal(t, "All checks passed.", x.Summary)
		require.Equal(t, world.ID("clinic").String(), x.ClientID)
	}
	own := testkit.Send(t, b.url, get)
	require.Equal(t, "listDivisions", b.explain(t, own.Header.Get("X-Request-Id")).Operation.ID, "ids of the gateway, which have a #")

	var answer struct{ Error string }
	for _, id := range []string{"never-sent", strings.Repeat("x", 5000)} {
		require.Equal(t, http.StatusNotFound, b.call(t, http.MethodGet, "/_sandbox/explain/"+id, nil, &answer))
		require.Contains(t, answer.Error, "no request with this id")
	}
}

func explainOnATerminal(t *testing.T, b *box) {
	r := testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodPatch, "/api/divisions/1", map[string]any{"name": "@"}))
	contentType, text := b.fetch(t, "/_sandbox/explain/"+url.PathEscape(r.Header.Get("X-Request-Id")), "text/plain")
	require.Equal(t, "text/plain; charset=utf-8", contentType)
	for _, line := range []string{
		"Update Division (updateDivision)", "PATCH /api/divisions/{id} answered 422", "Refused by 2 checks, which answer together.",
		"✗ division.update.schema ", "✗ division.update.name_pattern ", "✓ division.update.zip ", "· division.update.not_found ",
		"– division.update.party ", "seed 003, Validate addresses",
	} {
		require.Contains(t, text, line)
	}
	columns := map[int]bool{}
	for _, line := range regexp.MustCompile(`(?m)^[✓✗·–] [a-z_.]+ +[45]`).FindAllString(text, -1) {
		columns[utf8.RuneCountInString(line)] = true
	}
	require.Len(t, columns, 1, "the answers stand under each other")
}

// What is no check of an operation is told too, and nothing is claimed that is
// not known.
func explainOutsideOfRules(t *testing.T, b *box) {
	send := func(r world.Request) *traffic.Explanation {
		return b.explain(t, testkit.Send(t, b.url, r).Header.Get("X-Request-Id"))
	}
	states := func(x *traffic.Explanation) map[traffic.State]int {
		n := map[traffic.State]int{}
		for _, check := range x.Checks {
			n[check.State]++
		}
		return n
	}

	x := send(testkit.As("sandbox-owner", http.MethodGet, "/api/persons/380501234567", nil))
	require.Nil(t, x.Operation)
	require.Empty(t, x.Path)
	require.Equal(t, map[traffic.State]int{traffic.Refused: 1}, states(x))

	x = send(testkit.As("sandbox-owner", http.MethodDelete, "/api/divisions/"+world.ID("clinic").String(), nil))
	require.Nil(t, x.Operation)
	require.Equal(t, "/api/divisions/{id}", x.Path)
	require.Equal(t, rules.GatewayMethod, x.Refusals[0].ID)
	x = send(testkit.As("", http.MethodDelete, "/api/dictionaries", nil))
	require.Equal(t, []rules.ID{rules.GatewayPath, rules.GatewayPSK, rules.GatewayRateLimit, rules.GatewayMethod}, idsOf(x.Checks), "a path without a token")

	w := testkit.World()
	passing, ok := w.Passing("stopDeviceDispense")
	require.True(t, ok)
	x = send(passing.Request)
	require.Equal(t, http.StatusAccepted, x.Status)
	require.Contains(t, x.Summary, "GET /api/jobs/{id}")
	require.Zero(t, states(x)[traffic.NotReached])

	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/_sandbox/config", map[string]string{"REQUEST_TIMEOUT": "1ns"}, nil))
	x = send(testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil))
	require.Equal(t, http.StatusServiceUnavailable, x.Status)
	require.Contains(t, x.Summary, "The server failed on the way")
	require.Zero(t, states(x)[traffic.Passed]+states(x)[traffic.Refused]+states(x)[traffic.NotReached])
	require.Empty(t, x.Refusals)
	require.Equal(t, 1, of(t, b.coverage(t), "listDivisions").Failed)
}

func idsOf(checks []traffic.Check) []rules.ID {
	ids := make([]rules.ID, len(checks))
	for i, check := range checks {
		ids[i] = check.ID
	}
	return ids
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
	testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodGet, "/api/medical_programs", nil))
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
	send(withHeader(wrong, "Authorization", "Bearer sandbox-doctor"), 403)
	require.Zero(t, repeats("createDivision"), "another token is another request")
	send(wrong, 422)
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

// Nothing that a client sends can be found in what is told of its traffic.
func trafficHoldsNoPersonalData(t *testing.T, b *box) {
	secrets := []string{"380671112233", "3126509816", "Коцюбинська", "canary", "sandbox-owner", "192.0.2.77"}
	requests := []world.Request{
		testkit.As("sandbox-doctor", http.MethodGet, "/api/verifications/+380671112233", nil),
		testkit.As("sandbox-doctor", http.MethodPatch, "/api/verifications/+380671112233/actions/complete", map[string]any{"code": 1, "canary": "3126509816"}),
		testkit.As("sandbox-owner", http.MethodGet, "/api/divisions?name=Коцюбинська&tax_id=3126509816&page=canary", nil),
		testkit.As("sandbox-owner", http.MethodPost, "/api/divisions", map[string]any{"name": "Коцюбинська", "3126509816": "canary", "canary": nil}),
		testkit.As("canary-token", http.MethodGet, "/api/persons/3126509816?last_name=Коцюбинська", nil),
		testkit.As("sandbox-owner", "CANARY", "/api/divisions/380671112233", nil),
		testkit.As("sandbox-doctor", http.MethodPost, "/api/verifications", map[string]any{"phone_number": "+380671112233"}),
	}
	var ids []string
	for i, r := range requests {
		r.Path = (&url.URL{Path: r.Path}).EscapedPath()
		r.Path = strings.NewReplacer("%3F", "?", "%3D", "=", "%26", "&").Replace(r.Path)
		id := fmt.Sprintf("request-%d", i)
		r = withHeader(withHeader(withHeader(r, "X-Request-ID", id), "X-Forwarded-For", "192.0.2.77"), "User-Agent", "canary")
		require.GreaterOrEqual(t, testkit.Send(t, b.url, r).Status, 200)
		ids = append(ids, id)
	}
	var told []string
	for _, format := range []string{"json", "html", "junit"} {
		_, text := b.fetch(t, "/_sandbox/coverage?format="+format, "*/*")
		told = append(told, text)
	}
	for _, id := range ids {
		for _, accept := range []string{"application/json", "text/plain"} {
			_, text := b.fetch(t, "/_sandbox/explain/"+id, accept)
			told = append(told, text)
		}
	}
	for _, text := range told {
		require.NotEmpty(t, text)
		for _, secret := range secrets {
			require.NotContains(t, strings.ToLower(text), strings.ToLower(secret))
		}
	}
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

// Clients may ask while others are served: every request is counted once.
func trafficOfManyClients(t *testing.T, b *box) {
	const clients, each = 8, 20
	var working sync.WaitGroup
	for client := range clients {
		working.Go(func() {
			for n := range each {
				id := fmt.Sprintf("%d/%d", client, n)
				testkit.Send(t, b.url, withHeader(testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil), "X-Request-ID", id))
				b.explain(t, id)
				if n%5 == 0 {
					b.coverage(t)
				}
			}
		})
	}
	working.Wait()
	require.Equal(t, clients*each, of(t, b.coverage(t), "listDivisions").Succeeded)
}
