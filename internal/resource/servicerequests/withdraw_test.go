package servicerequests_test

import (
	"encoding/base64"
	"net/http"
	"sync/atomic"
	"testing"

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
