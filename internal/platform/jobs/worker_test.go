package jobs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/postgres"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// queueOf returns a queue with the test's handlers on a server's databases.
func queueOf(t *testing.T, srv *testkit.Server, handlers map[string]jobs.Handler, change ...func(*river.Config)) *jobs.Queue {
	t.Helper()
	return dialedQueue(t, srv, handlers, nil, change...)
}

// dialedQueue is queueOf with a dial.
func dialedQueue(t *testing.T, srv *testkit.Server, handlers map[string]jobs.Handler, turned jobs.Dial, change ...func(*river.Config)) *jobs.Queue {
	t.Helper()
	queue := &jobs.Queue{
		Pool: srv.Pool, Keys: srv.Keys, Clock: srv.Clock, Config: srv.Config, Logger: slog.New(slog.DiscardHandler), Handlers: handlers, Dial: turned,
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &jobs.Worker{Queue: queue})
	config := &river.Config{
		Schema: "river", Workers: workers, Logger: slog.New(slog.DiscardHandler),
		Queues: map[string]river.QueueConfig{jobs.QueueName: {MaxWorkers: 4}},
	}
	for _, to := range change {
		to(config)
	}
	client, err := river.NewClient(riverpgxv5.New(srv.Pool), config)
	require.NoError(t, err)
	queue.River = client
	require.NoError(t, client.Start(context.Background()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		require.NoError(t, client.Stop(ctx))
	})
	return queue
}

type params struct {
	Note string `json:"note"`
}

func TestWorkerEndsEveryJob(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	var tries atomic.Int64
	insert := func(note string) func(ctx context.Context, tx pgx.Tx) error {
		return func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO prm.global_parameters (id, parameter, value, inserted_at, inserted_by, updated_at, updated_by) "+
				"VALUES (gen_random_uuid(), $1, '', now(), gen_random_uuid(), now(), gen_random_uuid())", note)
			if err != nil {
				return fmt.Errorf("insert: %w", err)
			}
			return nil
		}
	}
	queue := queueOf(t, srv, map[string]jobs.Handler{
		"panics": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) { panic("of the test") },
		"refuses": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) {
			return nil, fmt.Errorf("wrapped: %w", fault.Refuse(rules.ServiceRequestReleaseStatus))
		},
		"refuses at its commit": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) {
			return &jobs.Outcome{Commit: func(ctx context.Context, tx pgx.Tx) error {
				if err := insert("undone")(ctx, tx); err != nil {
					return err
				}
				return fault.Refuse(rules.ApprovalResendRate)
			}}, nil
		},
		"needs a second try": func(_ context.Context, _ string, raw json.RawMessage) (*jobs.Outcome, error) {
			if tries.Add(1) == 1 {
				return nil, errors.New("engine away")
			}
			return &jobs.Outcome{ResponseData: raw, Commit: insert("done")}, nil
		},
	})
	for _, c := range []struct{ operation, shown string }{
		{"panics", `"status":"failed_with_error","status_code":500,"error":{"type":"internal_error","message":"Remote server internal error"}`},
		{"refuses", `"status":"failed","status_code":409,"error":{"type":"request_conflict","message":"Invalid service request status"}`},
		{"refuses at its commit", `"status":"failed","status_code":429,"error":{"type":"too_many_requests","message":"too many requests"}`},
		{"needs a second try", `"status":"processed","status_code":200,"response_data":{"note":"hidden"}`},
	} {
		job, err := queue.Start(t.Context(), c.operation, params{Note: "hidden"})
		require.NoError(t, err)
		r := srv.PollJob(t, world.TokenValue("doctor"), "/api/jobs/"+job.ID)
		require.Equal(t, http.StatusOK, r.Status)
		require.JSONEq(t, `{"eta":"`+job.ETA.Format("2006-01-02T15:04:05.000Z")+`",`+c.shown+`}`, string(r.Body.Data), c.operation)
	}
	require.EqualValues(t, 2, tries.Load())
	require.Equal(t, 1, srv.Count(t, "prm.global_parameters WHERE parameter = 'done'"))
	require.Zero(t, srv.Count(t, "prm.global_parameters WHERE parameter = 'undone'"))
	require.Zero(t, srv.Count(t, "jobs.jobs t WHERE t::text LIKE '%hidden%'"), "parameters lie sealed")
}

