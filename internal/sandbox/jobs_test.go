package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

type pendingJob struct {
	ID         string
	Operation  string `json:"operation_id"`
	Status     string
	StatusCode int       `json:"status_code"`
	QueuedAt   time.Time `json:"queued_at"`
	StartsAt   time.Time `json:"starts_at"`
	Held       bool
}

type listedJobs struct {
	Pending []pendingJob
	Failing []struct {
		Operation string `json:"operation_id"`
		Times     int
	}
}

func (b *box) jobs(t *testing.T) (listed listedJobs) {
	t.Helper()
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/_sandbox/jobs", nil, &listed))
	return listed
}

// release carries out jobs; nil: all.
func (b *box) release(t *testing.T, ids []string) []pendingJob {
	t.Helper()
	var answer struct{ Jobs []pendingJob }
	body := object{}
	if ids != nil {
		body["ids"] = ids
	}
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/_sandbox/jobs/release", body, &answer))
	return answer.Jobs
}

// accept sends a request, which is answered with 202, and returns the link of its job.
func (b *box) accept(t *testing.T, r world.Request) string {
	t.Helper()
	answer := testkit.Send(t, b.url, r)
	require.Equal(t, http.StatusAccepted, answer.Status, "%s", answer.Raw)
	var job struct{ Links []struct{ Href string } }
	answer.Data(t, &job)
	return job.Links[0].Href
}

type seenJob struct {
	Status     string
	StatusCode int `json:"status_code"`
	Error      *struct{ Type, Message string }
}

// job is what GET /api/jobs/{id} says.
func (b *box) job(t *testing.T, href string) (seen seenJob) {
	t.Helper()
	testkit.Send(t, b.url, testkit.As("sandbox-doctor", http.MethodGet, href, nil)).Data(t, &seen)
	return seen
}

func (b *box) ends(t *testing.T, href, status string) {
	t.Helper()
	require.Eventually(t, func() bool { return b.job(t, href).Status != "pending" }, time.Minute, 50*time.Millisecond)
	require.Equal(t, status, b.job(t, href).Status)
}

func jobsAreHeld(t *testing.T, here, there *box) {
	require.Empty(t, here.jobs(t).Pending)
	here.turn(t, object{"jobs": object{"held": true}})
	release, resend := passing(t, "releaseServiceRequest"), passing(t, "resendApprovalSms")
	first, second := here.accept(t, release), here.accept(t, resend)
	require.Equal(t, first, here.accept(t, release), "a repetition gets the same job")
	there.ends(t, there.accept(t, release), "processed")

	pending := here.jobs(t).Pending
	require.Len(t, pending, 2)
	require.Equal(t, []string{"releaseServiceRequest", "resendApprovalSms"}, []string{pending[0].Operation, pending[1].Operation})
	for i, href := range []string{first, second} {
		require.Equal(t, href, "/api/jobs/"+pending[i].ID)
		require.True(t, pending[i].Held)
		require.Zero(t, pending[i].StartsAt)
		require.WithinDuration(t, time.Now(), pending[i].QueuedAt, time.Minute)
		require.Equal(t, "pending", here.job(t, href).Status)
	}

	for says, ids := range map[string][]string{"no job": {pending[0].ID, "nobody's"}, "named twice": {pending[0].ID, pending[0].ID}} {
		var answer struct{ Error string }
		require.Equal(t, http.StatusUnprocessableEntity, here.call(t, http.MethodPost, "/_sandbox/jobs/release", object{"ids": ids}, &answer))
		require.Contains(t, answer.Error, says)
	}
	require.Len(t, here.jobs(t).Pending, 2, "none was carried out")

	released := here.release(t, []string{pending[1].ID, pending[0].ID})
	require.Equal(t, []string{"resendApprovalSms", "releaseServiceRequest"}, []string{released[0].Operation, released[1].Operation})
	for i, href := range []string{second, first} {
		require.Equal(t, "processed", released[i].Status)
		require.Equal(t, http.StatusOK, released[i].StatusCode)
		require.Equal(t, "processed", here.job(t, href).Status)
	}
	require.Empty(t, here.jobs(t).Pending)

	third := here.accept(t, resend)
	require.Len(t, here.release(t, nil), 1)
	require.Equal(t, "processed", here.job(t, third).Status)
	fourth := here.accept(t, resend)
	here.putBack(t)
	here.ends(t, fourth, "processed")
}

func jobsAreLate(t *testing.T, here, there *box) {
	here.turn(t, object{"jobs": object{"delay": "PT2H"}})
	resend := passing(t, "resendApprovalSms")
	late := here.accept(t, resend)
	there.ends(t, there.accept(t, resend), "processed")
	pending := here.jobs(t).Pending
	require.Len(t, pending, 1)
	require.False(t, pending[0].Held)
	require.Equal(t, 2*time.Hour, pending[0].StartsAt.Sub(pending[0].QueuedAt))
	require.Equal(t, "pending", here.job(t, late).Status)

	here.turn(t, object{"jobs": object{"delay": "PT1S"}})
	here.ends(t, late, "processed")
}

func jobsFail(t *testing.T, here, there *box) {
	for says, body := range map[string]object{
		`operation_id: "listDivisions"`: {"operation_id": "listDivisions"}, "times: 0": {"times": 0}, "times: 1001": {"times": 1001},
	} {
		var answer struct{ Error string }
		require.Equal(t, http.StatusUnprocessableEntity, here.call(t, http.MethodPost, "/_sandbox/jobs/fail", body, &answer))
		require.Contains(t, answer.Error, says)
	}
	require.Equal(t, http.StatusOK, here.call(t, http.MethodPost, "/_sandbox/jobs/fail", object{"operation_id": "releaseServiceRequest"}, nil))
	require.Len(t, here.jobs(t).Failing, 1)
	release := passing(t, "releaseServiceRequest")
	here.ends(t, here.accept(t, passing(t, "resendApprovalSms")), "processed")
	failed := here.accept(t, release)
	here.ends(t, failed, "failed_with_error")
	seen := here.job(t, failed)
	require.Equal(t, http.StatusInternalServerError, seen.StatusCode)
	require.Equal(t, "internal_error", seen.Error.Type)
	require.Empty(t, here.jobs(t).Failing)
	here.ends(t, here.accept(t, release), "processed") // the document is as it was
	there.ends(t, there.accept(t, passing(t, "cancelApproval")), "processed")

	require.Equal(t, http.StatusOK, here.call(t, http.MethodPost, "/_sandbox/jobs/fail", nil, nil))
	here.turn(t, object{"jobs": object{"held": true}})
	here.accept(t, passing(t, "resendApprovalSms"))
	require.Equal(t, "failed_with_error", here.release(t, nil)[0].Status, "a released job fails, too")
}

// An operation that carries its job out itself leaves it to a worker when it has to wait or to fail.
func requestsLeaveJobsToWorkers(t *testing.T, here, there *box) {
	verify := passing(t, "verifyApproval")
	here.turn(t, object{"jobs": object{"held": true}})
	held := here.accept(t, verify)
	require.Equal(t, "pending", here.job(t, held).Status)
	require.Equal(t, "processed", here.release(t, nil)[0].Status)
	require.Equal(t, http.StatusOK, testkit.Send(t, there.url, verify).Status)

	here.reset(t)
	require.Equal(t, http.StatusOK, here.call(t, http.MethodPost, "/_sandbox/jobs/fail", object{"operation_id": "verifyApproval"}, nil))
	here.ends(t, here.accept(t, verify), "failed_with_error")
	require.Equal(t, http.StatusOK, testkit.Send(t, here.url, verify).Status)
}
