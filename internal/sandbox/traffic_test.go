package sandbox_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/traffic"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

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
