package servicerequests_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) {
	servicerequests.Create.Between = between
	testkit.Main(m)
}

var (
	doctor      = world.TokenValue("doctor")
	otherDoctor = world.TokenValue("other_doctor")
	queued      = world.ID("service request in the queue")
)

func release(token string, id fmt.Stringer) world.Request {
	return testkit.As(token, http.MethodPatch, "/api/service_requests/"+id.String()+"/actions/release", nil)
}

func one(t testing.TB, srv *testkit.Server, id uuid.UUID) *servicerequests.Document {
	t.Helper()
	d := new(servicerequests.Document)
	srv.Decode(t, servicerequests.Collection, id, d)
	return d
}

// unmarked waits until the job has taken its mark off the document, the last
// thing that it does.
func unmarked(t *testing.T, srv *testkit.Server, id uuid.UUID) {
	t.Helper()
	require.Eventually(t, func() bool { return len(one(t, srv, id).AppliedJobs) == 0 }, time.Minute, 20*time.Millisecond)
}

func TestReleaseChangesWhatIsDocumentedAndNothingElse(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	before := srv.Documents(t, servicerequests.Collection)
	began := srv.Clock.Now().Truncate(time.Millisecond)

	accepted := srv.Send(t, release(doctor, queued))
	require.Equal(t, http.StatusAccepted, accepted.Status, "%s", accepted.Raw)
	var job struct {
		Status, Eta string
		StatusCode  *int `json:"status_code"`
		Links       []struct{ Entity, Href string }
	}
	accepted.Data(t, &job)
	require.Equal(t, "pending", job.Status)
	require.Nil(t, job.StatusCode)
	require.Len(t, job.Links, 1)
	require.Equal(t, "job", job.Links[0].Entity)
	require.Regexp(t, `^/api/jobs/[0-9a-f]{24}$`, job.Links[0].Href)
	eta, err := time.Parse(time.RFC3339Nano, job.Eta)
	require.NoError(t, err)
	require.WithinRange(t, eta, began.Add(10*time.Minute), srv.Clock.Now().Add(10*time.Minute))

	done := srv.WaitJob(t, doctor, accepted)
	ended := srv.Clock.Now()
	require.Equal(t, http.StatusSeeOther, done.Status)
	require.Empty(t, done.Header.Get("Location"))
	path := "/api/patients/" + world.ID("patient").String() + "/service_requests/" + queued.String()
	require.JSONEq(t, `{"status":"processed","status_code":200,"eta":"`+job.Eta+`","links":[{"entity":"service_request","href":"`+path+`"}]}`, string(done.Body.Data))
	require.Equal(t, http.StatusOK, srv.Send(t, testkit.As(doctor, http.MethodGet, path, nil)).Status)

	unmarked(t, srv, queued)
	after := srv.Documents(t, servicerequests.Collection)
	was, is := before[queued], after[queued]
	delete(before, queued)
	delete(after, queued)
	require.Equal(t, before, after, "other service requests")

	d := one(t, srv, queued)
	require.WithinRange(t, d.UpdatedAt, began, ended)
	require.Equal(t, world.ID("doctor"), d.UpdatedBy)
	by := bson.Binary{Subtype: bson.TypeBinaryUUID, Data: d.UpdatedBy[:]}
	at := bson.NewDateTimeFromTime(d.UpdatedAt)
	was["used_by_employee"], was["used_by_legal_entity"], was["used_by_division"] = nil, nil, nil
	was["program_processing_status"] = "new"
	was["program_processing_status_history"] = append(was["program_processing_status_history"].(bson.A), bson.D{
		{Key: "program_processing_status", Value: "new"}, {Key: "inserted_at", Value: at}, {Key: "inserted_by", Value: by},
	})
	was["updated_at"], was["updated_by"] = at, by
	was["applied_jobs"] = bson.A{}
	require.Equal(t, was, is)

	events := srv.Events(t, queued)
	require.Len(t, events, 1)
	require.Equal(t, testkit.Event{
		ID: events[0].ID, Type: "StateChangeEvent", EntityType: "ServiceRequest",
		Properties: `{"program_processing_status": {"new_value": "new"}}`, At: d.UpdatedAt, By: world.ID("doctor"),
	}, events[0])

	var actor, changeset string
	var loggedAt time.Time
	require.NoError(t, srv.Pool.QueryRow(t.Context(), `SELECT actor_id, changeset::text, inserted_at FROM prm.audit_log
		WHERE resource = 'service_requests' AND resource_id = $1`, queued.String()).Scan(&actor, &changeset, &loggedAt))
	require.Equal(t, world.ID("doctor").String(), actor)
	require.Equal(t, d.UpdatedAt, loggedAt)
	updatedAt, err := json.Marshal(d.UpdatedAt)
	require.NoError(t, err)
	require.JSONEq(t, `{"used_by_employee":null,"used_by_legal_entity":null,"used_by_division":null,"program_processing_status":"new",
		"updated_at":`+string(updatedAt)+`,"updated_by":"`+actor+`"}`, changeset)

	require.Zero(t, srv.Count(t, "otp.sms_logs"), "no SMS")
	again := srv.Send(t, release(doctor, queued))
	require.Equal(t, http.StatusConflict, again.Status)
	require.Equal(t, "Invalid program processing status", again.Body.Error.Message)
}

