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
	"esoz/internal/platform/fault"
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

// requireExplained checks the explanation of an answer to a case: exactly its
// rules have refused, and whatever stands before them has passed or is off.
func requireExplained(t *testing.T, b *box, c conformance.Result) {
	t.Helper()
	x := b.explain(t, c.RequestID)
	require.Equal(t, c.Expect.Status, x.Status) // of a job: 202
	if c.OperationID != "" && !slices.Contains(c.Rules, rules.GatewayMethod) {
		require.NotNil(t, x.Operation)
		require.Equal(t, c.OperationID, x.Operation.ID)
	}
	if c.Expect.Status == http.StatusAccepted && c.Job == nil {
		return // nobody has followed the job: its world may have been another one by then
	}
	refused := []rules.ID{}
	for _, check := range x.Refusals {
		refused = append(refused, check.ID)
		require.NotEmpty(t, check.Facts, "%s says what it expected and found", check.ID)
		for _, f := range check.Facts {
			require.NotEmpty(t, f.What, "%s", check.ID)
			require.NotEmpty(t, f.Expected, "%s: %s", check.ID, f.What)
		}
	}
	if len(refused) > 0 {
		require.NotEmpty(t, x.Try, "what passes can be tried")
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
		{"explain says what it found", explainSaysWhatItFound},
		{"explain by number", explainByNumber},
		{"explain in a browser", explainInABrowser},
		{"refused scopes are named", refusedScopesAreNamed},
		{"warnings", warnings},
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
		r := testkit.Send(t, b.url, get.Header("X-Request-ID", id))
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

// Nothing that a client sends can be found in what is told of its traffic.
func trafficHoldsNoPersonalData(t *testing.T, b *box) {
	secrets := []string{"380671112233", "3126509816", "Коцюбинська", "canary", "192.0.2.77"}
	requests := []world.Request{
		testkit.As("sandbox-doctor", http.MethodGet, "/api/verifications/+380671112233", nil),
		testkit.As("sandbox-doctor", http.MethodPatch, "/api/verifications/+380671112233/actions/complete", map[string]any{"code": 1, "canary": "3126509816"}),
		testkit.As("sandbox-owner", http.MethodGet, "/api/divisions?name=Коцюбинська&tax_id=3126509816&page=canary", nil),
		testkit.As("sandbox-owner", http.MethodPost, "/api/divisions", map[string]any{"name": "Коцюбинська", "3126509816": "canary", "canary": nil}),
		testkit.As("sandbox-owner", http.MethodPost, "/api/divisions", map[string]any{
			"type": "canary", "email": "canary@example.com", "addresses": []any{map[string]any{"type": "380671112233", "area": "Коцюбинська", "зип": 1}},
			"phones": []any{map[string]any{"type": "MOBILE", "number": "3126509816"}}, "location": map[string]any{"longitude": 3126509816},
		}),
		testkit.As("sandbox-consent", http.MethodPost, "/oauth/apps/authorize", map[string]any{"app": map[string]any{
			"client_id": world.ID("clinic"), "redirect_uri": world.RedirectURI, "scope": "3126509816 canary Коцюбинська: 380671112233:read",
		}}),
		testkit.As("sandbox-doctor", http.MethodGet, "/api/patients/"+world.ID("patient").String()+"/device_dispenses?canary=3126509816&status=canary", nil),
		testkit.As("canary-token", http.MethodGet, "/api/persons/3126509816?last_name=Коцюбинська", nil),
		testkit.As("sandbox-owner", "CANARY", "/api/divisions/380671112233", nil),
		testkit.As("sandbox-doctor", http.MethodPost, "/api/verifications", map[string]any{"phone_number": "+380671112233"}),
	}
	var ids []string
	for i, r := range requests {
		r.Path = (&url.URL{Path: r.Path}).EscapedPath()
		r.Path = strings.NewReplacer("%3F", "?", "%3D", "=", "%26", "&").Replace(r.Path)
		id := fmt.Sprintf("request-%d", i)
		r = r.Header("X-Request-ID", id).Header("X-Forwarded-For", "192.0.2.77").Header("User-Agent", "canary")
		require.GreaterOrEqual(t, testkit.Send(t, b.url, r).Status, 200)
		ids = append(ids, id)
	}
	var told []string
	for _, format := range []string{"json", "html", "junit"} {
		_, text := b.fetch(t, "/_sandbox/coverage?format="+format, "*/*")
		told = append(told, text)
	}
	for _, id := range ids {
		for _, accept := range []string{"application/json", "text/plain", "text/html"} {
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
				testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil).Header("X-Request-ID", id))
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

// A refused check says what it looked at, expected and found, and what to try.
func explainSaysWhatItFound(t *testing.T, b *box) {
	w := testkit.World()
	passing, ok := w.Passing("createDivision")
	require.True(t, ok)
	body, ok := passing.Request.Body.(map[string]any)
	require.True(t, ok)
	misspelt := maps.Clone(body)
	misspelt["adresses"] = misspelt["addresses"]
	delete(misspelt, "addresses")
	const referrals = "/api/patients/{patient_id}/service_requests/{service_request_id}"
	referral := "/api/patients/" + world.ID("patient").String() + "/service_requests/" + world.ID("service request").String()
	for name, c := range map[string]struct {
		request world.Request
		rule    rules.ID
		fact    fault.Fact
		try     string
	}{
		"a scope": {
			testkit.As("sandbox-doctor", http.MethodPost, "/api/divisions", nil), rules.GatewayScope,
			fault.Fact{What: "scopes of the token", Expected: "division:write", Hint: "missing scopes: division:write"},
			"The token sandbox-owner has division:write",
		},
		"a misspelt field": {
			testkit.As("sandbox-owner", http.MethodPost, "/api/divisions", misspelt), rules.DivisionCreateSchema,
			fault.Fact{What: "$", Found: "adresses", Hint: "$: did you mean addresses?"},
			"createDivision) passes",
		},
		"a misspelt code": {
			testkit.As("sandbox-owner", http.MethodPost, "/api/divisions", map[string]any{"type": "CLINICS"}), rules.DivisionCreateType,
			fault.Fact{What: "$.type", Found: "another value", Hint: "$.type: did you mean CLINIC?"},
			"createDivision) passes",
		},
		"a status": {
			refusing(t, w, rules.DivisionDeactivateStatus), rules.DivisionDeactivateStatus, fault.Fact{What: "status", Expected: "ACTIVE", Found: "INACTIVE"}, "deactivateDivision) passes",
		},
		"a method": {
			testkit.As("sandbox-owner", http.MethodDelete, "/api/divisions", nil), rules.GatewayMethod,
			fault.Fact{What: "method", Expected: "GET, POST", Found: "DELETE"},
			"GET /api/divisions (listDivisions) passes",
		},
		"a method of an action": {
			testkit.As("sandbox-doctor", http.MethodPost, referral+"/actions/resend", []any{}), rules.GatewayMethod,
			fault.Fact{What: "method", Expected: "PATCH", Found: "POST", Hint: "the path has: PATCH " + referrals + "/actions/resend (resendServiceRequestSms)"},
			"PATCH " + referrals + "/actions/resend (resendServiceRequestSms) passes",
		},
		"another action than was meant": {
			testkit.As("sandbox-doctor", http.MethodPatch, referral+"/actions/cancel", []any{}), rules.ServiceRequestCancelSchema,
			fault.Fact{},
			"PATCH /api/service_requests/{service_request_id}/actions/release (releaseServiceRequest)",
		},
		"a path": {
			testkit.As("sandbox-owner", http.MethodGet, "/divizions", nil), rules.GatewayPath,
			fault.Fact{What: "path", Hint: "nearest: /api/divisions"},
			"GET /api/divisions (listDivisions) passes",
		},
		"a path with an id": {
			testkit.As("sandbox-owner", http.MethodPatch, "/api/division/"+world.ID("clinic").String()+"/activate", nil), rules.GatewayPath,
			fault.Fact{What: "path", Hint: "nearest: /api/divisions/{id}/actions/activate"},
			"activateDivision) passes",
		},
		"an expired token": {
			testkit.As(world.TokenValue("expired"), http.MethodGet, "/api/divisions", nil), rules.GatewayTokenExpired,
			fault.Fact{What: "end of the token"},
			"listDivisions) passes",
		},
		"a period": {
			refusing(t, w, rules.EventListPeriod), rules.EventListPeriod,
			fault.Fact{What: "time between date and date_to", Expected: "at most 3h0m0s"},
			"listEvents) passes",
		},
		"a body": {
			testkit.As("sandbox-owner", http.MethodPost, "/api/divisions", nil).Sending("application/json", `{"name": }`), rules.RequestJSON,
			fault.Fact{What: "body", Found: "a fault after byte 9 of 10"},
			"createDivision) passes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			answer := testkit.Send(t, b.url, c.request)
			x := b.explain(t, answer.Header.Get("X-Request-Id"))
			i := slices.IndexFunc(x.Refusals, func(check traffic.Check) bool { return check.ID == c.rule })
			require.GreaterOrEqual(t, i, 0, "%v", idsOf(x.Refusals))
			require.True(t, slices.ContainsFunc(x.Refusals[i].Facts, func(f fault.Fact) bool {
				same := func(want, got string) bool { return want == "" || want == got }
				return same(c.fact.What, f.What) && same(c.fact.Expected, f.Expected) && same(c.fact.Found, f.Found) && same(c.fact.Hint, f.Hint)
			}), "%v", x.Refusals[i].Facts)
			var tried []string
			for _, advice := range x.Try {
				tried = append(tried, advice.Text)
			}
			require.Contains(t, strings.Join(tried, "\n"), c.try)
			if c.fact.Hint != "" && x.Operation != nil {
				require.Contains(t, answer.Header.Get("X-Sandbox-Hint"), c.fact.Hint)
			}
		})
	}
}

// refusing is a request that a rule refuses.
func refusing(t *testing.T, w *world.World, rule rules.ID) world.Request {
	t.Helper()
	i := slices.IndexFunc(w.Cases, func(c world.Case) bool { return slices.Equal(c.Rules, []rules.ID{rule}) && len(c.Config) == 0 })
	require.GreaterOrEqual(t, i, 0)
	return w.Cases[i].Request
}

func explainByNumber(t *testing.T, b *box) {
	get := testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil)
	first, second := testkit.Send(t, b.url, get), testkit.Send(t, b.url, testkit.As("", http.MethodGet, "/api/jobs/1", nil))
	named := func(r *testkit.Response) string {
		path, ok := strings.CutPrefix(r.Header.Get("X-Sandbox-Explain"), b.url)
		require.True(t, ok)
		require.Regexp(t, `^/console/requests/[0-9]+$`, path)
		return path
	}
	ask := func(path string) (x traffic.Explanation) {
		require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, path, nil, &x))
		return x
	}
	x := ask(named(first))
	require.Equal(t, "listDivisions", x.Operation.ID)
	require.Equal(t, "general.apib L2833", x.Operation.Line)
	require.Empty(t, x.RequestID, "ids of clients are not kept")
	require.Equal(t, named(first), fmt.Sprintf("/console/requests/%d", x.Number))
	require.Equal(t, x, ask(fmt.Sprintf("/_sandbox/explain/%d", x.Number)))
	contentType, text := b.fetch(t, named(first), "text/plain")
	require.Equal(t, "text/plain; charset=utf-8", contentType)
	require.Contains(t, text, "listDivisions")
	contentType, text = b.fetch(t, named(first), "text/html,application/xhtml+xml,*/*;q=0.8")
	require.Equal(t, "text/html; charset=utf-8", contentType)
	require.Contains(t, text, "console/assets/console.js")
	last := ask("/_sandbox/explain/last")
	require.Equal(t, named(second), fmt.Sprintf("/console/requests/%d", last.Number))
	require.Equal(t, "getJob", last.Operation.ID)

	number := fmt.Sprint(x.Number)
	testkit.Send(t, b.url, testkit.As("", http.MethodGet, "/api/jobs/1", nil).Header("X-Request-ID", number))
	require.Equal(t, "getJob", b.explain(t, number).Operation.ID, "an id that a client has sent comes first")
	var answer struct{ Error string }
	for _, path := range []string{"0", "-1", "999999"} {
		require.Equal(t, http.StatusNotFound, b.call(t, http.MethodGet, "/_sandbox/explain/"+path, nil, &answer))
		require.Equal(t, http.StatusNotFound, b.call(t, http.MethodGet, "/console/requests/"+path, nil, &answer))
	}
	require.Equal(t, http.StatusNotFound, b.call(t, http.MethodGet, "/console/requests/%23%25%22", nil, &answer))
}

