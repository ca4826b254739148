package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/gen/client"
	"esoz/internal/testkit"
)

// strict turns the dial.
func (b *box) strict(t *testing.T, seed int, rate float64, only ...string) {
	t.Helper()
	b.turn(t, object{"strict": object{"seed": seed, "rate": rate, "only": only}})
}

// told is what an answer tells of strict.
func told(r *testkit.Response) []string {
	var texts []string
	for _, text := range r.Header.Values("X-Sandbox-Warning") {
		if strings.HasPrefix(text, "strict: ") {
			texts = append(texts, text)
		}
	}
	return texts
}

var listDivisions = testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil)

func strictMakesErrors(t *testing.T, here, there *box) {
	listed := func() any { return testkit.Send(t, here.url, listDivisions).Body.Paging["total_entries"] }
	before := listed()
	here.strict(t, 7, 1, "errors")
	create := passing(t, "createDivision")
	seen := map[int]bool{}
	for i := range 10 {
		r := testkit.Send(t, here.url, create)
		seen[r.Status] = true
		require.Equal(t, "1", r.Header.Get("Retry-After"))
		require.Equal(t, []string{fmt.Sprintf("strict: errors, request %d", i+1)}, told(r))
		explained := here.explain(t, r.Header.Get("X-Request-Id"))
		require.Equal(t, told(r), explained.Warnings)
		if r.Status == http.StatusTooManyRequests {
			require.Equal(t, []string{"gateway.rate_limit"}, r.Rules())
			require.Contains(t, fmt.Sprint(explained.Refusals[0].Facts), "strict")
		} else {
			require.Contains(t, explained.Summary, "The sandbox itself")
		}
	}
	require.Equal(t, map[int]bool{http.StatusTooManyRequests: true, http.StatusServiceUnavailable: true}, seen)
	require.Equal(t, http.StatusOK, testkit.Send(t, there.url, listDivisions).Status)
	here.putBack(t)
	require.Equal(t, before, listed(), "nothing was carried out")
}

// The same requests after the same seed meet the same.
func strictIsReplayable(t *testing.T, here, there *box) {
	run := func(b *box, seed int) (met []string) {
		b.strict(t, seed, 0.3)
		for range 20 {
			r := testkit.Send(t, b.url, listDivisions)
			met = append(met, fmt.Sprint(r.Status, told(r), r.Body.Data == nil, strings.Count(string(r.Raw), `"x_`)))
		}
		return met
	}
	first := run(here, 7)
	require.Equal(t, first, run(here, 7))
	require.Equal(t, first, run(there, 7), "in another world, too")
	there.putBack(t)
	require.NotEqual(t, first, run(here, 8))
	for _, act := range []string{"errors", "tokens", "unknown_fields", "pages_of_one"} {
		require.Contains(t, strings.Join(first, "\n"), act)
	}
}

func strictAddsFields(t *testing.T, here, _ *box) {
	plain := testkit.Send(t, here.url, listDivisions)
	here.strict(t, 7, 0, "unknown_fields")
	added := 0
	for range 10 {
		r := testkit.Send(t, here.url, listDivisions)
		if told(r) == nil {
			require.Equal(t, string(plain.Body.Data), string(r.Body.Data))
			continue
		}
		added++
		var data []object
		require.NoError(t, json.Unmarshal(r.Body.Data, &data))
		for _, division := range data {
			require.Equal(t, 1, unknown(division), "a division has one field more: %s", r.Raw)
		}
		require.Equal(t, 1, unknown(r.Body.Meta))
		require.Equal(t, 1, unknown(r.Body.Paging))
		for _, division := range data {
			without(division)
		}
		rest, err := json.Marshal(data)
		require.NoError(t, err)
		require.JSONEq(t, string(plain.Body.Data), string(rest), "the rest is as it was")
	}
	require.Greater(t, added, 2)
	require.Less(t, added, 10)

	refused := 0
	for range 10 {
		r := testkit.Send(t, here.url, testkit.As("", http.MethodGet, "/api/divisions", nil))
		require.Equal(t, http.StatusUnauthorized, r.Status)
		refused += unknown(r.Body.Meta)
	}
	require.Greater(t, refused, 0, "refusals have such fields, too")

	here.strict(t, 7, 0, "pages_of_one")
	r := testkit.Send(t, here.url, listDivisions)
	require.EqualValues(t, 1, r.Body.Paging["page_size"])
	require.Equal(t, []string{"strict: pages_of_one, request 1"}, told(r))
	require.Contains(t, here.explain(t, r.Header.Get("X-Request-Id")).Warnings, told(r)[0])
	asked := listDivisions
	asked.Path += "?page_size=2"
	r = testkit.Send(t, here.url, asked)
	require.EqualValues(t, 2, r.Body.Paging["page_size"])
	require.Empty(t, told(r))
}