// A patient's id does not lie readable in what a job leaves in the database.
func TestReleaseKeepsThePatientHidden(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	srv.WaitJob(t, doctor, srv.Send(t, release(doctor, queued)))
	patient := world.ID("patient").String()
	for _, table := range []string{"jobs.jobs", "river.river_job", "event_manager.events", "prm.audit_log"} {
		require.NotZero(t, srv.Count(t, table))
		require.Zero(t, srv.Count(t, table+" t WHERE t::text LIKE '%' || $1 || '%'", patient), table)
	}
	raw, err := bson.MarshalExtJSON(srv.Documents(t, servicerequests.Collection)[queued], false, false)
	require.NoError(t, err)
	require.NotContains(t, string(raw), patient)
	require.NotContains(t, string(raw), strings.ReplaceAll(patient, "-", ""))
}

// Of two broken rules the earlier one answers.
func TestReleaseOrder(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	unknown, completed := world.ID("no service request"), world.ID("completed service request")
	srv.Change(t, servicerequests.Collection, completed, bson.D{{Key: "program_processing_status", Value: "new"}})
	for _, c := range []struct {
		title, token string
		id           uuid.UUID
		config       map[string]string
		rule         string
	}{
		{"token before scope", world.TokenValue("expired"), unknown, nil, "token_expired"},
		{"scope before legal entity", world.TokenValue("no_scopes"), unknown, map[string]string{"ME_ALLOWED_TRANSACTIONS_LE_TYPES": "MSP"}, "scope"},
		{"existence of the legal entity before the referral", world.TokenValue("stranger"), unknown, nil, "legal_entity"},
		{"type of the legal entity before its status", world.TokenValue("suspended_doctor"), queued, map[string]string{"ME_ALLOWED_TRANSACTIONS_LE_TYPES": "MSP"}, "legal_entity_type"},
		{"type of the legal entity before the referral", world.TokenValue("nhs"), unknown, nil, "legal_entity_type"},
		{"status of the legal entity before the referral", world.TokenValue("suspended_doctor"), unknown, nil, "legal_entity_status"},
		{"status of the legal entity before that of the referral", world.TokenValue("suspended_doctor"), completed, nil, "legal_entity_status"},
		{"status before program status", doctor, completed, nil, "status"},
		{"status before owner", otherDoctor, completed, map[string]string{"RULES": "+service_request.release.owner"}, "status"},
		{"program status before owner", otherDoctor, world.ID("service request new in its program"), map[string]string{"RULES": "+service_request.release.owner"}, "program_status"},
	} {
		t.Run(c.title, func(t *testing.T) {
			config := map[string]string{"ME_ALLOWED_TRANSACTIONS_LE_TYPES": "PRIMARY_CARE,OUTPATIENT,EMERGENCY,MSP,MSP_PHARMACY", "RULES": ""}
			for name, value := range c.config {
				config[name] = value
			}
			srv.Set(t, config)
			r := srv.Send(t, release(c.token, c.id))
			require.Equal(t, []string{"service_request.release." + c.rule}, r.Rules(), "%s", r.Raw)
		})
	}
	require.Zero(t, srv.Count(t, "jobs.jobs WHERE operation = 'releaseServiceRequest' AND hash NOT LIKE 'sandbox %'"))
}

// Parallel requests of two callers make one transition; who came second is told
// so, at once or in their job.
func TestReleaseRace(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	const requests = 32
	answers := make([]*testkit.Response, requests)
	tokens := []string{doctor, otherDoctor}
	var wait sync.WaitGroup
	for i := range requests {
		wait.Go(func() { answers[i] = srv.Send(t, release(tokens[i%2], queued)) })
	}
	wait.Wait()

	ends := map[string]string{}
	for i, answer := range answers {
		if answer.Status == http.StatusConflict {
			require.Equal(t, "Invalid program processing status", answer.Body.Error.Message)
			continue
		}
		var job struct{ Links []struct{ Href string } }
		answer.Data(t, &job)
		if _, seen := ends[job.Links[0].Href]; seen {
			continue
		}
		var end struct {
			Status     string
			StatusCode int `json:"status_code"`
			Error      struct{ Type, Message string }
		}
		srv.WaitJob(t, tokens[i%2], answer).Data(t, &end)
		if end.Status == "failed" {
			require.Equal(t, http.StatusConflict, end.StatusCode)
			require.Equal(t, "request_conflict", end.Error.Type)
			require.Equal(t, "Invalid program processing status", end.Error.Message)
		}
		ends[job.Links[0].Href] = end.Status
	}
	processed := 0
	for _, status := range ends {
		if status == "processed" {
			processed++
		}
	}
	require.Equal(t, 1, processed, "%v", ends)
	unmarked(t, srv, queued)
	require.Len(t, one(t, srv, queued).ProgramProcessingStatusHistory, 3)
	require.Len(t, srv.Events(t, queued), 1)
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource_id = $1", queued.String()))
}

