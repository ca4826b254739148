package servicerequests_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// Referrals that nobody has used are recalled after their last moment. One in the queue stays,
// and one that an encounter carries out.
func TestReferralsExpire(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	const expiry = "expire_service_requests"
	expire := func() {
		require.NoError(t, srv.RunTask(t.Context(), expiry))
		require.Eventually(t, func() bool { return srv.Count(t, "jobs.jobs WHERE operation = $1 AND status = 0", expiry) == 0 }, 20*time.Second, 20*time.Millisecond)
	}
	started := func() int { return srv.Count(t, "jobs.jobs WHERE operation = $1", expiry) }

	meeting := world.ID("encounter of another referral")
	carried := world.ID("service request in work of an encounter")
	passed := bson.D{{Key: "expiration_date", Value: srv.Clock.Now().Add(-time.Second)}, {Key: "program_processing_status", Value: servicerequests.ProgramNew}}
	srv.Change(t, servicerequests.Collection, carried, passed)
	fresh := world.ID("service request to be recalled")
	srv.Change(t, servicerequests.Collection, fresh, bson.D{{Key: "expiration_date", Value: srv.Clock.Now().Add(time.Hour)}})

	unused := bson.D{
		{Key: "status", Value: servicerequests.Active},
		{Key: "expiration_date", Value: bson.D{{Key: "$lt", Value: srv.Clock.Now()}}},
		{Key: "program_processing_status", Value: bson.D{{Key: "$in", Value: bson.A{servicerequests.ProgramNew, nil}}}},
	}
	due, err := srv.Mongo.Collection(servicerequests.Collection).CountDocuments(t.Context(), unused)
	require.NoError(t, err)

	overdue, queued := world.ID("expired service request to be used"), world.ID("expired service request in the queue")
	want, waiting, running := one(t, srv, overdue), one(t, srv, queued), one(t, srv, carried)
	expire()
	d := one(t, srv, overdue)
	unmarked(t, srv, overdue)
	reason := medicalevents.Concept("eHealth/service_request_cancel_reasons", "autoexpired")
	want.Status, want.StatusReason = servicerequests.Recalled, &reason
	require.Len(t, d.StatusHistory, 2)
	require.Equal(t, servicerequests.StatusChange{
		Status: servicerequests.Recalled, StatusReason: &reason, Change: servicerequests.Change{InsertedAt: d.UpdatedAt, InsertedBy: world.SystemUser},
	}, d.StatusHistory[1])
	want.StatusHistory, want.UpdatedAt, want.UpdatedBy, want.AppliedJobs = d.StatusHistory, d.UpdatedAt, world.SystemUser, d.AppliedJobs
	require.Equal(t, want, d)
	require.Equal(t, []string{`StatusChangeEvent {"status": {"new_value": "recalled"}}`}, told(t, srv, overdue))
	require.Zero(t, srv.Count(t, "otp.sms_logs"))
	require.Equal(t, waiting, one(t, srv, queued))
	require.Equal(t, running, one(t, srv, carried))
	require.Equal(t, servicerequests.Active, one(t, srv, fresh).Status)
	require.EqualValues(t, due-1, started(), "one is carried out")

	srv.Remove(t, "encounters", meeting)
	report := world.ID("report of a referral that expires")
	_, err = srv.Mongo.Collection("diagnostic_reports").InsertOne(t.Context(), bson.D{
		{Key: "_id", Value: report},
		{Key: "patient_id", Value: running.Subject},
		{Key: "based_on", Value: medicalevents.To("service_request", carried)},
		{Key: mongodb.Visible, Value: true},
	})
	require.NoError(t, err)
	expire()
	require.Equal(t, running, one(t, srv, carried))
	srv.Remove(t, "diagnostic_reports", report)
	expire()
	require.Equal(t, servicerequests.Recalled, one(t, srv, carried).Status)
	require.EqualValues(t, due, started())
}
