package sandbox_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
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

// requireExplained checks the explanation of an answer to a case: exactly its
// rules have refused, and the rules before them have passed or are off.
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

// Answers that no check of an operation gave are explained, too, and no check is said
// to have passed when that is not known.
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
