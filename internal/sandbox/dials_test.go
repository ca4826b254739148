package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// atRest is how dials are set at the start.
const atRest = `{"jobs":{"held":false,"delay":"PT0S"},"sms":{"delay":"PT0S","lose_next":0,"provider":"up"},"codes":{},"strict":null}`

// turn sets dials.
func (b *box) turn(t *testing.T, dials object) {
	t.Helper()
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/_sandbox/dials", dials, nil))
}

func (b *box) putBack(t *testing.T) {
	t.Helper()
	require.Equal(t, http.StatusNoContent, b.call(t, http.MethodDelete, "/_sandbox/dials", nil, nil))
}

func (b *box) dials(t *testing.T) string {
	t.Helper()
	var raw json.RawMessage
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/dials", nil, &raw))
	return string(raw)
}

// passing is the request of the world's first passing case of an operation.
func passing(t *testing.T, operation string) world.Request {
	t.Helper()
	c, ok := testkit.World().Passing(operation)
	require.True(t, ok, operation)
	return c.Request
}

// What dials do, in one world; another beside it knows nothing of it.
func TestDials(t *testing.T) {
	t.Parallel()
	b := startBox(t)
	here, there := b.beside(t), b.beside(t)
	for _, c := range []struct {
		name string
		test func(t *testing.T, here, there *box)
	}{
		{"are one object", dialsAreOneObject},
		{"refuse what is wrong", dialsRefuseWhatIsWrong},
		{"jobs are held", jobsAreHeld},
		{"jobs are late", jobsAreLate},
		{"jobs fail", jobsFail},
		{"requests leave jobs to workers", requestsLeaveJobsToWorkers},
		{"messages are lost", messagesAreLost},
		{"messages are late", messagesAreLate},
		{"the provider is down", providerIsDown},
		{"codes are fixed", codesAreFixed},
		{"strict makes errors", strictMakesErrors},
		{"strict is replayable", strictIsReplayable},
		{"strict adds fields", strictAddsFields},
		{"strict ends tokens", strictEndsTokens},
		{"strict accepts", strictAccepts},
		{"clients that keep the rules pass", clientsThatKeepTheRulesPass},
	} {
		here.reset(t)
		t.Run(c.name, func(t *testing.T) { c.test(t, here, there) })
		require.JSONEq(t, atRest, there.dials(t), c.name)
	}
	t.Run("go back with a reset", func(t *testing.T) {
		for _, world := range []*box{here, b} { // a reset is not the same thing for the two
			dialsGoBackWithAReset(t, world)
		}
	})
}

func dialsAreOneObject(t *testing.T, here, _ *box) {
	require.JSONEq(t, atRest, here.dials(t))
	here.turn(t, object{"jobs": object{"held": true}, "codes": object{"+380931234574": 1232}})
	here.turn(t, object{"jobs": object{"delay": "PT1M30S"}, "sms": object{"provider": "down"}, "codes": object{"+380931234575": 1232}})
	here.turn(t, object{"sms": object{"lose_next": 2, "delay": "PT2S"}, "codes": object{"+380931234574": nil}, "strict": object{"seed": 7, "only": []string{"errors"}}})
	require.JSONEq(t, `{"jobs":{"held":true,"delay":"PT1M30S"},"sms":{"delay":"PT2S","lose_next":2,"provider":"down"},
		"codes":{"+380931234575":1232},"strict":{"seed":7,"rate":0.05,"only":["errors"]}}`, here.dials(t))
	here.turn(t, object{"strict": object{"seed": 8, "rate": 0}})
	require.Contains(t, here.dials(t), `"strict":{"seed":8,"rate":0}`, "strict is set as a whole")
	here.turn(t, object{"strict": nil})
	require.Contains(t, here.dials(t), `"strict":null`)
	here.putBack(t)
	require.JSONEq(t, atRest, here.dials(t))
}

func dialsRefuseWhatIsWrong(t *testing.T, here, _ *box) {
	for says, dials := range map[string]object{
		`sms.provider: "away"`:        {"sms": object{"provider": "away"}},
		"sms.lose_next: -1":           {"sms": object{"lose_next": -1}},
		`jobs.delay: "5 s"`:           {"jobs": object{"delay": "5 s"}},
		`sms.delay: "PT25H"`:          {"sms": object{"delay": "PT25H"}},
		`sms.delay: "-PT1S"`:          {"sms": object{"delay": "-PT1S"}},
		`codes: "0931234574"`:         {"codes": object{"0931234574": 1232}},
		"codes: 1233 for":             {"codes": object{"+380931234574": 1233}}, // check digit
		"codes: 1022 for":             {"codes": object{"+380931234574": 1022}}, // a zero
		"such as 1232":                {"codes": object{"+380931234574": 12}},
		"strict.seed is missing":      {"strict": object{"rate": 0.1}},
		"strict.rate: 2":              {"strict": object{"seed": 1, "rate": 2}},
		`strict.only[1]: "everything`: {"strict": object{"seed": 1, "only": []string{"errors", "everything"}}},
		"strict: json":                {"strict": object{"seed": 1, "often": true}},
	} {
		var answer struct{ Error string }
		dials["jobs"] = first(dials["jobs"], object{"held": true})
		require.Equal(t, http.StatusUnprocessableEntity, here.call(t, http.MethodPost, "/_sandbox/dials", dials, &answer), says)
		require.Contains(t, answer.Error, says)
	}
	var answer struct{ Error string }
	require.Equal(t, http.StatusUnprocessableEntity, here.call(t, http.MethodPost, "/_sandbox/dials",
		object{"sms": object{"lose_next": -1}, "strict": object{"seed": 1, "rate": -1}}, &answer))
	require.Contains(t, answer.Error, "lose_next")
	require.Contains(t, answer.Error, "rate", "all faults at once")
	require.JSONEq(t, atRest, here.dials(t), "none was set")
	for _, unknown := range []object{{"mail": object{}}, {"jobs": object{"helt": true}}, {"jobs": object{"held": "yes"}}} {
		require.Equal(t, http.StatusBadRequest, here.call(t, http.MethodPost, "/_sandbox/dials", unknown, nil))
	}
}

