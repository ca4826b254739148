package devicerequests_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/resource/devicerequests"
	"esoz/internal/sandbox/world"
	issued "esoz/internal/sandbox/world/devicerequests"
	"esoz/internal/testkit"
)

func resend(id string) world.Request {
	return testkit.As(doctor, http.MethodPatch, "/api/patients/"+world.ID("patient").String()+"/device_requests/"+world.ID(id).String()+"/actions/resend", nil)
}

func TestResendTellsNumberAndCode(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	before := stored(t, srv, open)
	job := srv.WaitJob(t, doctor, srv.Send(t, resend(open)))
	require.Equal(t, http.StatusSeeOther, job.Status, "%s", job.Raw)
	require.Equal(t, before, stored(t, srv, open))
	prefix := srv.Config.Get().DeviceRequestSMSText
	require.Equal(t, []string{prefix + issued.Requisition(open) + ", код: " + issued.Code(world.ID(open))}, informations(t, srv, world.PatientPhone))

	const planned = "device request of a care plan" // of no program
	srv.WaitJob(t, doctor, srv.Send(t, resend(planned)))
	require.Contains(t, informations(t, srv, world.PatientPhone), prefix+issued.Requisition(planned))

	srv.Set(t, map[string]string{"TEMPLATE_SMS_FOR_CREATE_DEVICE_REQUEST": "none"})
	srv.WaitJob(t, doctor, srv.Send(t, resend(open)))
	require.Len(t, informations(t, srv, world.PatientPhone), 2)
}

// An attempt counts for DR_SEND_TIMEOUT seconds; the next may be made when the oldest no
// longer counts.
func TestResendIsLimited(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Still(), testkit.With("DR_MAX_ATTEMPTS_COUNT", "2"), testkit.With("DR_SEND_TIMEOUT", "60"))
	attempt := func() *testkit.Response { return srv.Send(t, resend(open)) }
	sent := func() {
		t.Helper()
		job := srv.WaitJob(t, doctor, attempt())
		require.Equal(t, http.StatusSeeOther, job.Status, "%s", job.Raw)
	}
	sent()
	srv.Clock.Advance(40 * time.Second)
	sent()
	refused := attempt()
	require.Equal(t, []string{"device_request.resend.timeout"}, refused.Rules(), "%s", refused.Raw)
	require.Regexp(t, `Next attempt will be available at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`, string(refused.Raw))
	srv.Clock.Advance(21 * time.Second)
	sent()
	require.Equal(t, http.StatusTooManyRequests, attempt().Status)
	require.Len(t, informations(t, srv, world.PatientPhone), 3)
}

// What changes while the job waits is judged by the job.
func TestResendChecksAgain(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	accepted := srv.Send(t, resend(open))
	require.Equal(t, http.StatusAccepted, accepted.Status, "%s", accepted.Raw)
	srv.Change(t, devicerequests.Collection, world.ID(open), bson.D{{Key: "status", Value: devicerequests.Revoked}})
	require.NoError(t, srv.Start(t.Context()))
	job := srv.WaitJob(t, doctor, accepted)
	var shown struct {
		Data struct {
			Status     string
			StatusCode int `json:"status_code"`
		}
	}
	require.NoError(t, json.Unmarshal(job.Raw, &shown))
	require.Equal(t, "failed", shown.Data.Status, "%s", job.Raw)
	require.Equal(t, http.StatusConflict, shown.Data.StatusCode)
	require.Empty(t, informations(t, srv, world.PatientPhone))
}
