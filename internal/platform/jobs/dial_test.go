package jobs_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/platform/jobs"
	"esoz/internal/testkit"
)

// dial holds jobs, and lets those of one operation fail.
type dial struct{ held atomic.Bool }

func (d *dial) Leave(context.Context, string, string) bool { return d.held.Load() }

func (d *dial) Wait(time.Time) time.Duration {
	if d.held.Load() {
		return time.Hour
	}
	return 0
}

func (*dial) Fail(_, operation string) bool { return operation == "fails" }

// A job that waits is in nobody's hands: no try of it counts, it gets no second River job, and a repeated request finds it.
func TestDialedJobs(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	done := func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) {
		return &jobs.Outcome{ResponseData: "done"}, nil
	}
	turned := &dial{}
	turned.held.Store(true)
	queue := dialedQueue(t, srv, map[string]jobs.Handler{"waits": done, "is released": done, "fails": done}, turned)
	start := func(operation string) *jobs.Job {
		job, err := queue.Start(t.Context(), operation, params{})
		require.NoError(t, err)
		return job
	}
	waits, released, fails := start("waits"), start("is released"), start("fails")
	const looked = "river.river_job WHERE kind = 'carry_out' AND (metadata ->> 'snoozes')::int > 0"
	require.Eventually(t, func() bool { return srv.Count(t, looked) == 3 }, time.Minute, 20*time.Millisecond)
	require.Equal(t, 3, srv.Count(t, looked+" AND attempt = 0 AND state IN ('available', 'scheduled')"))

	srv.Clock.Advance(10 * time.Minute)
	require.NoError(t, queue.Requeue(t.Context()))
	require.Equal(t, waits.ID, start("waits").ID)
	mine := []string{waits.ID, released.ID, fails.ID}
	require.Equal(t, 3, srv.Count(t, "river.river_job WHERE args ->> 'id' = ANY($1)", mine), "each has one River job")
	waiting, err := queue.Waiting(t.Context())
	require.NoError(t, err)
	require.Len(t, waiting, 3)
	for i, job := range []*jobs.Job{waits, released, fails} {
		require.Equal(t, job.ID, waiting[i].ID, "oldest first")
	}

	carried, err := queue.CarryOut(t.Context(), released)
	require.NoError(t, err)
	require.False(t, carried)
	for job, status := range map[*jobs.Job]int32{released: jobs.Processed, fails: jobs.FailedWithError} {
		ended, err := queue.Release(t.Context(), job.ID)
		require.NoError(t, err)
		require.Equal(t, status, ended.Status)
	}
	turned.held.Store(false)
	require.NoError(t, queue.Wake(t.Context(), jobs.Args{}.Kind()))
	require.Eventually(t, func() bool {
		ended, err := queue.Get(t.Context(), waits.ID)
		require.NoError(t, err)
		return ended.Status == jobs.Processed
	}, time.Minute, 20*time.Millisecond)
	require.Eventually(t, func() bool {
		return srv.Count(t, looked+" AND state <> 'completed'") == 0
	}, time.Minute, 20*time.Millisecond, "the River jobs of released jobs end, too")
}
