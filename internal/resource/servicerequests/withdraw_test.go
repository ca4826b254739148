package servicerequests_test

import (
	"encoding/base64"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/platform/sms"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

func TestWithdrawnReferralsKeepWhatWasSigned(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	for _, c := range []struct{ operation, name, action, status, text string }{
		{"recallServiceRequest", "service request to be recalled", "recall", "recalled", "відкликано"},
		{"cancelServiceRequest", "service request to be canceled", "cancel", "entered_in_error", "відмінено"},
	} {
		id := world.ID(c.name)
		before := one(t, srv, id)
		sent := srv.Count(t, "otp.sms_logs")
		passing, _ := srv.World.Passing(c.operation)
		require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, srv.Send(t, passing.Request)).Status)
		unmarked(t, srv, id)

		reason := medicalevents.Concept("eHealth/service_request_"+c.action+"_reasons", "default")
		want, d := before, one(t, srv, id)
		want.Status, want.StatusReason, want.ExplanatoryLetter = c.status, &reason, new("Призначення змінено")
		want.SignedContentLinks = []string{"service_requests/" + id.String() + "/" + c.action}
		want.UpdatedAt, want.UpdatedBy, want.AppliedJobs = d.UpdatedAt, world.ID("doctor"), d.AppliedJobs
		require.Len(t, d.StatusHistory, 2)
		require.Equal(t, c.status, d.StatusHistory[1].Status)
		require.Equal(t, &reason, d.StatusHistory[1].StatusReason)
		want.StatusHistory = d.StatusHistory
		require.Equal(t, want, d)

		require.Equal(t, []string{`StatusChangeEvent {"status": {"new_value": "` + c.status + `"}}`}, told(t, srv, id))
		require.Equal(t, sent+1, srv.Count(t, "otp.sms_logs"))
		inbox, err := sms.Inbox(t.Context(), srv.Pool, srv.Keys, world.PatientPhone, 1)
		require.NoError(t, err)
		require.Contains(t, inbox[0].Text, c.text)

		var sealed []byte
		require.NoError(t, srv.Pool.QueryRow(t.Context(), "SELECT content FROM il.media WHERE name = $1", want.SignedContentLinks[0]).Scan(&sealed))
		kept, err := srv.Keys.Open("media", sealed)
		require.NoError(t, err)
		body, _ := passing.Request.Body.(map[string]any)
		require.Equal(t, body["signed_data"], base64.StdEncoding.EncodeToString(kept))
	}
}

// Who is named as the performer tells the patient; and who gets no SMS is told nothing.
func TestWithdrawnReferralsWithAPerformerTellNobody(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	for _, c := range srv.World.Cases {
		if c.OperationID == "recallServiceRequest" && c.Title == "a referral that names its performer" {
			require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, srv.Send(t, c.Request)).Status)
		}
	}
	require.Equal(t, "recalled", one(t, srv, world.ID("service request with a performer to be recalled")).Status)
	require.Zero(t, srv.Count(t, "otp.sms_logs"))
}

// The process dies after the document was changed; meanwhile the patient becomes inactive,
// which a check refuses that stands before the look-up of the referral. The job carries on.
func TestRecallSurvivesACrash(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	var srv *testkit.Server
	hook := func(jobID string) {
		if tries.Add(1) > 1 {
			return
		}
		_, err := srv.Mongo.Collection("patients").UpdateOne(t.Context(),
			bson.D{{Key: "_id", Value: srv.Keys.PatientID(world.ID("patient"))}}, bson.D{{Key: "$set", Value: bson.D{{Key: "status", Value: "inactive"}}}})
		require.NoError(t, err)
		panic("crash of job " + jobID)
	}
	srv = testkit.New(t, testkit.Idle(), testkit.WithHook(hook))
	passing, _ := srv.World.Passing("recallServiceRequest")
	accepted := srv.Send(t, passing.Request)
	require.Equal(t, http.StatusAccepted, accepted.Status, "%s", accepted.Raw)
	srv.Run(t)
	require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, accepted).Status)
	require.EqualValues(t, 2, tries.Load())

	id := world.ID("service request to be recalled")
	unmarked(t, srv, id)
	require.Equal(t, "recalled", one(t, srv, id).Status)
	require.Len(t, one(t, srv, id).StatusHistory, 2)
	require.Equal(t, []string{`StatusChangeEvent {"status": {"new_value": "recalled"}}`}, told(t, srv, id))
	require.Equal(t, 1, srv.Count(t, `prm.audit_log WHERE resource_id = $1 AND changeset::text LIKE '%service_request_recall_reasons%'`, id.String()))
	require.Equal(t, 1, srv.Count(t, "il.media WHERE name = $1", "service_requests/"+id.String()+"/recall"))
}

// What a withdrawn referral has led to ends with it: approvals are cancelled, and its activity
// has its quantity again.
func TestWithdrawnReferralsEndWhatTheyHaveLedTo(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	for _, c := range []struct{ operation, done, approval string }{
		{"recallServiceRequest", "recalled", "approval for the clinic"},
		{"cancelServiceRequest", "canceled", "approval of personal data"},
	} {
		id, activity, approval := world.ID("service request for an activity to be "+c.done), world.ID("activity of a referral to be "+c.done), world.ID(c.approval)
		srv.Change(t, "approvals", approval, bson.D{{Key: "reason", Value: medicalevents.To("service_request", id)}})
		i := slices.IndexFunc(srv.World.Cases, func(one world.Case) bool {
			return one.OperationID == c.operation && one.Title == "an activity of a care plan"
		})
		require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, srv.Send(t, srv.World.Cases[i].Request)).Status)
		unmarked(t, srv, id)

		var planned struct {
			Detail struct {
				Remaining medicalevents.Quantity `bson:"remaining_quantity"`
			}
			Marks []bson.M `bson:"applied_jobs"`
		}
		srv.Decode(t, "activities", activity, &planned)
		require.InDelta(t, 15, planned.Detail.Remaining.Value, 0)
		require.Empty(t, planned.Marks)

		var ended struct {
			Status    string
			ExpiresAt time.Time `bson:"expires_at"`
			UpdatedBy uuid.UUID `bson:"updated_by"`
			Marks     []bson.M  `bson:"applied_jobs"`
		}
		srv.Decode(t, "approvals", approval, &ended)
		require.Equal(t, "cancelled", ended.Status)
		require.False(t, ended.ExpiresAt.After(srv.Clock.Now()))
		require.Equal(t, world.ID("doctor"), ended.UpdatedBy)
		require.Empty(t, ended.Marks)
		events := srv.Events(t, approval)
		require.JSONEq(t, `{"status":{"new_value":"CANCELLED"}}`, events[len(events)-1].Properties)
	}
}

// An approval that has ended already stays as it is.
func TestWithdrawnReferralsLeaveWhatHasEnded(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	id, approval := world.ID("service request for an activity to be recalled"), world.ID("approval for the clinic")
	srv.Change(t, "approvals", approval, bson.D{{Key: "reason", Value: medicalevents.To("service_request", id)}, {Key: "status", Value: "terminated"}})
	before := srv.Documents(t, "approvals")[approval]
	i := slices.IndexFunc(srv.World.Cases, func(one world.Case) bool {
		return one.OperationID == "recallServiceRequest" && one.Title == "an activity of a care plan"
	})
	require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, doctor, srv.Send(t, srv.World.Cases[i].Request)).Status)
	require.Equal(t, before, srv.Documents(t, "approvals")[approval])
	require.Empty(t, srv.Events(t, approval))
}
