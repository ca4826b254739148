package sandbox_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox"
	"esoz/internal/sandbox/traffic"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// recorded is the answer about requests.
type recorded struct {
	Requests []traffic.Summary
	Lines    []traffic.Line
	Fitting  int
	Record   bool
}

func (b *box) requests(t *testing.T, query string) (r recorded) {
	t.Helper()
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/requests"+query, nil, &r))
	return r
}

// openedRequest is the answer about one request.
type openedRequest struct {
	traffic.Entry
	Explanation *traffic.Explanation
	Caused      struct {
		Jobs   []struct{ ID, Status, OperationID string }
		SMS    []struct{ Phone, Code string }
		Events []struct {
			EntityType string `json:"entity_type"`
		}
	}
}

func (b *box) open(t *testing.T, number string) (o openedRequest) {
	t.Helper()
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/requests/"+number, nil, &o))
	return o
}

// What the sandbox keeps of requests, on one sandbox and in a world beside it.
func TestRequests(t *testing.T) {
	t.Parallel()
	b := startBox(t)
	for _, c := range []struct {
		name string
		test func(*testing.T, *box)
	}{
		{"listed by what was asked", requestsAreListed},
		{"opened whole", requestsAreOpened},
		{"secrets are hidden", secretsAreHidden},
		{"long bodies are cut", longBodiesAreCut},
		{"what it has caused", requestsShowWhatTheyCaused},
		{"a reset draws a line", resetsDrawALine},
		{"live", liveTellsWhatHappens},
		{"live in two", twoStreamsAtOnce},
		{"events and objects", eventsAndObjectsAreListed},
		{"states", objectsArePutIntoStates},
		{"states that are refused", statesAreRefused},
		{"ways of confirming", personsShowHowTheyConfirm},
	} {
		b.reset(t)
		require.Equal(t, http.StatusNoContent, b.call(t, http.MethodDelete, "/_sandbox/requests", nil, nil))
		t.Run(c.name, func(t *testing.T) { c.test(t, b) })
	}
}

func requestsAreListed(t *testing.T, b *box) {
	require.Empty(t, b.requests(t, "").Requests)
	list := testkit.As("sandbox-owner", http.MethodGet, "/api/divisions?page_size=1", nil)
	testkit.Send(t, b.url, list.Header("X-Sandbox-Test", "TestList"))
	testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodPost, "/api/divisions", object{}))
	testkit.Send(t, b.url, testkit.As("", http.MethodGet, "/api/divisions", nil))

	all := b.requests(t, "")
	require.True(t, all.Record)
	require.Len(t, all.Requests, 3)
	require.Equal(t, 3, all.Fitting)
	require.Equal(t, []int{401, 422, 200}, []int{all.Requests[0].Status, all.Requests[1].Status, all.Requests[2].Status})
	require.Equal(t, "/api/divisions?page_size=1", all.Requests[2].Path)
	require.Equal(t, "TestList", all.Requests[2].Test)
	require.NotEmpty(t, all.Requests[2].Warnings, "no API-key was sent")
	for query, want := range map[string]int{
		"?operation=listDivisions": 2, "?operation=createDivision": 1, "?status=422": 1, "?status=4xx": 2, "?status=2xx": 1,
		"?rule=gateway.token.missing": 1, "?test=TestList": 1, "?test=other": 0, "?limit=2": 2, "?since=1970-01-01T00:00:00Z": 3,
		"?since=2100-01-01T00:00:00Z": 0,
	} {
		require.Len(t, b.requests(t, query).Requests, want, query)
	}
	later := b.requests(t, "?since="+written(t, all.Requests[1].Number))
	require.Len(t, later.Requests, 1)
	require.Equal(t, 401, later.Requests[0].Status)
	for _, wrong := range []string{"?status=teapot", "?status=99", "?since=yesterday", "?limit=0", "?limit=99999"} {
		require.Equal(t, http.StatusBadRequest, b.call(t, http.MethodGet, "/_sandbox/requests"+wrong, nil, nil), wrong)
	}
}

func written(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

func header(headers []traffic.Header, name string) string {
	for _, h := range headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

func requestsAreOpened(t *testing.T, b *box) {
	testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodPost, "/api/divisions", object{"name": "<script>alert(1)</script>"}).Header("API-key", world.MISKey))
	last := b.open(t, "last")
	require.Equal(t, http.StatusUnprocessableEntity, last.Status)
	require.JSONEq(t, `{"name":"<script>alert(1)</script>"}`, last.Request.Body)
	require.Equal(t, "Bearer sandbox-owner", header(last.Request.Headers, "Authorization"))
	require.Equal(t, world.MISKey, header(last.Request.Headers, "Api-Key"))
	require.Contains(t, last.Answer.Body, `"invalid"`)
	require.Contains(t, header(last.Answer.Headers, "Content-Type"), "application/json")
	require.NotNil(t, last.Explanation)
	require.Equal(t, last.Number, last.Explanation.Number)
	require.NotEmpty(t, last.Explanation.Refusals)
	require.Equal(t, last.Summary, b.open(t, written(t, last.Number)).Summary)
	require.Equal(t, http.StatusNotFound, b.call(t, http.MethodGet, "/_sandbox/requests/1000000", nil, nil))
	for _, wrong := range []string{"x", "0", "-1", "%23"} {
		require.Equal(t, http.StatusBadRequest, b.call(t, http.MethodGet, "/_sandbox/requests/"+wrong, nil, nil), wrong)
	}
}

