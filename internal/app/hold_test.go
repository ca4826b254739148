package app_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/app"
	"esoz/internal/platform/jobs"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// A hold waits for requests that carry jobs out themselves, and during it they do not.
func TestHoldOfVerify(t *testing.T) {
	t.Parallel()
	under, release := make(chan struct{}), make(chan struct{})
	s := testkit.New(t, testkit.Idle(), testkit.WithHook(func(string) {
		close(under)
		<-release
	}))
	passing, ok := s.World.Passing("verifyApproval")
	require.True(t, ok)
	verified := make(chan int, 1)
	go func() { verified <- s.Send(t, passing.Request).Status }()
	<-under
	held := make(chan error, 1)
	began := make(chan struct{})
	go func() {
		held <- app.Hold(t.Context(), s.Pool, func(context.Context) error {
			close(began)
			return nil
		})
	}()
	select {
	case <-began:
		t.Error("the hold did not wait for a job under way")
	case <-time.After(5 * time.Second):
	}
	close(release)
	require.Equal(t, http.StatusOK, <-verified)
	require.NoError(t, <-held)
}

// While something is on hold, requests are answered, SMS go out and no job runs. Then it does.
func TestHold(t *testing.T) {
	t.Parallel()
	s := testkit.New(t)
	i := slices.IndexFunc(s.World.Cases, func(c world.Case) bool {
		return c.OperationID == "releaseServiceRequest" && len(c.Rules) == 0 && len(c.Config) == 0
	})
	require.GreaterOrEqual(t, i, 0)
	verify, ok := s.World.Passing("verifyApproval")
	require.True(t, ok)
	failed := errors.New("the backup failed")
	require.Equal(t, failed, app.Hold(t.Context(), s.Pool, func(context.Context) error {
		require.Equal(t, http.StatusAccepted, s.Send(t, s.World.Cases[i].Request).Status)
		r := s.Send(t, testkit.As(world.TokenValue("doctor"), http.MethodPost, "/api/verifications", map[string]string{"phone_number": "+380501234561"}))
		require.Equal(t, http.StatusOK, r.Status)
		require.Eventually(t, func() bool {
			return s.Count(t, "otp.sms_logs WHERE tries = 1") == 1
		}, time.Minute, 10*time.Millisecond, "SMS wait, too")
		require.Equal(t, http.StatusAccepted, s.Send(t, verify.Request).Status, "else it would carry out its job")
		require.Equal(t, 2, s.Count(t, "river.river_job WHERE queue = $1 AND state = 'available' AND attempt = 0", jobs.QueueName))
		return failed
	}))
	require.Eventually(t, func() bool {
		return s.Count(t, "jobs.jobs WHERE operation IN ('releaseServiceRequest', 'verifyApproval') AND status = $1 AND hash NOT LIKE 'sandbox %'", jobs.Processed) == 2
	}, time.Minute, 10*time.Millisecond, "jobs stay on hold")

	require.ErrorContains(t, app.Hold(t.Context(), s.Pool, func(ctx context.Context) error {
		_, err := s.Pool.Exec(ctx, "UPDATE river.river_job SET attempted_at = clock_timestamp() WHERE queue = $1", jobs.QueueName)
		return err
	}), "carried out a job during the hold")
}
