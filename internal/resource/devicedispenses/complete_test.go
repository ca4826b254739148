package devicedispenses_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/resource/devicerequests"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// A dispense that hands all of it over completes its request, one of a part does not.
func TestCompleteEndsTheRequestWithItsQuantity(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	for _, c := range []struct{ title, dispense, status string }{
		{"signed by its author", "device dispense to be handed over", "completed"},
		{"a part of the quantity", "device dispense of a part", "active"},
	} {
		id, request := world.ID(c.dispense), world.ID("device request of "+c.dispense)
		before := one(t, srv, id)
		require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, pharmacist, srv.Send(t, caseOf(t, srv, "completeDeviceDispense", c.title))).Status)
		unmarked(t, srv, id)

		d := one(t, srv, id)
		require.NotNil(t, d.WhenHandedOver)
		want := *before
		want.Status, want.WhenHandedOver, want.PaymentID, want.PaymentAmount = "completed", d.WhenHandedOver, new("1239804"), new(61.5)
		want.SignedContentLinks = []string{"device_dispenses/" + id.String() + "/complete"}
		want.UpdatedAt, want.UpdatedBy, want.AppliedJobs = d.UpdatedAt, world.ID("pharmacist"), d.AppliedJobs
		require.Equal(t, &want, d)
		require.Equal(t, 1, srv.Count(t, "il.media WHERE name = $1", want.SignedContentLinks[0]))

		var of devicerequests.Document
		srv.Decode(t, devicerequests.Collection, request, &of)
		require.Equal(t, c.status, of.Status)
		require.Empty(t, of.AppliedJobs)
		require.Len(t, srv.Events(t, id), 1)
		told := srv.Events(t, request)
		if c.status == "active" {
			require.Empty(t, told)
			continue
		}
		require.Len(t, told, 1)
		require.Equal(t, "DeviceRequest", told[0].EntityType)
		require.JSONEq(t, `{"status":{"new_value":"completed"}}`, string(told[0].Properties))
		require.Equal(t, world.ID("pharmacist"), of.UpdatedBy)
		require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource = 'device_requests' AND resource_id = $1", request.String()))
	}
}

func TestCompleteCarriesAnActivityOut(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t)
	id := world.ID("device dispense of an activity")
	require.Equal(t, http.StatusSeeOther, srv.WaitJob(t, pharmacist, srv.Send(t, caseOf(t, srv, "completeDeviceDispense", "an activity of a care plan"))).Status)
	unmarked(t, srv, id)
	activity := srv.Documents(t, "activities")[world.ID("activity to be carried out by a dispense")]
	require.Equal(t, "in_progress", activity["status"])
	require.Empty(t, activity["applied_jobs"])
	outcome, ok := activity["outcome_reference"].(bson.A)
	require.True(t, ok)
	require.Len(t, outcome, 1)
}
