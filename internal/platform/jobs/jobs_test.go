package jobs_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/jobs"
	"esoz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestDeleteOldKeepsPendingAndFreshJobs(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	queue := &jobs.Queue{Pool: srv.Pool, Clock: srv.Clock, Config: srv.Config}
	all := srv.Count(t, "jobs.jobs")
	require.NoError(t, queue.DeleteOld(t.Context()))
	require.Equal(t, all, srv.Count(t, "jobs.jobs"))
	srv.Clock.Advance(8 * 24 * time.Hour)
	require.NoError(t, queue.DeleteOld(t.Context()))
	require.Equal(t, 1, srv.Count(t, "jobs.jobs"))
	require.Equal(t, 1, srv.Count(t, "jobs.jobs WHERE status = 0"))
}
