package servicerequests_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// use is the world's first case that passes.
func use(t *testing.T, srv *testkit.Server) world.Request {
	t.Helper()
	passing, found := srv.World.Passing("useServiceRequest")
	require.True(t, found)
	return passing.Request
}

func TestUseReservesForTheCaller(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	id := world.ID("service request to be used")
	before := one(t, srv, id)
	accepted := srv.Send(t, use(t, srv))
	require.Equal(t, http.StatusAccepted, accepted.Status, "%s", accepted.Raw)
	require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, accepted).Status)
	unmarked(t, srv, id)

	want, d := before, one(t, srv, id)
	employee, clinic := medicalevents.To("employee", world.ID("employee doctor")), medicalevents.To("legal_entity", world.ID("clinic"))
	want.UsedByEmployee, want.UsedByLegalEntity = &employee, &clinic
	want.UsedByDivision = new(medicalevents.To("division", world.ID("division of the clinic")))
	want.ProgramProcessingStatus = new("in_progress")
	want.UpdatedAt, want.UpdatedBy, want.AppliedJobs = d.UpdatedAt, world.ID("doctor"), d.AppliedJobs
	require.Len(t, d.ProgramProcessingStatusHistory, 2)
	last := d.ProgramProcessingStatusHistory[1]
	require.Equal(t, "in_progress", last.ProgramProcessingStatus)
	require.Equal(t, d.UpdatedAt, last.InsertedAt)
	require.Equal(t, d.UpdatedBy, last.InsertedBy)
	require.Len(t, d.UsedByEmployeeHistory, 1)
	require.Equal(t, employee, d.UsedByEmployeeHistory[0].UsedByEmployee)
	require.Len(t, d.UsedByLegalEntityHistory, 1)
	require.Equal(t, clinic, d.UsedByLegalEntityHistory[0].UsedByLegalEntity)
	want.ProgramProcessingStatusHistory = d.ProgramProcessingStatusHistory
	want.UsedByEmployeeHistory, want.UsedByLegalEntityHistory = d.UsedByEmployeeHistory, d.UsedByLegalEntityHistory
	require.Equal(t, want, d)

	events := srv.Events(t, id)
	require.Len(t, events, 1)
	require.Equal(t, testkit.Event{
		ID: events[0].ID, Type: "StateChangeEvent", EntityType: "ServiceRequest",
		Properties: `{"program_processing_status": {"new_value": "in_progress"}}`, At: d.UpdatedAt, By: world.ID("doctor"),
	}, events[0])
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource = 'service_requests' AND resource_id = $1", id.String()))
	require.Zero(t, srv.Count(t, "otp.sms_logs"), "no SMS")
}

// A deployment of the obsolete flow can take a use back, again and again.
func TestUseAndReleaseInTheQueue(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.With("SERVICE_REQUEST_USE_TARGET_STATUS", "in_queue"))
	id := world.ID("service request to be used")
	for range 2 {
		require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, srv.Send(t, use(t, srv))).Status)
		require.Equal(t, "in_queue", *one(t, srv, id).ProgramProcessingStatus)
		require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, srv.Send(t, release(doctor, id))).Status)
		require.Equal(t, "new", *one(t, srv, id).ProgramProcessingStatus)
	}
	require.Len(t, srv.Events(t, id), 4)
}

func TestUseSetsTheProgramOfAReferralWithoutOne(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	id := world.ID("service request without a program to be used")
	request := use(t, srv)
	request.Path = "/api/service_requests/" + id.String() + "/actions/use"
	require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, srv.Send(t, request)).Status)
	require.Equal(t, medicalevents.To("medical_program", world.ID("medical program")), *one(t, srv, id).Program)
}

// In the live reading the job makes the checks that come after the schema of the
// body, but for the core methods.
func TestUseIsCheckedInTheJob(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.With("ASYNC_CHECKS", "live"))
	ends := func(request world.Request) (job struct {
		Status     string
		StatusCode int `json:"status_code"`
		Error      struct{ Message string }
	},
	) {
		t.Helper()
		accepted := srv.Send(t, request)
		require.Equal(t, http.StatusAccepted, accepted.Status, "%s", accepted.Raw)
		srv.WaitJob(t, doctor, accepted).Data(t, &job)
		return job
	}
	refused := 0
	for _, c := range srv.World.Cases {
		if c.OperationID != "useServiceRequest" || len(c.Rules) != 1 || len(c.Config) > 0 || !strings.HasPrefix(string(c.Rules[0]), "service_request.use.") {
			continue
		}
		if c.Rules[0] == rules.ServiceRequestUseSchema {
			require.Equal(t, http.StatusUnprocessableEntity, srv.Send(t, c.Request).Status, c.Title)
			continue
		}
		refused++
		job := ends(c.Request)
		require.Equal(t, "failed", job.Status, c.Title)
		require.Equal(t, c.Expect.Status, job.StatusCode, c.Title)
		require.Equal(t, c.Expect.Message, job.Error.Message, c.Title)
	}
	require.Greater(t, refused, 15)
	request := use(t, srv)
	require.Equal(t, "processed", ends(request).Status)
	require.Equal(t, "in_progress", *one(t, srv, world.ID("service request to be used")).ProgramProcessingStatus)

	unknown := srv.Send(t, release(doctor, world.ID("no service request")))
	require.Equal(t, http.StatusNotFound, unknown.Status, "a core method")
}