// The world's tokens are public; those that a client has brought are not heardOne.
func secretsAreHidden(t *testing.T, b *box) {
	const mine = "my-own-secret"
	testkit.Send(t, b.url, testkit.As(mine, http.MethodGet, "/api/divisions?token="+mine, nil).Header("API-key", mine).Header("Cookie", "session="+mine))
	testkit.Send(t, b.url, testkit.As("", http.MethodPost, "/oauth/tokens", object{"token": object{
		"grant_type": "password", "password": mine, "client_secret": mine, "code": mine, "email": "a@example.com",
	}}))
	for _, r := range b.requests(t, "").Requests {
		raw := written(t, b.open(t, written(t, r.Number)))
		require.NotContains(t, raw, mine)
		require.Contains(t, raw, traffic.Mask)
	}
	require.Contains(t, written(t, b.open(t, "last")), "a@example.com", "what is no secret stays")
}

func longBodiesAreCut(t *testing.T, b *box) {
	name := strings.Repeat("ї", 50_000)
	testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodPost, "/api/divisions", object{"name": name}))
	last := b.open(t, "last")
	require.True(t, last.Request.Cut)
	require.False(t, last.Request.Base64, "no letter is cut through")
	require.Greater(t, last.Request.Size, 100_000)
	require.LessOrEqual(t, len(last.Request.Body), traffic.MostBody)

	r := testkit.As("sandbox-owner", http.MethodPost, "/api/divisions", nil)
	r.Raw = "\xff\xfe no text"
	testkit.Send(t, b.url, r.Header("Content-Type", "application/json"))
	require.True(t, b.open(t, "last").Request.Base64)
}

func requestsShowWhatTheyCaused(t *testing.T, b *box) {
	var w world.World
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/world", nil, &w))
	testkit.Send(t, b.url, testkit.As("sandbox-doctor", http.MethodPost, "/api/verifications", object{"phone_number": "+380509998877"}))
	sent := b.open(t, "last")
	require.Len(t, sent.Caused.SMS, 1)
	require.Equal(t, "+380509998877", sent.Caused.SMS[0].Phone)

	c, ok := w.Passing("releaseServiceRequest")
	require.True(t, ok)
	require.Equal(t, http.StatusAccepted, testkit.Send(t, b.url, c.Request).Status)
	number := written(t, b.requests(t, "?operation=releaseServiceRequest").Requests[0].Number)
	require.Eventually(t, func() bool {
		o := b.open(t, number)
		return len(o.Caused.Jobs) == 1 && o.Caused.Jobs[0].Status == "processed" && len(o.Caused.Events) > 0
	}, 20*time.Second, 50*time.Millisecond)

	var jobs struct{ Newest []struct{ Request int } }
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/jobs", nil, &jobs))
	var numbers []string
	for _, job := range jobs.Newest {
		numbers = append(numbers, written(t, job.Request))
	}
	require.Contains(t, numbers, number, "a job names its request")
}

func resetsDrawALine(t *testing.T, b *box) {
	get := testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil)
	testkit.Send(t, b.url, testkit.As("sandbox-doctor", http.MethodPost, "/api/verifications", object{"phone_number": "+380509998877"}))
	before := b.requests(t, "").Requests[0].Number
	b.reset(t)
	testkit.Send(t, b.url, get)
	after := b.requests(t, "")
	require.Len(t, after.Requests, 2, "the log survives")
	require.Len(t, after.Lines, 1)
	require.Equal(t, before, after.Lines[0].After)
	require.Empty(t, b.open(t, written(t, before)).Caused.SMS, "it is gone with its world")

	var beside struct {
		BaseURL string `json:"base_url"`
	}
	require.Equal(t, http.StatusCreated, b.call(t, http.MethodPost, "/_sandbox/worlds", object{"name": "aside"}, &beside))
	other := &box{url: beside.BaseURL}
	require.Empty(t, other.requests(t, "").Requests, "each world has a log of its own")
	testkit.Send(t, other.url, get)
	other.reset(t)
	testkit.Send(t, other.url, get)
	require.Len(t, other.requests(t, "").Requests, 2)
	require.Len(t, other.requests(t, "").Lines, 1)
	require.Len(t, b.requests(t, "").Requests, 2)
	require.Equal(t, http.StatusNoContent, b.call(t, http.MethodDelete, "/_sandbox/worlds/aside", nil, nil))
}

// heardOne is what a stream has said.
type heardOne struct{ event, data string }

