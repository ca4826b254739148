package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"esoz/gen/db"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/redact"
)

// Worker is the River worker of all jobs.
type Worker struct {
	river.WorkerDefaults[Args]
	*Queue
}

// NextRetry waits at most ten seconds, because callers poll.
func (w *Worker) NextRetry(job *river.Job[Args]) time.Time {
	delay := min(time.Duration(job.Attempt)*time.Second, maxRetryDelay)
	return job.AttemptedAt.Add(delay)
}

// Limits of a worker.
const (
	maxAttempts   = 30 // with unexpected errors; tries with an unavailable database do not count
	maxPanics     = 3
	maxRetryDelay = 10 * time.Second
	snooze        = 3 * time.Second
	endTimeout    = 3 * time.Second
	forgetTimeout = 5 * time.Second // no caller waits for it
)

// apart is how long a job waits for a database: another time for each. Jobs that have kept each other from it for all the time
// of their tries would do so for ever if they began again together.
func apart() time.Duration {
	return snooze/2 + rand.N(snooze*3/2) //nolint:gosec // no secret
}

// Work carries out one job.
func (w *Worker) Work(ctx context.Context, riverJob *river.Job[Args]) error {
	job, err := w.Get(ctx, riverJob.Args.ID)
	if errors.Is(err, fault.ErrNotFound) {
		w.Logger.WarnContext(ctx, "job is gone", "job_id", riverJob.Args.ID)
		return nil
	}
	if err != nil {
		return err
	}
	if job.Status != Pending {
		return nil // an earlier try ended it and crashed before it told River
	}
	if wait := w.mustWait(riverJob); wait > 0 {
		return river.JobSnooze(min(wait, snooze)) // soon again: a dial may be turned any time, and nobody remembers it after a restart
	}
	trace.SpanFromContext(ctx).SetAttributes(attribute.String("operation", job.Operation), attribute.String("request_id", job.RequestID))
	outcome, err := w.handle(ctx, job)
	if err == nil {
		if w.AfterHandler != nil {
			w.AfterHandler(job.ID)
		}
		err = w.end(ctx, riverJob, job, outcome)
	}
	switch refusal := (*fault.Error)(nil); {
	case err == nil:
		w.count(job, "processed")
		w.forget(ctx, job, outcome)
		return nil
	case errors.As(err, &refusal):
		w.count(job, "failed")
		w.Logger.InfoContext(ctx, "job refused", "job_id", job.ID, "operation", job.Operation, "request_id", job.RequestID, "rules", refusal.Rules)
		w.tell(job, refusal)
		return w.fail(ctx, riverJob, job, Failed, refusal)
	case isAway(err), outcome != nil && outcome.Forget != nil:
		// The database will come back. If the document is changed already, its event
		// must be written, however long that takes.
		w.count(job, "waits")
		w.Logger.WarnContext(ctx, "job waits", "job_id", job.ID, "operation", job.Operation, "request_id", job.RequestID, "error", err)
		return river.JobSnooze(apart())
	case errors.Is(err, errDial), errors.Is(err, errPanic) && riverJob.Attempt >= maxPanics, riverJob.Attempt >= riverJob.MaxAttempts:
		w.count(job, "failed_with_error")
		w.Logger.ErrorContext(ctx, "job failed", "job_id", job.ID, "operation", job.Operation, "request_id", job.RequestID, "error", err)
		return w.fail(ctx, riverJob, job, FailedWithError, fault.Internal())
	}
	return err
}

func (q *Queue) tell(job *Job, refusal *fault.Error) {
	if q.Refused != nil {
		q.Refused(job.RequestID, refusal)
	}
}

func (q *Queue) count(job *Job, result string) {
	if q.Count != nil {
		q.Count(job.Operation, result)
	}
}

// isAway returns whether a database caused the error, not the job. After
// fault.ErrUnconfirmed the next try finds out whether the job has ended. Corruption
// (SQLSTATE class XX) is permanent, so its tries count.
func isAway(err error) bool {
	if found, ok := errors.AsType[*pgconn.PgError](err); ok && strings.HasPrefix(found.Code, "XX") {
		return false
	}
	return errors.Is(err, fault.ErrUnavailable) || errors.Is(err, fault.ErrUnconfirmed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

var errPanic = errors.New("panic")

func (q *Queue) handle(ctx context.Context, job *Job) (outcome *Outcome, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %s\n%s", errPanic, redact.Panic(v), debug.Stack())
		}
	}()
	if q.Dial != nil && q.Dial.Fail(job.ID, job.Operation) {
		return nil, errDial
	}
	handler := q.Handlers[job.Operation]
	if handler == nil {
		return nil, fmt.Errorf("job %s: %s has no handler", job.ID, job.Operation)
	}
	params, err := q.Keys.Open(purposeParams, job.params)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", job.ID, err)
	}
	outcome, err = handler(ctx, job.ID, params)
	if err != nil {
		return nil, fmt.Errorf("carry out %s: %w", job.Operation, err)
	}
	return outcome, nil
}

// end commits the outcome, the end of the job and of its River job in one
// transaction.
func (w *Worker) end(ctx context.Context, riverJob *river.Job[Args], job *Job, outcome *Outcome) error {
	response := response{Links: outcome.Links, ResponseData: outcome.ResponseData}
	return w.finish(ctx, riverJob, job, Processed, http.StatusOK, response, outcome.Commit)
}

func (w *Worker) fail(ctx context.Context, riverJob *river.Job[Args], job *Job, status int32, refusal *fault.Error) error {
	response := response{Error: errorOf(refusal)}
	return w.finish(ctx, riverJob, job, status, refusal.Status, response, nil)
}

func (w *Worker) finish(
	ctx context.Context, riverJob *river.Job[Args], job *Job,
	status int32, code int, response response, commit func(ctx context.Context, tx postgres.Tx) error,
) error {
	return w.store(ctx, job, status, code, response, func(ctx context.Context, tx postgres.Tx) error {
		if commit != nil {
			if err := commit(ctx, tx); err != nil {
				return fmt.Errorf("commit job %s: %w", job.ID, err)
			}
		}
		if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, riverJob); err != nil {
			return fmt.Errorf("complete River job of %s: %w", job.ID, err)
		}
		return nil
	})
}

// store writes the end of a job, unless it has ended, and what commits with it.
func (q *Queue) store(
	ctx context.Context, job *Job, status int32, code int, response response, commit func(ctx context.Context, tx postgres.Tx) error,
) error {
	raw, err := json.Marshal(response)
	if err != nil {
		return fmt.Errorf("encode response of job %s: %w", job.ID, err)
	}
	// The end must be written even if the deadline of the try has passed.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	return postgres.InTx(ctx, q.Pool, func(tx pgx.Tx) error {
		ended, err := db.New().FinishJob(ctx, tx, db.FinishJobParams{
			ID: job.ID, Status: status, StatusCode: int32(code), //nolint:gosec // an HTTP status
			Response: q.Keys.Seal(purposeResponse, raw), At: q.Clock.Now(),
		})
		if err != nil {
			return fmt.Errorf("finish job %s: %w", job.ID, err)
		}
		if ended == 0 || commit == nil {
			return nil // another worker has ended the job, or nothing commits with its end
		}
		return commit(ctx, tx)
	})
}

func (q *Queue) forget(ctx context.Context, job *Job, outcome *Outcome) {
	if outcome.Forget == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetTimeout) // the deadline of the try may have passed
	defer cancel()
	if err := outcome.Forget(ctx); err != nil {
		q.Logger.WarnContext(ctx, "mark of an ended job stays on its document", "job_id", job.ID, "error", err)
	}
}
