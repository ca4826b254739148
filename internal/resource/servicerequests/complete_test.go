package servicerequests_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/gen/api"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestProcessBeginsTheWork(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	id := world.ID("service request in the queue to be processed")
	before := one(t, srv, id)
	passing, _ := srv.World.Passing("processServiceRequest")
	require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, srv.Send(t, passing.Request)).Status)
	unmarked(t, srv, id)

	want, d := before, one(t, srv, id)
	want.ProgramProcessingStatus = new("in_progress")
	want.UpdatedAt, want.UpdatedBy, want.AppliedJobs = d.UpdatedAt, world.ID("doctor"), d.AppliedJobs
	require.Len(t, d.ProgramProcessingStatusHistory, len(before.ProgramProcessingStatusHistory)+1)
	last := d.ProgramProcessingStatusHistory[len(before.ProgramProcessingStatusHistory)]
	require.Equal(t, "in_progress", last.ProgramProcessingStatus)
	require.Equal(t, d.UpdatedAt, last.InsertedAt)
	require.Equal(t, d.UpdatedBy, last.InsertedBy)
	want.ProgramProcessingStatusHistory = d.ProgramProcessingStatusHistory
	require.Equal(t, want, d)

	require.Equal(t, []string{`StateChangeEvent {"program_processing_status": {"new_value": "in_progress"}}`}, told(t, srv, id))
	require.Zero(t, srv.Count(t, "otp.sms_logs"), "no SMS")
}

func TestCompleteEndsTheReferralAndItsProgram(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	id := world.ID("service request in work with a reason")
	before := one(t, srv, id)
	var request world.Request
	for _, c := range srv.World.Cases {
		if c.OperationID == "completeServiceRequest" && c.Title == "a reason" {
			request = c.Request
		}
	}
	require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, srv.Send(t, request)).Status)
	unmarked(t, srv, id)

	want, d := before, one(t, srv, id)
	want.Status, want.ProgramProcessingStatus = "completed", new("completed")
	want.StatusReason = new(medicalevents.Concept("eHealth/service_request_complete_reasons", "done"))
	want.CompletedWith = new(medicalevents.To("diagnostic_report", world.ID("report of another referral")))
	want.ProgramService = new(medicalevents.To("program_service", world.ID("program service")))
	want.UpdatedAt, want.UpdatedBy, want.AppliedJobs = d.UpdatedAt, world.ID("doctor"), d.AppliedJobs
	require.Len(t, d.StatusHistory, 2)
	require.Equal(t, "completed", d.StatusHistory[1].Status)
	require.Equal(t, want.StatusReason, d.StatusHistory[1].StatusReason)
	require.Equal(t, d.UpdatedAt, d.StatusHistory[1].InsertedAt)
	require.Len(t, d.ProgramProcessingStatusHistory, 3)
	require.Equal(t, "completed", d.ProgramProcessingStatusHistory[2].ProgramProcessingStatus)
	want.StatusHistory, want.ProgramProcessingStatusHistory = d.StatusHistory, d.ProgramProcessingStatusHistory
	require.Equal(t, want, d)

	require.ElementsMatch(t, []string{
		`StatusChangeEvent {"status": {"new_value": "completed"}}`,
		`StateChangeEvent {"program_processing_status": {"new_value": "completed"}}`,
	}, told(t, srv, id))
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource = 'service_requests' AND resource_id = $1", id.String()))
}

func TestCompleteWithoutAProgramTellsOfTheStatusAlone(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	id := world.ID("service request without a program to be completed")
	request := testkit.As(doctor, http.MethodPatch, "/api/service_requests/"+id.String()+"/actions/complete", map[string]any{})
	require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, srv.Send(t, request)).Status)
	d := one(t, srv, id)
	require.Equal(t, "completed", d.Status)
	require.Nil(t, d.ProgramProcessingStatus)
	require.Empty(t, d.ProgramProcessingStatusHistory)
	require.Equal(t, []string{`StatusChangeEvent {"status": {"new_value": "completed"}}`}, told(t, srv, id))
}

// What was withdrawn after the request was accepted completes nothing.
func TestCompleteLooksAtTheRecordAgain(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	body := api.ServiceRequestComplete{
		CompletedWith:  new(medicalevents.To("diagnostic_report", world.ID("report of the referral")).ShowSent()),
		ProgramService: new(medicalevents.To("program_service", world.ID("program service")).ShowSent()),
	}
	id := world.ID("service request in work to be completed")
	accepted := srv.Send(t, testkit.As(doctor, http.MethodPatch, "/api/service_requests/"+id.String()+"/actions/complete", body))
	require.Equal(t, http.StatusAccepted, accepted.Status, "%s", accepted.Raw)
	srv.Change(t, "diagnostic_reports", world.ID("report of the referral"), bson.D{{Key: "status", Value: "entered_in_error"}})
	srv.Run(t)
	var job struct {
		Status     string
		StatusCode int `json:"status_code"`
	}
	srv.WaitJob(t, doctor, accepted).Data(t, &job)
	require.Equal(t, "failed", job.Status)
	require.Equal(t, http.StatusUnprocessableEntity, job.StatusCode)
	require.Equal(t, "active", one(t, srv, id).Status)
}

// told are the events of a referral, with what they tell.
func told(t *testing.T, srv *testkit.Server, id uuid.UUID) (texts []string) {
	t.Helper()
	for _, e := range srv.Events(t, id) {
		require.Equal(t, "ServiceRequest", e.EntityType)
		texts = append(texts, e.Type+" "+e.Properties)
	}
	return texts
}
