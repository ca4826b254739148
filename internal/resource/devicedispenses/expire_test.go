package devicedispenses_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"

	"esoz/internal/resource/devicedispenses"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

const expiry = "expire_device_dispenses"

// expire runs the schedule; ended waits for its jobs.
func expire(t *testing.T, srv *testkit.Server) {
	t.Helper()
	require.NoError(t, srv.RunTask(t.Context(), expiry))
}

func ended(t *testing.T, srv *testkit.Server) {
	t.Helper()
	require.Eventually(t, func() bool { return srv.Count(t, "jobs.jobs WHERE operation = $1 AND status = 0", expiry) == 0 }, 20*time.Second, 20*time.Millisecond)
}

func dispense(t *testing.T, srv *testkit.Server, id uuid.UUID) (d devicedispenses.Document) {
	t.Helper()
	srv.Decode(t, devicedispenses.Collection, id, &d)
	return d
}

// Of the dispenses of the world only those in progress expire, at their age and not before.
func TestDispensesExpire(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle(), testkit.Still())
	started := func() int { return srv.Count(t, "jobs.jobs WHERE operation = $1", expiry) }
	id := world.ID("device dispense in progress")
	before := map[uuid.UUID]devicedispenses.Document{}
	waiting := 0
	for other := range srv.Documents(t, devicedispenses.Collection) {
		before[other] = dispense(t, srv, other)
		if before[other].Status == devicedispenses.InProgress {
			waiting++
		}
	}
	end := before[id].InsertedAt.Add(srv.Config.Get().DeviceDispenseTTL)
	srv.Clock.Set(end.Add(-time.Second))
	expire(t, srv)
	require.Zero(t, started())
	srv.Clock.Set(end.Add(time.Millisecond))
	expire(t, srv)
	require.Equal(t, waiting, started())
	expire(t, srv)
	require.Equal(t, waiting, started(), "each has one job")

	srv.Run(t)
	ended(t, srv)
	for other, was := range before {
		after := dispense(t, srv, other)
		if was.Status != devicedispenses.InProgress {
			require.Equal(t, was, after)
			continue
		}
		was.Status, was.UpdatedBy, was.UpdatedAt = devicedispenses.Unknown, world.SystemUser, after.UpdatedAt
		require.True(t, after.UpdatedAt.After(end))
		was.AppliedJobs = after.AppliedJobs
		require.Empty(t, after.AppliedJobs)
		require.Equal(t, was, after)
		told := srv.Events(t, other)
		require.Len(t, told, 1)
		require.Equal(t, `{"status": {"new_value": "unknown"}}`, told[0].Properties)
		require.Equal(t, "StatusChangeEvent", told[0].Type)
		require.Equal(t, world.SystemUser, told[0].By)
		require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource = 'device_dispenses' AND actor_id = $1 AND resource_id = $2", world.SystemUser, other.String()))
	}
	expire(t, srv)
	require.Equal(t, waiting, started(), "once is enough")
}

// The process dies after a dispense was changed: the job carries on, and tells of it once.
func TestExpirySurvivesACrash(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	srv := testkit.New(t, testkit.Idle(), testkit.WithHook(func(jobID string) {
		if tries.Add(1) == 1 {
			panic("crash of job " + jobID)
		}
	}))
	id := world.ID("device dispense in progress")
	srv.Change(t, devicedispenses.Collection, id, bson.D{{Key: "inserted_at", Value: srv.Clock.Now().Add(-srv.Config.Get().DeviceDispenseTTL - time.Hour)}})
	expire(t, srv)
	srv.Run(t)
	ended(t, srv)
	require.EqualValues(t, 2, tries.Load())
	require.Equal(t, devicedispenses.Unknown, dispense(t, srv, id).Status)
	require.Empty(t, dispense(t, srv, id).AppliedJobs)
	told := srv.Events(t, id)
	require.Len(t, told, 1)
	require.Equal(t, dispense(t, srv, id).UpdatedAt, told[0].At, "the moment of the change")
	require.Equal(t, 1, srv.Count(t, "prm.audit_log WHERE resource_id = $1", id.String()))
}

// A dispense that ends while its job waits stays as it ended.
func TestExpiryComesSecond(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	id := world.ID("device dispense in progress")
	srv.Change(t, devicedispenses.Collection, id, bson.D{{Key: "inserted_at", Value: srv.Clock.Now().Add(-srv.Config.Get().DeviceDispenseTTL - time.Hour)}})
	expire(t, srv)
	srv.Change(t, devicedispenses.Collection, id, bson.D{{Key: "status", Value: devicedispenses.Stopped}})
	srv.Run(t)
	ended(t, srv)
	require.Equal(t, devicedispenses.Stopped, dispense(t, srv, id).Status)
	require.Empty(t, srv.Events(t, id))
	require.Equal(t, 1, srv.Count(t, "jobs.jobs WHERE operation = $1 AND status_code = 200", expiry))
}