func first(values ...any) any {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}

func dialsGoBackWithAReset(t *testing.T, b *box) {
	b.turn(t, object{
		"jobs": object{"held": true}, "sms": object{"lose_next": 3}, "codes": object{"+380931234574": 1232},
		"strict": object{"seed": 1, "rate": 1},
	})
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/_sandbox/jobs/fail", object{"times": 2}, nil))
	b.reset(t)
	require.JSONEq(t, atRest, b.dials(t))
	require.Empty(t, b.jobs(t).Failing)
	require.Equal(t, http.StatusOK, testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil)).Status)
}

// code starts a verification of a phone.
func (b *box) code(t *testing.T, phone string) {
	t.Helper()
	r := testkit.Send(t, b.url, testkit.As("sandbox-doctor", http.MethodPost, "/api/verifications", object{"phone_number": phone}))
	require.Equal(t, http.StatusOK, r.Status, "%s", r.Raw)
}

type received struct{ Phone, Code, Status string }

// inbox waits so long for a message to a phone.
func (b *box) inbox(t *testing.T, phone, wait string) (messages []received) {
	t.Helper()
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/sms?wait="+wait+"&phone="+url.QueryEscape(phone), nil, &messages))
	return messages
}

// settled waits until the newest message to a phone has a status.
func (b *box) settled(t *testing.T, phone, status string) {
	t.Helper()
	require.Eventually(t, func() bool {
		messages := b.inbox(t, phone, "0s")
		return len(messages) > 0 && messages[0].Status == status
	}, time.Minute, 50*time.Millisecond)
}

const (
	onePhone     = "+380509990001"
	anotherPhone = "+380509990002"
)

func messagesAreLost(t *testing.T, here, there *box) {
	here.code(t, onePhone) // it is there already, and so not lost
	here.turn(t, object{"sms": object{"lose_next": 1}})
	require.Len(t, here.inbox(t, onePhone, "0s"), 1)
	here.code(t, anotherPhone)
	there.code(t, anotherPhone)
	require.Len(t, there.inbox(t, anotherPhone, "30s"), 1)
	require.Empty(t, here.inbox(t, anotherPhone, "300ms"))
	require.Contains(t, here.dials(t), `"lose_next":0`)
	here.code(t, anotherPhone)
	require.Len(t, here.inbox(t, anotherPhone, "30s"), 1, "the next one arrives")
	here.settled(t, anotherPhone, "Delivered")
	here.putBack(t)
	require.Len(t, here.inbox(t, anotherPhone, "0s"), 1, "what is lost stays lost")
}

func messagesAreLate(t *testing.T, here, there *box) {
	here.turn(t, object{"sms": object{"delay": "PT2H"}})
	here.code(t, onePhone)
	there.code(t, onePhone)
	require.Len(t, there.inbox(t, onePhone, "30s"), 1)
	require.Empty(t, here.inbox(t, onePhone, "300ms"))
	here.putBack(t)
	require.Len(t, here.inbox(t, onePhone, "0s"), 1, "what is on its way arrives")

	here.turn(t, object{"sms": object{"delay": "PT1.5S"}})
	before := time.Now()
	here.code(t, anotherPhone)
	require.Len(t, here.inbox(t, anotherPhone, "30s"), 1)
	require.GreaterOrEqual(t, time.Since(before), 1500*time.Millisecond)
}

func providerIsDown(t *testing.T, here, there *box) {
	here.turn(t, object{"sms": object{"provider": "down"}})
	here.code(t, onePhone)
	there.code(t, onePhone)
	there.settled(t, onePhone, "Delivered")
	require.Empty(t, here.inbox(t, onePhone, "300ms"))
	here.turn(t, object{"sms": object{"provider": "up"}})
	here.settled(t, onePhone, "Delivered")
	require.Len(t, here.inbox(t, onePhone, "0s"), 1, "once")
}

func codesAreFixed(t *testing.T, here, there *box) {
	here.turn(t, object{"codes": object{onePhone: 7771}})
	enter := func(b *box, code int) *testkit.Response {
		return testkit.Send(t, b.url, testkit.As("sandbox-doctor", http.MethodPatch, "/api/verifications/"+onePhone+"/actions/complete", object{"code": code}))
	}
	for range 2 {
		here.code(t, onePhone)
		require.Equal(t, "7771", here.inbox(t, onePhone, "30s")[0].Code)
		require.Equal(t, http.StatusOK, enter(here, 7771).Status)
	}
	here.turn(t, object{"codes": object{onePhone: nil}})
	require.Contains(t, here.dials(t), `"codes":{}`)
	there.code(t, anotherPhone)
	require.Regexp(t, `^[1-9]{3}[0-9]$`, there.inbox(t, anotherPhone, "30s")[0].Code)
}
