package devicerequests_test

import (
	"encoding/base64"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestEndedRequestsKeepWhatWasSigned(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	for _, c := range []struct{ operation, name, action, status, reasons string }{
		{"revokeDeviceRequest", "device request to be revoked", "revoke", devicerequests.Revoked, "device_request_revoke_reasons"},
		{
			"markInErrorDeviceRequest", "device request to be taken back", "mark_in_error", devicerequests.EnteredInError,
			"device_request_mark_in_error_reasons",
		},
	} {
		id, want := world.ID(c.name), stored(t, srv, c.name)
		told := len(informations(t, srv, world.PatientPhone))
		passing, _ := srv.World.Passing(c.operation)
		job := srv.WaitJob(t, doctor, srv.Send(t, passing.Request))
		require.Equal(t, http.StatusSeeOther, job.Status, "%s", job.Raw)
		require.Contains(t, string(job.Raw), "/device_requests/"+id.String())

		after := stored(t, srv, c.name)
		require.Empty(t, after.AppliedJobs)
		want.Status, want.StatusReason = c.status, new(medicalevents.Concept(c.reasons, "incorrect_patient"))
		want.SignedContentLinks = []string{"device_requests/" + id.String() + "/" + c.action}
		want.UpdatedAt, want.UpdatedBy, want.AppliedJobs = after.UpdatedAt, world.ID("doctor"), after.AppliedJobs
		require.Equal(t, want, after)
		require.Equal(t, 1, srv.Count(t, `event_manager.events WHERE entity_type = 'DeviceRequest' AND event_type = 'StatusChangeEvent'
			AND properties = jsonb_build_object('status', jsonb_build_object('new_value', $2::text)) AND entity_id = $1`, id, c.status))
		require.Len(t, informations(t, srv, world.PatientPhone), told+1)

		var sealed []byte
		require.NoError(t, srv.Pool.QueryRow(t.Context(), "SELECT content FROM il.media WHERE name = $1", want.SignedContentLinks[0]).Scan(&sealed))
		kept, err := srv.Keys.Open("media", sealed)
		require.NoError(t, err)
		body, _ := passing.Request.Body.(map[string]any)
		require.Equal(t, body["signed_data"], base64.StdEncoding.EncodeToString(kept))
	}
	require.Equal(t, []string{srv.Config.Get().DeviceRequestInErrorSMS, srv.Config.Get().DeviceRequestRevokeSMS}, informations(t, srv, world.PatientPhone))
}

// The process dies after the request was changed. The job carries on, though the status
// refuses now, and tells the patient once.
func TestRevokeSurvivesACrash(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	srv := testkit.New(t, testkit.Idle(), testkit.WithHook(func(jobID string) {
		if tries.Add(1) == 1 {
			panic("crash of job " + jobID)
		}
	}))
	passing, _ := srv.World.Passing("revokeDeviceRequest")
	accepted := srv.Send(t, passing.Request)
	require.Equal(t, http.StatusAccepted, accepted.Status, "%s", accepted.Raw)
	srv.Run(t)
	require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, accepted).Status)
	require.EqualValues(t, 2, tries.Load())
	const name = "device request to be revoked"
	require.Equal(t, devicerequests.Revoked, stored(t, srv, name).Status)
	require.Len(t, stored(t, srv, name).SignedContentLinks, 1)
	require.Equal(t, 1, srv.Count(t, "event_manager.events WHERE entity_id = $1", world.ID(name)))
	require.Len(t, informations(t, srv, world.PatientPhone), 1)
}
