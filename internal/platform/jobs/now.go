package jobs

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// CarryOut carries a job out at once, for a caller who is told how it ended. The
// refusal that ends it is the error. Should this process die, a worker goes on; when one
// was faster, its end counts. The job must have been committed.
func (q *Queue) CarryOut(ctx context.Context, job *Job) error {
	outcome, err := q.handle(ctx, job)
	var refusal *fault.Error
	switch {
	case errors.As(err, &refusal):
		none := func(context.Context, postgres.Tx) error { return nil }
		if err := q.store(ctx, job, Failed, refusal.Status, response{Error: errorOf(refusal)}, none); err != nil {
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
		return fmt.Errorf("job %s: a worker has ended it as failed", job.ID)
	}
	q.count(job, "failed")
	return refusal
}