func explainInABrowser(t *testing.T, b *box) {
	testkit.Send(t, b.url, testkit.As("sandbox-doctor", http.MethodPost, "/api/divisions", nil))
	contentType, page := b.fetch(t, "/_sandbox/explain/last", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	require.Equal(t, "text/html; charset=utf-8", contentType)
	for _, part := range []string{
		"<!doctype html>", "<h1>Create Division</h1>", `docs/rules/createDivision/#gateway.scope"`, "general.apib L2878",
		"missing scopes: division:write", "The token sandbox-owner has division:write", "curl -sS -X POST", "docs/assets/atlas.css",
	} {
		require.Contains(t, page, part)
	}
	contentType, _ = b.fetch(t, "/_sandbox/explain/last", "*/*")
	require.Equal(t, "application/json", contentType)
}

// The most asked question about this API: which of the scopes is refused.
func refusedScopesAreNamed(t *testing.T, b *box) {
	w := testkit.World()
	passing, ok := w.Passing("authorizeApp")
	require.True(t, ok)
	raw, err := json.Marshal(passing.Request.Body)
	require.NoError(t, err)
	for rule, c := range map[rules.ID]struct{ scope, hint string }{
		rules.AppAuthorizeScopeClientType: {"division:read nothing:read division:write other_thing:write", "refused scopes: nothing:read, other_thing:write"},
		rules.AppAuthorizeScopeRoles:      {"division:read division:write", "refused scopes: division:write"},
	} {
		var body map[string]map[string]any
		require.NoError(t, json.Unmarshal(raw, &body))
		body["app"]["scope"] = c.scope
		answer := testkit.Send(t, b.url, passing.Request.With(body))
		require.Equal(t, []string{string(rule)}, answer.Rules())
		require.Equal(t, c.hint, answer.Header.Get("X-Sandbox-Hint"))
		require.NotContains(t, string(answer.Raw), "nothing:read")
		x := b.explain(t, answer.Header.Get("X-Request-Id"))
		require.Equal(t, c.hint, x.Refusals[0].Facts[0].Hint)
		require.Contains(t, x.Refusals[0].Facts[0].Expected, "division:read")
		require.Contains(t, x.Refusals[0].Facts[0].Found, "division:write")
	}
}

// Answers that are right but would surprise at the national host warn, and no
// others do.
func warnings(t *testing.T, b *box) {
	const key = "no API-key was sent"
	list := testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil).Header("API-key", world.MISKey)
	warned := func(r world.Request) []string {
		t.Helper()
		answer := testkit.Send(t, b.url, r)
		found := answer.Header.Values("X-Sandbox-Warning")
		var x traffic.Explanation
		require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, strings.TrimPrefix(answer.Header.Get("X-Sandbox-Explain"), b.url), nil, &x))
		require.Equal(t, found, x.Warnings)
		return found
	}
	events, ok := testkit.World().Passing("listEvents")
	require.True(t, ok)
	at := func(path string) world.Request {
		r := list
		if strings.HasPrefix(path, "/api/events") {
			r = events.Request.Header("API-key", world.MISKey)
		}
		r.Path = path
		return r
	}
	require.Empty(t, warned(list))
	require.Empty(t, warned(at("/api/divisions?page=1&page_size=10&status=ACTIVE")))
	for path, want := range map[string]string{
		"/api/divisions?stauts=ACTIVE":                               "stauts; did you mean status?",
		"/api/divisions?zzzzzzzz=1":                                  "a query parameter that the operation does not have is ignored",
		"/api/divisions?page=x":                                      "the query parameter page has not",
		"/api/divisions?page=0":                                      "the query parameter page has not",
		"/api/divisions?page_size=100000":                            "the query parameter page_size has not",
		"/api/events?date=2020-01-01T00:00":                          "date is before the oldest event",
		"/api/events?date=2120-01-01T00:00":                          "date is in the future",
		"/api/events?date=2026-03-25T10:00&date_to=2026-03-25T09:00": "date is not before date_to",
		"/api/dictionaries?is_activ=true":                            "is_activ; did you mean is_active?",
		"/api/uaddresses/regions?nam=КИЇВ":                           "nam; did you mean name?",
		"/api/uaddresses/regions?page=1&x=1":                         "a query parameter that the operation does not have is ignored",
	} {
		found := warned(at((&url.URL{Path: strings.SplitN(path, "?", 2)[0], RawQuery: strings.SplitN(path, "?", 2)[1]}).String()))
		require.Len(t, found, 1, path)
		require.Contains(t, found[0], want, path)
	}
	found := warned(list.Header("API-key", ""))
	require.Len(t, found, 1)
	require.Contains(t, found[0], key)
	refused := testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodPost, "/api/divisions?x=1", map[string]any{}))
	require.Empty(t, refused.Header.Values("X-Sandbox-Warning"), "a refusal speaks for itself")

	passing, ok := testkit.World().Passing("activateDivision")
	require.True(t, ok)
	again := passing.Request.Header("API-key", world.MISKey).Header("X-Idempotency-Key", "first")
	require.Empty(t, warned(again))
	testkit.Send(t, b.url, again) // refused: the division is active by now
	create, ok := testkit.World().Passing("createDivision")
	require.True(t, ok)
	again = create.Request.Header("API-key", world.MISKey).Header("X-Idempotency-Key", "second")
	require.Empty(t, warned(again))
	found = warned(again)
	require.Len(t, found, 1)
	require.Contains(t, found[0], "this idempotency key has come before")
	require.Empty(t, warned(again.Header("X-Idempotency-Key", "third")))

	for _, c := range testkit.World().Cases {
		if len(c.Rules) > 0 || len(c.Config) > 0 || c.Request.Method != http.MethodGet || c.OperationID == "listEvents" {
			continue
		}
		for _, text := range testkit.Send(t, b.url, c.Request).Header.Values("X-Sandbox-Warning") {
			require.True(t, strings.Contains(text, key) || strings.HasPrefix(c.OperationID, "listDictionaries") && strings.Contains(text, "not all public"), "%s: %s", c.ID, text)
		}
	}
}
