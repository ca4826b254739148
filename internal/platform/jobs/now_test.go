package jobs_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/testkit"
)

// Who carries a job out at once learns its end; when it has none yet, that a worker may
// still end it.
func TestCarryOut(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	var tries int
	queue := queueOf(t, srv, map[string]jobs.Handler{
		"ends": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) {
			return &jobs.Outcome{ResponseData: "done"}, nil
		},
		"is called again": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) {
			if tries++; tries < 3 {
				return nil, fault.ErrStale
			}
			return &jobs.Outcome{ResponseData: "done"}, nil
		},
		"refuses": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) {
			return nil, fault.Refuse(rules.ServiceRequestReleaseStatus)
		},
		"meets an engine that is away": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) {
			return nil, fault.ErrUnavailable
		},
		"fails": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) {
			return nil, errors.New("of the test")
		},
		"is overtaken by a worker that fails": func(ctx context.Context, id string, _ json.RawMessage) (*jobs.Outcome, error) {
			_, err := srv.Pool.Exec(ctx, "UPDATE jobs.jobs SET status = $2, status_code = 500 WHERE id = $1", id, jobs.FailedWithError)
			return &jobs.Outcome{ResponseData: "done"}, err //nolint:wrapcheck // the test fails of it
		},
	}, func(c *river.Config) { // no worker takes these jobs
		c.Queues = map[string]river.QueueConfig{"another": {MaxWorkers: 1}}
	})
	for _, c := range []struct {
		operation string
		status    int32
		wants     error
	}{
		{"ends", jobs.Processed, nil},
		{"is called again", jobs.Processed, nil},
		{"refuses", jobs.Failed, fault.Refuse(rules.ServiceRequestReleaseStatus)},
		{"meets an engine that is away", jobs.Pending, fault.ErrUnconfirmed},
		{"fails", jobs.Pending, fault.ErrUnconfirmed},
		{"is overtaken by a worker that fails", jobs.FailedWithError, fault.ErrStale},
	} {
		job, err := queue.Start(t.Context(), c.operation, params{})
		require.NoError(t, err)
		done, err := queue.CarryOut(t.Context(), job)
		require.Equal(t, c.wants == nil || !errors.Is(c.wants, fault.ErrUnconfirmed), done, c.operation)
		var refusal *fault.Error
		if errors.As(c.wants, &refusal) {
			require.Equal(t, refusal, err, c.operation)
		} else {
			require.ErrorIs(t, err, c.wants, c.operation)
		}
		ended, err := queue.Get(t.Context(), job.ID)
		require.NoError(t, err)
		require.Equal(t, c.status, ended.Status, c.operation)
		require.Zero(t, srv.Count(t, "jobs.jobs WHERE status = 0 AND carried_at IS NOT NULL"), c.operation)
	}
}
