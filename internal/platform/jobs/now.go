package jobs

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/riverqueue/river/rivertype"

	"esoz/gen/db"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// CarryOut carries a job out at once, for a caller who is told how it ended. While jobs
// are on hold, or its Dial says so, it does not, and done is false. The job must have been committed. The
// refusal that ends it is the error, or fault.ErrStale when a worker was faster and the
// job ended as failed. After every other error a worker goes on with the job, so that it
// is fault.ErrUnconfirmed.
func (q *Queue) CarryOut(ctx context.Context, job *Job) (done bool, err error) {
	held, err := q.begin(ctx, job)
	if err == nil && !held {
		err = q.carryOut(ctx, job)
	}
	if refusal := (*fault.Error)(nil); err == nil || errors.As(err, &refusal) || errors.Is(err, errEnded) {
		return !held, err
	}
	q.leave(ctx, job) // if it cannot, a hold waits until no request can be under way any more
	return false, fmt.Errorf("%w: %w", fault.ErrUnconfirmed, err)
}

// begin lets holds wait for the job, unless there is a hold already. The job is noted
// before the look at the hold, so that a hold that begins later finds it.
func (q *Queue) begin(ctx context.Context, job *Job) (held bool, err error) {
	if q.Left(ctx, job.ID, job.Operation) {
		return true, nil
	}
	if err := db.New().CarryJob(ctx, q.Pool, job.ID); err != nil {
		return false, fmt.Errorf("begin job: %w", postgres.Error(err))
	}
	queue, err := q.River.QueueGet(ctx, QueueName)
	switch {
	case errors.Is(err, rivertype.ErrNotFound): // no worker has ever run, and nobody can hold it
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look for a hold: %w", postgres.Error(err))
	case queue.PausedAt == nil:
		return false, nil
	}
	q.leave(ctx, job)
	return true, nil
}

// leave lets holds begin before the job has ended.
func (q *Queue) leave(ctx context.Context, job *Job) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout) // the deadline of the request may have passed
	defer cancel()
	if err := db.New().LeaveJob(ctx, q.Pool, job.ID); err != nil {
		q.Logger.WarnContext(ctx, "job that a request has left to workers keeps holds waiting", "job_id", job.ID, "error", postgres.Error(err))
	}
}

var errEnded = fmt.Errorf("a worker has ended the job as failed: %w", fault.ErrStale)

func (q *Queue) carryOut(ctx context.Context, job *Job) error {
	outcome, err := q.handle(ctx, job)
	for errors.Is(err, fault.ErrStale) { // the handler asks to be called again
		outcome, err = q.handle(ctx, job)
	}
	var refusal *fault.Error
	switch {
	case errors.Is(err, errDial):
		refusal = fault.Internal()
		if err := q.store(ctx, job, FailedWithError, refusal.Status, response{Error: errorOf(refusal)}, nil); err != nil {
			return err
		}
	case errors.As(err, &refusal):
		if err := q.store(ctx, job, Failed, refusal.Status, response{Error: errorOf(refusal)}, nil); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		if q.AfterHandler != nil {
			q.AfterHandler(job.ID)
		}
		told := response{Links: outcome.Links, ResponseData: outcome.ResponseData}
		if err := q.store(ctx, job, Processed, http.StatusOK, told, outcome.Commit); err != nil {
			return err
		}
	}
	ended, err := q.Get(ctx, job.ID)
	switch {
	case err != nil:
		return err
	case ended.Status == Processed:
		q.count(job, "processed")
		if outcome != nil {
			q.forget(ctx, job, outcome)
		}
		return nil
	case refusal == nil:
		return errEnded
	}
	q.count(job, "failed")
	return refusal
}