// An ended job that River delivers again is not carried out again.
func TestWorkerPassesOverEndedJobs(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	var calls atomic.Int64
	queue := queueOf(t, srv, map[string]jobs.Handler{
		"count": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) {
			calls.Add(1)
			return &jobs.Outcome{ResponseData: ""}, nil
		},
	})
	job, err := queue.Start(t.Context(), "count", params{})
	require.NoError(t, err)
	before := srv.PollJob(t, world.TokenValue("doctor"), "/api/jobs/"+job.ID)

	for _, id := range []string{job.ID, "000000000000000000000000"} { // the second job does not exist
		again, err := queue.River.Insert(t.Context(), jobs.Args{ID: id}, nil)
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			return srv.Count(t, "river.river_job WHERE id = $1 AND state = 'completed'", again.Job.ID) == 1
		}, time.Minute, 20*time.Millisecond)
	}
	require.EqualValues(t, 1, calls.Load())
	after := srv.PollJob(t, world.TokenValue("doctor"), "/api/jobs/"+job.ID)
	require.Equal(t, string(before.Body.Data), string(after.Body.Data))
}

// The same request gets the pending job while there is one, then a new job.
func TestStartFindsThePendingJob(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	release := make(chan struct{})
	queue := queueOf(t, srv, map[string]jobs.Handler{
		"waits": func(ctx context.Context, _ string, _ json.RawMessage) (*jobs.Outcome, error) {
			select {
			case <-release:
			case <-ctx.Done():
			}
			return &jobs.Outcome{ResponseData: ""}, nil
		},
	})
	first, err := queue.Start(t.Context(), "waits", params{Note: "a"})
	require.NoError(t, err)
	same, err := queue.Start(t.Context(), "waits", params{Note: "a"})
	require.NoError(t, err)
	require.Equal(t, first, same)
	pending, err := queue.Pending(t.Context(), "waits", params{Note: "a"})
	require.NoError(t, err)
	require.Equal(t, first, pending)
	other, err := queue.Start(t.Context(), "waits", params{Note: "b"})
	require.NoError(t, err)
	require.NotEqual(t, first.ID, other.ID)

	close(release)
	srv.PollJob(t, world.TokenValue("doctor"), "/api/jobs/"+first.ID)
	_, err = queue.Pending(t.Context(), "waits", params{Note: "a"})
	require.ErrorIs(t, err, fault.ErrNotFound)
	next, err := queue.Start(t.Context(), "waits", params{Note: "a"})
	require.NoError(t, err)
	require.NotEqual(t, first.ID, next.ID)
}

// orphan is a pending job without a River job.
func orphan(t *testing.T, srv *testkit.Server, id, operation string) {
	t.Helper()
	sealed, err := jobs.SealParams(srv.Keys, params{})
	require.NoError(t, err)
	long := srv.Clock.Now().Add(-time.Hour)
	_, err = srv.Pool.Exec(t.Context(), "INSERT INTO jobs.jobs (id, hash, operation, params, request_id, status, status_code, eta, inserted_at, updated_at) "+
		"VALUES ($1, $1, $2, $3, 'of the test', 0, 202, $4, $4, $4)", id, operation, sealed, long)
	require.NoError(t, err)
}

// Requeue gives each pending job exactly one River job.
func TestRequeue(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	var calls atomic.Int64
	release := make(chan struct{})
	queue := queueOf(t, srv, map[string]jobs.Handler{
		"count": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) {
			calls.Add(1)
			<-release
			return &jobs.Outcome{ResponseData: "done"}, nil
		},
	})
	const id = "0123456789abcdef01234567"
	orphan(t, srv, id, "count")
	for range 3 {
		require.NoError(t, queue.Requeue(t.Context()))
	}
	close(release)
	r := srv.PollJob(t, world.TokenValue("doctor"), "/api/jobs/"+id)
	require.Contains(t, string(r.Body.Data), `"status":"processed"`)
	require.EqualValues(t, 1, calls.Load())
}

// A hold whose process was killed ends after MaxHold.
func TestRequeueEndsAForgottenHold(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	queue := queueOf(t, srv, map[string]jobs.Handler{
		"count": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) { return &jobs.Outcome{}, nil },
	})
	held := func() bool {
		return srv.Count(t, "river.river_queue WHERE name = $1 AND paused_at IS NOT NULL", jobs.QueueName) == 1
	}
	require.NoError(t, queue.River.QueuePause(t.Context(), jobs.QueueName, nil))
	require.NoError(t, queue.Requeue(t.Context()))
	require.True(t, held(), "a backup is under way")
	srv.Clock.Advance(jobs.MaxHold + time.Minute)
	require.NoError(t, queue.Requeue(t.Context()))
	require.False(t, held())
}