// unknown counts the fields of an object that are strict's.
func unknown(o object) (n int) {
	for name := range o {
		if strings.HasPrefix(name, "x_") {
			n++
		}
	}
	return n
}

// without takes strict's fields out of a value.
func without(value any) {
	switch value := value.(type) {
	case object:
		for name, field := range value {
			if strings.HasPrefix(name, "x_") {
				delete(value, name)
			} else {
				without(field)
			}
		}
	case []any:
		for _, item := range value {
			without(item)
		}
	}
}

func strictEndsTokens(t *testing.T, here, _ *box) {
	var given struct{ Value string }
	answer := testkit.Send(t, here.url, passing(t, "createToken"))
	require.Equal(t, http.StatusCreated, answer.Status, "%s", answer.Raw)
	answer.Data(t, &given)
	user := testkit.As(given.Value, http.MethodGet, "/oauth/user", nil)
	require.NotEqual(t, http.StatusUnauthorized, testkit.Send(t, here.url, user).Status)

	here.strict(t, 7, 1, "tokens")
	expired := []string{"gateway.token.expired"}
	require.Equal(t, expired, testkit.Send(t, here.url, listDivisions).Rules())
	r := testkit.Send(t, here.url, user)
	require.Equal(t, expired, r.Rules())
	require.Equal(t, []string{"strict: tokens, request 2"}, told(r))
	here.putBack(t)
	require.Equal(t, http.StatusOK, testkit.Send(t, here.url, listDivisions).Status, "a token of the world goes on")
	require.Equal(t, expired, testkit.Send(t, here.url, user).Rules(), "one that was given has ended")
}

func strictAccepts(t *testing.T, here, there *box) {
	resend, verify := passing(t, "resendApprovalSms"), passing(t, "verifyApproval")
	for _, b := range []*box{here, there} {
		require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/_sandbox/config", object{"APPROVAL_RESEND_MODE": "sync"}, nil))
	}
	here.strict(t, 7, 0, "accepted")
	statuses := map[int]bool{}
	for range 8 {
		r := testkit.Send(t, here.url, resend)
		statuses[r.Status] = true
		require.Equal(t, r.Status == http.StatusAccepted, told(r) != nil)
	}
	require.Equal(t, map[int]bool{http.StatusCreated: true, http.StatusAccepted: true}, statuses)
	require.Equal(t, http.StatusCreated, testkit.Send(t, there.url, resend).Status)
	require.Equal(t, http.StatusNoContent, there.call(t, http.MethodDelete, "/_sandbox/config", nil, nil))

	for seed := 1; ; seed++ { // one that draws the act for the first request
		here.reset(t)
		here.strict(t, seed, 0, "accepted")
		if r := testkit.Send(t, here.url, verify); r.Status == http.StatusAccepted {
			require.Equal(t, []string{"strict: accepted, request 1"}, told(r))
			return
		}
		require.Less(t, seed, 20)
	}
}

// The Go client sends again what can be sent again, and reads past what it does not know.
func clientsThatKeepTheRulesPass(t *testing.T, here, _ *box) {
	all := testkit.Send(t, here.url, listDivisions).Body.Paging["total_entries"].(float64)
	require.Equal(t, http.StatusNoContent, here.call(t, http.MethodPost, "/_sandbox/coverage/reset", nil, nil))
	here.strict(t, 7, 0.2, "errors", "unknown_fields", "pages_of_one", "accepted")
	api, err := client.New(here.url, client.WithToken("sandbox-owner"), client.WithRetries(10))
	require.NoError(t, err)
	seen := map[string]bool{}
	for page := 1; page <= int(all); page++ {
		answer, err := api.ListDivisionsWithResponse(t.Context(), &client.ListDivisionsParams{Page: new(page)})
		require.NoError(t, err)
		require.Len(t, answer.JSON200.Data, 1)
		seen[answer.JSON200.Data[0].ID] = true
	}
	require.Len(t, seen, int(all))
	coverage := here.coverage(t)
	require.Greater(t, coverage.Totals.Requests, int(all), "some were sent again")
	require.Zero(t, of(t, coverage, "listDivisions").Repeats.TooEarly)
}
