package devicedispenses_test

import (
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMarkInErrorKeepsWhatWasSigned(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	id := world.ID("device dispense to be taken back")
	var want, after devicedispenses.Document
	srv.Decode(t, devicedispenses.Collection, id, &want)
	passing, _ := srv.World.Passing("markInErrorDeviceDispense")
	job := srv.WaitJob(t, pharmacist, srv.Send(t, passing.Request))
	require.Equal(t, http.StatusSeeOther, job.Status, "%s", job.Raw)

	srv.Decode(t, devicedispenses.Collection, id, &after)
	require.Empty(t, after.AppliedJobs)
	want.Status = devicedispenses.EnteredInError
	want.StatusReason = new(medicalevents.Concept("device_dispense_mark_in_error_reasons", "incorrect_patient"))
	want.SignedContentLinks = []string{"device_dispenses/" + id.String() + "/mark_in_error"}
	want.UpdatedAt, want.UpdatedBy, want.AppliedJobs = after.UpdatedAt, world.ID("pharmacist"), after.AppliedJobs
	require.Equal(t, want, after)
	require.Equal(t, 1, srv.Count(t, `event_manager.events WHERE entity_type = 'DeviceDispense' AND event_type = 'StatusChangeEvent'
		AND properties = '{"status": {"new_value": "entered_in_error"}}' AND entity_id = $1`, id))
	require.Zero(t, srv.Count(t, "otp.sms_logs"))

	var sealed []byte
	require.NoError(t, srv.Pool.QueryRow(t.Context(), "SELECT content FROM il.media WHERE name = $1", want.SignedContentLinks[0]).Scan(&sealed))
	kept, err := srv.Keys.Open("media", sealed)
	require.NoError(t, err)
	body, _ := passing.Request.Body.(map[string]any)
	require.Equal(t, body["signed_data"], base64.StdEncoding.EncodeToString(kept))
}