func TestReleaseAskedForAgain(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	first, second := srv.Send(t, release(doctor, queued)), srv.Send(t, release(doctor, queued))
	require.Equal(t, http.StatusAccepted, second.Status)
	require.JSONEq(t, string(first.Body.Data), string(second.Body.Data))
	other := srv.Send(t, release(otherDoctor, queued))
	require.Equal(t, http.StatusAccepted, other.Status)
	require.NotEqual(t, string(first.Body.Data), string(other.Body.Data), "another caller, another job")

	// The job has changed the document, but has not ended.
	srv.Change(t, servicerequests.Collection, queued, bson.D{{Key: "program_processing_status", Value: "new"}})
	third := srv.Send(t, release(doctor, queued))
	require.Equal(t, http.StatusAccepted, third.Status)
	require.JSONEq(t, string(first.Body.Data), string(third.Body.Data))
}

// Somebody changes the service request between the request and its job.
func TestReleaseComesTooLate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		title  string
		change bson.D // nil: the document vanishes
		rules  string
		code   int
		kind   string
		text   string
	}{
		{"completed", bson.D{{Key: "status", Value: "completed"}}, "", http.StatusConflict, "request_conflict", "Invalid service request status"},
		{"taken into use", bson.D{{Key: "program_processing_status", Value: "in_progress"}}, "", http.StatusConflict, "request_conflict", "Invalid program processing status"},
		{
			"reserved by another",
			bson.D{{Key: "used_by_legal_entity.identifier.value", Value: world.ID("hospital")}},
			"+service_request.release.owner", http.StatusConflict, "request_conflict", "Service request is used by another legal entity",
		},
		{"gone", nil, "", http.StatusNotFound, "not_found", "Service request not found"},
	} {
		t.Run(c.title, func(t *testing.T) {
			t.Parallel()
			srv := testkit.New(t, testkit.Idle(), testkit.With("RULES", c.rules))
			accepted := srv.Send(t, release(doctor, queued))
			if c.change != nil {
				srv.Change(t, servicerequests.Collection, queued, c.change)
			} else {
				srv.Remove(t, servicerequests.Collection, queued)
			}
			before := srv.Documents(t, servicerequests.Collection)
			srv.Run(t)
			r := srv.WaitJob(t, doctor, accepted)
			require.Equal(t, http.StatusOK, r.Status)
			var end struct {
				Status     string
				StatusCode int `json:"status_code"`
				Error      struct{ Type, Message string }
			}
			r.Data(t, &end)
			require.Equal(t, "failed", end.Status)
			require.Equal(t, c.code, end.StatusCode)
			require.Equal(t, c.kind, end.Error.Type)
			require.Equal(t, c.text, end.Error.Message)
			require.Equal(t, before, srv.Documents(t, servicerequests.Collection))
			require.Empty(t, srv.Events(t, queued))
			require.Zero(t, srv.Count(t, "prm.audit_log WHERE resource_id = $1", queued.String()))
		})
	}
}

// The process dies after the document was changed and before the rest was
// committed; meanwhile somebody else takes the referral into use. The job carries
// on: it happens once, and its event tells of the moment of the change.
func TestReleaseSurvivesACrash(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	var srv *testkit.Server
	hook := func(jobID string) {
		if tries.Add(1) > 1 {
			return
		}
		srv.Change(t, servicerequests.Collection, queued, bson.D{
			{Key: "program_processing_status", Value: "in_progress"},
			{Key: "updated_at", Value: srv.Clock.Now().Add(time.Hour)},
			{Key: "updated_by", Value: world.ID("hospital_doctor")},
		})
		panic("crash of job " + jobID)
	}
	srv = testkit.New(t, testkit.Idle(), testkit.WithHook(hook))
	accepted := srv.Send(t, release(doctor, queued))
	srv.Run(t)
	require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, accepted).Status)
	require.EqualValues(t, 2, tries.Load())

	unmarked(t, srv, queued)
	d := one(t, srv, queued)
	require.Equal(t, "in_progress", *d.ProgramProcessingStatus, "what others have done since stays")
	require.Equal(t, world.ID("hospital_doctor"), d.UpdatedBy)
	require.Len(t, d.ProgramProcessingStatusHistory, 3)
	events := srv.Events(t, queued)
	require.Len(t, events, 1)
	require.Equal(t, d.ProgramProcessingStatusHistory[2].InsertedAt, events[0].At)
	require.Equal(t, world.ID("doctor"), events[0].By)
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource_id = $1", queued.String()))
}