// The last try ends a job even if its deadline has passed. But if the document is
// changed already, tries go on until the event is written.
func TestLastTry(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	var commits, aways, answers atomic.Int64
	var mu sync.Mutex
	counted := map[string]int{}
	queue := queueOf(t, srv, map[string]jobs.Handler{
		"fails": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) {
			return nil, errors.New("a fault of ours")
		},
		"has changed a document": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) {
			return &jobs.Outcome{
				ResponseData: "done", Forget: func(context.Context) error { return nil },
				Commit: func(context.Context, pgx.Tx) error {
					if commits.Add(1) == 1 {
						return errors.New("a fault of ours")
					}
					return nil
				},
			}, nil
		},
		"finds an engine away": func(ctx context.Context, _ string, _ json.RawMessage) (*jobs.Outcome, error) {
			if aways.Add(1) == 1 {
				return nil, fmt.Errorf("change a document: %w", fault.ErrUnavailable)
			}
			return &jobs.Outcome{ResponseData: "done"}, nil
		},
		"meets damaged data": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) {
			return nil, fmt.Errorf("look up patient: %w", postgres.Error(&pgconn.PgError{Severity: "ERROR", Code: "XX001"}))
		},
		"has an end that is not confirmed": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) {
			return &jobs.Outcome{ResponseData: "done", Commit: func(context.Context, pgx.Tx) error {
				if answers.Add(1) == 1 {
					return fault.ErrUnconfirmed
				}
				return nil
			}}, nil
		},
	})
	queue.Count = func(operation, result string) {
		mu.Lock()
		defer mu.Unlock()
		counted[operation+": "+result]++
	}
	for i, c := range []struct{ operation, status string }{
		{"fails", "failed_with_error"},
		{"has changed a document", "processed"},
		{"finds an engine away", "processed"},
		{"meets damaged data", "failed_with_error"},
		{"has an end that is not confirmed", "processed"},
	} {
		id := fmt.Sprintf("%024x", i+1)
		orphan(t, srv, id, c.operation)
		_, err := queue.River.Insert(t.Context(), jobs.Args{ID: id}, &river.InsertOpts{MaxAttempts: 1})
		require.NoError(t, err)
		r := srv.PollJob(t, world.TokenValue("doctor"), "/api/jobs/"+id)
		require.Contains(t, string(r.Body.Data), `"status":"`+c.status+`"`, c.operation)
	}
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return maps.Equal(counted, map[string]int{
			"fails: failed_with_error":      1,
			"has changed a document: waits": 1, "has changed a document: processed": 1,
			"finds an engine away: waits": 1, "finds an engine away: processed": 1,
			"meets damaged data: failed_with_error":   1,
			"has an end that is not confirmed: waits": 1, "has an end that is not confirmed: processed": 1,
		})
	}, time.Minute, 10*time.Millisecond, "what ends is counted after its answer is written")
}

// Jobs that have found an engine away begin again apart.
func TestJobsWaitApart(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	queue := queueOf(t, srv, map[string]jobs.Handler{
		"finds an engine away": func(context.Context, string, json.RawMessage) (*jobs.Outcome, error) {
			return nil, fmt.Errorf("look up a document: %w", fault.ErrUnavailable)
		},
	})
	const together = 8
	for i := range together {
		id := fmt.Sprintf("%024x", i+1)
		orphan(t, srv, id, "finds an engine away")
		_, err := queue.River.Insert(t.Context(), jobs.Args{ID: id}, nil)
		require.NoError(t, err)
	}
	var first, last time.Duration
	require.Eventually(t, func() bool {
		var waiting int
		require.NoError(t, srv.Pool.QueryRow(t.Context(), `
			SELECT count(*), coalesce(min(scheduled_at - attempted_at), '0'), coalesce(max(scheduled_at - attempted_at), '0')
			FROM river.river_job WHERE kind = 'carry_out' AND state IN ('available', 'scheduled') AND scheduled_at > attempted_at`).Scan(&waiting, &first, &last))
		return waiting == together
	}, time.Minute, 10*time.Millisecond)
	require.GreaterOrEqual(t, first, time.Second)
	require.Greater(t, last-first, 100*time.Millisecond)
}

// A try whose deadline passes after its change of a document still ends the job and
// removes its mark.
func TestChangeInTheLastMoment(t *testing.T) {
	t.Parallel()
	srv := testkit.New(t, testkit.Idle())
	forgot := make(chan error, 1)
	queue := queueOf(t, srv, map[string]jobs.Handler{
		"takes all its time": func(ctx context.Context, _ string, _ json.RawMessage) (*jobs.Outcome, error) {
			<-ctx.Done()
			return &jobs.Outcome{ResponseData: "done", Forget: func(ctx context.Context) error {
				forgot <- ctx.Err()
				return nil
			}}, nil
		},
	}, func(c *river.Config) { c.JobTimeout = 100 * time.Millisecond })
	job, err := queue.Start(t.Context(), "takes all its time", params{})
	require.NoError(t, err)
	r := srv.PollJob(t, world.TokenValue("doctor"), "/api/jobs/"+job.ID)
	require.Contains(t, string(r.Body.Data), `"status":"processed"`)
	require.NoError(t, <-forgot)
}
