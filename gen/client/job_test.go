package client_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/gen/client"
)

const (
	pending   = `{"meta":{},"data":{"status":"pending","eta":"2018-08-02T10:45:16.000Z","links":[{"entity":"job","href":"/api/jobs/j1"}]}}`
	changed   = `{"meta":{},"data":{"status":"processed","status_code":200,"eta":"","links":[{"entity":"service_request","href":"/api/patients/p/service_requests/s"}]}}`
	withData  = `{"meta":{},"data":{"status":"processed","status_code":200,"eta":"","response_data":{"id":"a1"}}}`
	conflict  = `{"meta":{"request_id":"r-7"},"data":{"status":"failed","status_code":409,"eta":"","error":{"type":"request_conflict","message":"Invalid program processing status"}}}`
	brokeDown = `{"meta":{"request_id":"r-8"},"data":{"status":"failed_with_error","status_code":500,"eta":"","error":{"type":"internal_error","message":"Remote server internal error"}}}`
	notValid  = `{"meta":{"request_id":"r-9"},"data":{"status":"failed","status_code":422,"eta":"","error":{"type":"validation_failed","message":"Validation failed.","invalid":[{"entry":"$.used_by","entry_type":"json_data_property","rules":[{"rule":"invalid","description":"You can assign service request only to your legal entity","params":[]}]}]}}}`
)

// accepted is a 202 answer.
func accepted() *client.JobResponse {
	return &client.JobResponse{Data: client.Job{
		Status: client.JobStatusPending, Links: []client.JobLink{{Entity: "job", Href: "/api/jobs/j1"}},
	}}
}

// jobs answers with one body after the other, and the last one for ever.
func jobs(t *testing.T, at *[]time.Duration, status int, bodies ...string) api {
	start := time.Now()
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/jobs/j1" {
			t.Errorf("%s was asked", r.URL.Path)
		}
		*at = append(*at, time.Since(start))
		if n := len(*at); n < len(bodies) {
			answer(w, http.StatusOK, bodies[n-1])
			return
		}
		answer(w, status, bodies[len(bodies)-1])
	}
}

func TestWaitJobUntilItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		c := connect(t, jobs(t, &at, http.StatusSeeOther, pending, pending, pending, pending, pending, changed))
		job, err := client.WaitJob(t.Context(), c, accepted())
		require.NoError(t, err)
		require.Equal(t, "service_request", job.Links[0].Entity)
		require.Equal(t, 200, *job.StatusCode)
		require.Equal(t, []time.Duration{
			0, 250 * time.Millisecond, 750 * time.Millisecond, 1750 * time.Millisecond, 3750 * time.Millisecond, 5750 * time.Millisecond,
		}, at)
	})
}

func TestWaitJobBringsThePayload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		c := connect(t, jobs(t, &at, http.StatusOK, pending, pending, withData))
		job, err := client.WaitJobAt(t.Context(), c, "https://api.example.com/api/jobs/j1", client.PollEvery(5*time.Second))
		require.NoError(t, err)
		require.JSONEq(t, `{"id":"a1"}`, string(job.ResponseData))
		require.Equal(t, []time.Duration{0, 5 * time.Second, 10 * time.Second}, at)
	})
}

func TestWaitJobThatFails(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]struct {
		status int
		text   string
	}{
		conflict:  {409, "job j1: 409 request_conflict: Invalid program processing status [request r-7]"},
		brokeDown: {500, "job j1: 500 internal_error: Remote server internal error [request r-8]"},
		notValid:  {422, "job j1: 422 validation_failed: $.used_by You can assign service request only to your legal entity [request r-9]"},
	} {
		t.Run(want.text, func(t *testing.T) {
			t.Parallel()
			var at []time.Duration
			c := connect(t, jobs(t, &at, http.StatusOK, body))
			_, err := client.WaitJob(t.Context(), c, accepted())
			refusal, ok := errors.AsType[*client.Error](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, want.status, refusal.StatusCode)
			require.Equal(t, "j1", refusal.JobID)
			require.EqualError(t, err, want.text)
		})
	}
}

func TestWaitJobThatIsNotThere(t *testing.T) {
	t.Parallel()
	c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusNotFound, `{"error":{"type":"not_found","message":"Job not found"}}`)
	})
	_, err := client.WaitJob(t.Context(), c, accepted())
	require.EqualError(t, err, "wait for job j1: GET /api/jobs/{id}: 404 not_found: Job not found")
	refusal, ok := errors.AsType[*client.Error](err)
	require.True(t, ok)
	require.Empty(t, refusal.JobID, "no job has failed")
}

func TestWaitJobOfAnswersWithoutOne(t *testing.T) {
	t.Parallel()
	c := connect(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	for _, none := range []*client.JobResponse{nil, {}} {
		_, err := client.WaitJob(t.Context(), c, none)
		require.EqualError(t, err, "wait for a job: the answer has no link to one; was it 202?")
	}
}

func TestWaitJobOfAnUnknownStatus(t *testing.T) {
	t.Parallel()
	c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, `{"meta":{},"data":{"status":"paused","eta":""}}`)
	})
	_, err := client.WaitJob(t.Context(), c, accepted())
	require.EqualError(t, err, `wait for job j1: its status is "paused"`)
}

func TestWaitJobEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		c := connect(t, jobs(t, &at, http.StatusOK, pending))
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := client.WaitJob(ctx, c, accepted())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(start))
	})
}
