package devicerequests_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/platform/sms"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

const unmeasured = "device request without a quantity"

func complete(id string) world.Request {
	return testkit.As(doctor, http.MethodPatch, "/api/patients/"+world.ID("patient").String()+"/device_requests/"+world.ID(id).String()+"/actions/complete", nil)
}

func stored(t *testing.T, srv *testkit.Server, id string) (d devicerequests.Document) {
	t.Helper()
	srv.Decode(t, devicerequests.Collection, world.ID(id), &d)
	return d
}

// informations are the SMS that tell something, not a code.
func informations(t *testing.T, srv *testkit.Server, phone string) (texts []string) {
	t.Helper()
	messages, err := sms.Inbox(t.Context(), srv.Pool, srv.Keys, phone, 100)
	require.NoError(t, err)
	for _, m := range messages {
		if m.Type == sms.TypeInformation {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

func TestCompleteWritesTheStatusAlone(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	before := stored(t, srv, unmeasured)
	srv.Clock.Advance(time.Minute)
	job := srv.WaitJob(t, doctor, srv.Send(t, complete(unmeasured)))
	require.Equal(t, http.StatusSeeOther, job.Status, "%s", job.Raw)
	require.Contains(t, string(job.Raw), "/device_requests/"+world.ID(unmeasured).String())

	after := stored(t, srv, unmeasured)
	require.Equal(t, devicerequests.Completed, after.Status)
	require.Equal(t, world.ID("doctor"), after.UpdatedBy)
	require.True(t, after.UpdatedAt.After(before.UpdatedAt))
	before.Status, before.UpdatedAt, before.UpdatedBy, before.AppliedJobs = after.Status, after.UpdatedAt, after.UpdatedBy, after.AppliedJobs
	require.Empty(t, after.AppliedJobs)
	require.Equal(t, before, after)
	require.Equal(t, 1, srv.Count(t, `event_manager.events WHERE entity_type = 'DeviceRequest' AND event_type = 'StatusChangeEvent'
		AND properties = '{"status": {"new_value": "completed"}}' AND entity_id = $1`, world.ID(unmeasured)))
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource = 'device_requests' AND resource_id = $1", world.ID(unmeasured).String()))
	require.Equal(t, []string{srv.Config.Get().DeviceRequestCompleteSMS}, informations(t, srv, world.PatientPhone))
}

// The patient is told when they, or the person who confirms for them, get SMS.
func TestWhoIsToldOfTheCompletion(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	for _, c := range []struct {
		title, patient, method, program, phone string
		settings                               map[string]string
	}{
		{title: "by default", patient: "patient", phone: world.PatientPhone},
		{title: "a named method", patient: "patient", method: "method of patient", phone: world.PatientPhone},
		{title: "another person's method", patient: "patient", method: "method of offline_patient"},
		{title: "documents", patient: "offline_patient"},
		{title: "no method", patient: "methodless_patient"},
		{title: "a third person", patient: "third_person_patient", phone: world.ThirdPersonPhone},
		{title: "a third person without a phone", patient: "third_person_offline_patient"},
		{
			title: "a named third person who is no confidant, when that counts", patient: "third_person_patient", method: "method of third_person_patient",
			settings: map[string]string{"THIRD_PERSON_CONFIDANT_PERSON_RELATIONSHIP_CHECK": "true"},
		},
		{
			title: "a named confidant, when that counts", patient: "confided_patient", method: "method of confided_patient", phone: world.ConfidantPhone,
			settings: map[string]string{"THIRD_PERSON_CONFIDANT_PERSON_RELATIONSHIP_CHECK": "true"},
		},
		{title: "no SMS at all", patient: "patient", settings: map[string]string{"DEVICE_REQUESTS_SMS_ENABLED": "false"}},
		{title: "no text", patient: "patient", settings: map[string]string{"TEMPLATE_SMS_FOR_COMPLETE_DEVICE_REQUEST": "none"}},
		{title: "a program", patient: "patient", program: "device program", phone: world.PatientPhone, settings: map[string]string{"DEVICE_REQUESTS_SMS_ENABLED": "false"}},
		{title: "a program that sends none", patient: "patient", program: "silent device program"},
	} {
		t.Run(c.title, func(t *testing.T) {
			settings := map[string]string{
				"THIRD_PERSON_CONFIDANT_PERSON_RELATIONSHIP_CHECK": "false", "DEVICE_REQUESTS_SMS_ENABLED": "true",
				"TEMPLATE_SMS_FOR_COMPLETE_DEVICE_REQUEST": "виконано",
			}
			maps.Copy(settings, c.settings)
			srv.Set(t, settings)
			set := bson.D{
				{Key: "status", Value: devicerequests.Active},
				{Key: "subject", Value: srv.Keys.PatientID(world.ID(c.patient))},
				{Key: "inform_with", Value: nil},
				{Key: "program", Value: nil},
			}
			if c.method != "" {
				set[2].Value = world.ID(c.method)
			}
			if c.program != "" {
				set[3].Value = medicalevents.To("medical_program", world.ID(c.program))
			}
			srv.Change(t, devicerequests.Collection, world.ID(unmeasured), set)
			request := testkit.As(doctor, http.MethodPatch,
				"/api/patients/"+world.ID(c.patient).String()+"/device_requests/"+world.ID(unmeasured).String()+"/actions/complete", nil)
			before := len(informations(t, srv, ""))
			told := len(informations(t, srv, c.phone))
			job := srv.WaitJob(t, doctor, srv.Send(t, request))
			require.Equal(t, http.StatusSeeOther, job.Status, "%s", job.Raw)
			if c.phone == "" {
				require.Len(t, informations(t, srv, ""), before)
				return
			}
			require.Len(t, informations(t, srv, ""), before+1)
			require.Len(t, informations(t, srv, c.phone), told+1)
		})
	}
}

// A job that makes the checks itself tells the patient, too.
func TestCompleteInAJobThatChecks(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	srv.Set(t, map[string]string{"READING": "live"})
	job := srv.WaitJob(t, doctor, srv.Send(t, complete(unmeasured)))
	require.Contains(t, string(job.Raw), "device_request")
	require.Equal(t, devicerequests.Completed, stored(t, srv, unmeasured).Status)
	require.Len(t, informations(t, srv, world.PatientPhone), 1)
}
