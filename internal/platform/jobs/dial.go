package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// Dial changes what becomes of jobs, so that clients can be tested with late and failing ones. Only the sandbox has one.
type Dial interface {
	// Leave tells that a request must leave its job to a worker, though it could carry it out itself. A worker may have
	// been faster. The id is empty before there is a job.
	Leave(ctx context.Context, id, operation string) bool
	// Wait returns how much longer a job that was queued at a moment must wait for a worker.
	Wait(queued time.Time) time.Duration
	// Fail tells that a job must end as failed. It says so again when the same job is tried again.
	Fail(id, operation string) bool
}

var errDial = errors.New("a dial lets the job fail")

// Left tells whether a request must leave its job to a worker; the id is empty before there is a job.
func (q *Queue) Left(ctx context.Context, id, operation string) bool {
	return q.Dial != nil && q.Dial.Leave(ctx, id, operation)
}

// mustWait returns how much longer a River job must wait.
func (q *Queue) mustWait(job *river.Job[Args]) time.Duration {
	if q.Dial == nil {
		return 0
	}
	return q.Dial.Wait(job.CreatedAt)
}

// Waiting is a pending job that workers know of.
type Waiting struct {
	*Job
	Queued time.Time // by the clock of PostgreSQL
}

// Waiting returns the pending jobs that workers know of, oldest first.
func (q *Queue) Waiting(ctx context.Context) ([]Waiting, error) {
	rows, err := q.queued(ctx, Args{}.Kind())
	if err != nil {
		return nil, err
	}
	waiting := make([]Waiting, 0, len(rows))
	for _, row := range rows {
		var args Args
		if err := json.Unmarshal(row.EncodedArgs, &args); err != nil {
			return nil, fmt.Errorf("read River job %d: %w", row.ID, err)
		}
		job, err := q.Get(ctx, args.ID)
		if errors.Is(err, fault.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if job.Status == Pending {
			waiting = append(waiting, Waiting{Job: job, Queued: row.CreatedAt})
		}
	}
	return waiting, nil
}

// most is how many jobs River lists at once.
const most = 10_000

// queued returns the River jobs of a kind that have not ended.
func (q *Queue) queued(ctx context.Context, kind string) ([]*rivertype.JobRow, error) {
	listed, err := q.River.JobList(ctx, river.NewJobListParams().Kinds(kind).First(most).States(
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled))
	if err != nil {
		return nil, fmt.Errorf("list River jobs: %w", postgres.Error(err))
	}
	return listed.Jobs, nil
}

// Wake lets workers look at once at River jobs of a kind that wait for a later moment.
func (q *Queue) Wake(ctx context.Context, kind string) error {
	rows, err := q.queued(ctx, kind)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := q.River.JobRetry(ctx, row.ID); err != nil && !errors.Is(err, rivertype.ErrNotFound) {
			return fmt.Errorf("wake River job %d: %w", row.ID, postgres.Error(err))
		}
	}
	return nil
}

// Release carries out a pending job at once, also when Dial holds or delays it, and returns the ended job. Its River job
// then has nothing left to do.
func (q *Queue) Release(ctx context.Context, id string) (*Job, error) {
	job, err := q.Get(ctx, id)
	if err != nil || job.Status != Pending {
		return job, err
	}
	err = q.carryOut(ctx, job)
	if refusal := (*fault.Error)(nil); err != nil && !errors.As(err, &refusal) && !errors.Is(err, errEnded) {
		return nil, err
	}
	return q.Get(ctx, id)
}