// listen reads a stream until the test ends.
func (b *box) listen(t *testing.T) <-chan heardOne {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/_sandbox/live", http.NoBody)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	require.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
	heard := make(chan heardOne, 1000)
	go func() {
		defer close(heard)
		var event string
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				event = name
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				heard <- heardOne{event, data}
			}
		}
	}()
	require.Equal(t, "hello", hear(t, heard, "hello").event)
	return heard
}

// hear waits for an event.
func hear(t *testing.T, heard <-chan heardOne, event string) heardOne {
	t.Helper()
	over := time.After(20 * time.Second)
	for {
		select {
		case one, ok := <-heard:
			require.True(t, ok, "the stream ended before %s", event)
			require.True(t, json.Valid([]byte(one.data)), one.data)
			if one.event == event {
				return one
			}
		case <-over:
			t.Fatalf("no %s came", event)
		}
	}
}

func liveTellsWhatHappens(t *testing.T, b *box) {
	heard := b.listen(t)
	testkit.Send(t, b.url, testkit.As("sandbox-doctor", http.MethodPost, "/api/verifications", object{"phone_number": "+380509998877"}))
	require.Contains(t, hear(t, heard, "request").data, `"path":"/api/verifications"`)
	require.Contains(t, hear(t, heard, "sms").data, "+380509998877")

	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/_sandbox/clock", object{"advance": "PT1M"}, nil))
	hear(t, heard, "clock")
	var w world.World
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/world", nil, &w))
	c, _ := w.Passing("releaseServiceRequest")
	require.Equal(t, http.StatusAccepted, testkit.Send(t, b.url, c.Request).Status)
	require.Contains(t, hear(t, heard, "job").data, `"operation_id":"releaseServiceRequest"`)
	require.Contains(t, hear(t, heard, "event").data, "ServiceRequest")
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/_sandbox/dials", object{"jobs": object{"held": true}}, nil))
	hear(t, heard, "changed")
	b.reset(t)
	hear(t, heard, "reset")
	require.Equal(t, http.StatusNoContent, b.call(t, http.MethodDelete, "/_sandbox/requests", nil, nil))
	hear(t, heard, "cleared")
}

func twoStreamsAtOnce(t *testing.T, b *box) {
	one, other := b.listen(t), b.listen(t)
	testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil))
	require.Equal(t, hear(t, one, "request"), hear(t, other, "request"))
}

func eventsAndObjectsAreListed(t *testing.T, b *box) {
	var events, objects, persons []struct{ Kind, ID, Status string }
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/events", nil, &events))
	require.NotEmpty(t, events)
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/objects", nil, &objects))
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/objects?kind="+objects[0].Kind, nil, &persons))
	require.NotEmpty(t, persons)
	require.Less(t, len(persons), len(objects))

	// A status is that of now.
	status := func(kind, id string) string {
		require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/objects?kind="+strings.ReplaceAll(kind, " ", "%20"), nil, &objects))
		for _, object := range objects {
			if object.ID == id {
				return object.Status
			}
		}
		return "no such object"
	}
	var w world.World
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/world?operations=deactivateDivision,stopDeviceDispense", nil, &w))
	require.Less(t, len(w.Cases), 200)
	for operation, want := range map[string]struct{ kind, before, after string }{
		"deactivateDivision": {"division", "ACTIVE", "INACTIVE"}, "stopDeviceDispense": {"device dispense", "in_progress", "stopped"},
	} {
		c, ok := w.Passing(operation)
		require.True(t, ok, operation)
		id := ""
		for _, object := range w.Objects {
			if object.Kind == want.kind && strings.Contains(c.Request.Path, object.ID.String()) {
				id = object.ID.String()
			}
		}
		require.Equal(t, want.before, status(want.kind, id), operation)
		require.Less(t, testkit.Send(t, b.url, c.Request).Status, 300)
		require.Eventually(t, func() bool { return status(want.kind, id) == want.after }, 20*time.Second, 50*time.Millisecond, operation)
	}
	require.Equal(t, http.StatusBadRequest, b.call(t, http.MethodGet, "/_sandbox/objects?kind=unicorn", nil, nil))
}

// Who does not want requests to be kept says so.
func TestRecordOff(t *testing.T) {
	t.Parallel()
	b := startBox(t, func(o *sandbox.Options) { o.RecordOff = true })
	sent := testkit.Send(t, b.url, testkit.As("sandbox-owner", http.MethodGet, "/api/divisions", nil))
	require.Equal(t, b.url+"/_sandbox/explain/1", sent.Header.Get("X-Sandbox-Explain"), "the console has nothing to show")
	off := b.requests(t, "")
	require.False(t, off.Record)
	require.Empty(t, off.Requests)
	var answer struct{ Error string }
	require.Equal(t, http.StatusNotFound, b.call(t, http.MethodGet, "/_sandbox/requests/last", nil, &answer))
	require.Contains(t, answer.Error, "--record=off")
	require.Equal(t, http.StatusOK, b.explain(t, "1").Status, "it can be explained all the same")
}
