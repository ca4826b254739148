// Package jobs carries out asynchronous operations and stores their outcomes
// (docs/architecture.md).
//
// A request stores a pending job and its River job in one transaction. The worker
// first changes documents, guarded by their state and marked with the job's id,
// then commits event, audit row and the job's end in one PostgreSQL transaction.
// If it is killed, the next try continues where it stopped.
package jobs

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"esoz/gen/db"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
)

// Statuses of a job, as stored.
const (
	Pending         = 0
	Processed       = 1
	Failed          = 2
	FailedWithError = 3
)

// Job is a stored job.
type Job struct {
	ID         string
	Operation  string
	RequestID  string
	Status     int32
	StatusCode int32
	ETA        time.Time
	UpdatedAt  time.Time
	params     []byte // sealed
	response   []byte // sealed
}

// Link points to an object that a job has changed.
type Link struct {
	Entity string `json:"entity"`
	Href   string `json:"href"`
}

// Outcome is the result of a job's operation.
type Outcome struct {
	// Links or ResponseData become the job's answer.
	Links        []Link
	ResponseData any
	// Commit writes the operation's PostgreSQL part (event, audit row, SMS) in the
	// transaction that ends the job.
	Commit func(ctx context.Context, tx postgres.Tx) error
	// Forget removes the job's mark from the documents, after the commit. If it fails,
	// the mark stays, which is harmless: no code reads the mark of an ended job.
	Forget func(ctx context.Context) error
}

// Handler carries out the operation of a job. After a crash it runs again, so it
// must mark changes outside PostgreSQL with the job's id and find them by the mark.
// A *fault.Error ends the job as failed. Any other error is retried.
type Handler func(ctx context.Context, jobID string, params json.RawMessage) (*Outcome, error)

// Queue starts jobs and carries them out.
type Queue struct {
	Pool   *pgxpool.Pool
	River  *river.Client[pgx.Tx]
	Keys   *seal.Keys
	Clock  *clock.Clock
	Config *config.Live
	Logger *slog.Logger
	// Count, when set, is called for each job that ends or waits.
	Count func(operation, result string)
	// Refused, when set, is told of a job that a refusal ends, and of the request that has started it.
	Refused func(requestID string, refusal *fault.Error)
	// Handlers by operationId.
	Handlers map[string]Handler
	// AfterHandler, when set, runs between a handler and the transaction that ends
	// its job. Tests crash the process there.
	AfterHandler func(jobID string)
	// Dial, when set, changes what becomes of jobs.
	Dial Dial
}

// Start stores a job for the operation. If the same request (same operation, same
// params) has a pending job, Start returns that one (decisions R23).
func (q *Queue) Start(ctx context.Context, operation string, params any) (*Job, error) {
	raw, err := json.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("encode params of %s: %w", operation, err)
	}
	now := q.Clock.Now()
	id := newID(now)
	hashes := q.Keys.Requests(operation, raw)
	var row db.JobsJob
	err = postgres.InTx(ctx, q.Pool, func(tx pgx.Tx) error {
		if len(hashes) > 1 {
			if row, err = pendingUnderAnyKey(ctx, tx, hashes); err == nil || !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
		}
		row, err = db.New().InsertJob(ctx, tx, db.InsertJobParams{
			ID: id, Hash: hashes[0], Operation: operation,
			Params: q.Keys.Seal(purposeParams, raw), RequestID: envelope.RequestFrom(ctx).ID,
			ETA: now.Add(time.Duration(q.Config.Get().JobETASeconds) * time.Second), At: now,
		})
		if err != nil {
			return fmt.Errorf("store job: %w", err)
		}
		if row.ID != id {
			return nil // the pending job of the same request has its River job
		}
		if _, err := q.River.InsertTx(ctx, tx, Args{ID: id}, nil); err != nil {
			return fmt.Errorf("queue job: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", operation, err)
	}
	return jobOf(row), nil
}

// pendingUnderAnyKey returns the pending job of a request, whatever key it is
// hashed with. While SERVER_KEY is changed, servers hash with different keys, and
// the unique index alone does not keep a second job out.
func pendingUnderAnyKey(ctx context.Context, tx pgx.Tx, hashes []string) (row db.JobsJob, err error) {
	if err := db.New().LockJobHash(ctx, tx, slices.Min(hashes)); err != nil {
		return row, fmt.Errorf("lock the request: %w", err)
	}
	if row, err = db.New().GetPendingJob(ctx, tx, hashes); err != nil {
		return row, fmt.Errorf("look for a pending job: %w", err)
	}
	return row, nil
}

// Pending returns the pending job of a request, or fault.ErrNotFound.
func (q *Queue) Pending(ctx context.Context, operation string, params any) (*Job, error) {
	raw, err := json.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("encode params of %s: %w", operation, err)
	}
	row, err := db.New().GetPendingJob(ctx, q.Pool, q.Keys.Requests(operation, raw))
	if err != nil {
		return nil, fmt.Errorf("look for pending %s: %w", operation, postgres.Error(err))
	}
	return jobOf(row), nil
}

// Get returns a job, or fault.ErrNotFound.
func (q *Queue) Get(ctx context.Context, id string) (*Job, error) {
	row, err := db.New().GetJob(ctx, q.Pool, id)
	if err != nil {
		return nil, fmt.Errorf("get job: %w", postgres.Error(err))
	}
	return jobOf(row), nil
}

// DeleteOld deletes jobs that ended longer than JOB_TTL_DAYS ago
// (JOBS_CLEANUP_SCHEDULE).
func (q *Queue) DeleteOld(ctx context.Context) error {
	before := q.Clock.Now().AddDate(0, 0, -int(q.Config.Get().JobTTLDays))
	err := postgres.InBatches(ctx, func(ctx context.Context, limit int32) (int64, error) {
		return db.New().DeleteFinishedJobs(ctx, q.Pool, db.DeleteFinishedJobsParams{UpdatedBefore: before, Batch: limit})
	})
	if err != nil {
		return fmt.Errorf("delete old jobs: %w", err)
	}
	return nil
}

// Requeue inserts a new River job for pending jobs that have lost theirs (discarded
// after too many rescues, or by hand) and ends a hold that was forgotten, so that every
// job ends.
func (q *Queue) Requeue(ctx context.Context) error {
	if err := q.resume(ctx); err != nil {
		return err
	}
	ids, err := db.New().ListPendingJobIDs(ctx, q.Pool, q.Clock.Now().Add(-orphanAge))
	if err != nil {
		return fmt.Errorf("list pending jobs: %w", postgres.Error(err))
	}
	for _, id := range ids {
		if _, err := q.River.Insert(ctx, Args{ID: id}, nil); err != nil {
			return fmt.Errorf("queue job %s again: %w", id, postgres.Error(err))
		}
	}
	return nil
}

// orphanAge is the age from which Requeue looks at a pending job.
const orphanAge = time.Minute

// QueueName is River's queue of jobs. Nothing else is in it, so that app.Hold can pause it
// while SMS are sent.
const QueueName = "carry_out"

// MaxHold bounds how long that queue is paused.
const MaxHold = time.Hour

// resume ends a hold whose process was killed.
func (q *Queue) resume(ctx context.Context) error {
	queue, err := q.River.QueueGet(ctx, QueueName)
	if errors.Is(err, rivertype.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the queue of jobs: %w", postgres.Error(err))
	}
	if queue.PausedAt == nil || q.Clock.Now().Sub(*queue.PausedAt) < MaxHold {
		return nil
	}
	q.Logger.WarnContext(ctx, "jobs were on hold for too long and are resumed", "since", *queue.PausedAt)
	if err := q.River.QueueResume(ctx, QueueName, nil); err != nil {
		return fmt.Errorf("resume jobs: %w", postgres.Error(err))
	}
	return nil
}

// Args of the River job. It has the job's id only, no data.
type Args struct {
	ID string `json:"id"`
}

// Kind implements river.JobArgs.
func (Args) Kind() string { return "carry_out" }

// InsertOpts implements river.JobArgsWithInsertOpts. A job has at most one River job
// at a time, so Requeue need not check for one.
func (Args) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueName, MaxAttempts: maxAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
		rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}}}
}

// Purposes under which params and outcomes are sealed.
const (
	purposeParams   = "job params"
	purposeResponse = "job response"
)

// Sealed is where params and outcomes lie.
var Sealed = []seal.Column{
	{Table: "jobs.jobs", Key: "id", KeyType: "text", Name: "params", Purpose: purposeParams},
	{Table: "jobs.jobs", Key: "id", KeyType: "text", Name: "response", Purpose: purposeResponse},
}

// Rehash identifies pending jobs under the newest key.
func Rehash(ctx context.Context, pool *pgxpool.Pool, keys *seal.Keys) error {
	pending, err := db.New().ListPendingJobs(ctx, pool)
	if err != nil {
		return fmt.Errorf("list pending jobs: %w", postgres.Error(err))
	}
	for _, job := range pending {
		raw, err := keys.Open(purposeParams, job.Params)
		if err != nil {
			return fmt.Errorf("job %s: %w", job.ID, err)
		}
		if hash := keys.Request(job.Operation, raw); hash != job.Hash {
			if err := db.New().SetJobHash(ctx, pool, db.SetJobHashParams{ID: job.ID, Hash: hash}); err != nil {
				return fmt.Errorf("hash job %s anew: %w", job.ID, postgres.Error(err))
			}
		}
	}
	return nil
}

// response is the stored outcome of a finished job.
type response struct {
	Links        []Link    `json:"links,omitempty"`
	ResponseData any       `json:"response_data,omitempty"`
	Error        *jobError `json:"error,omitempty"`
}

type jobError struct {
	Type    string       `json:"type"`
	Message string       `json:"message,omitempty"`
	Invalid []fault.Item `json:"invalid,omitempty"`
}

func errorOf(refusal *fault.Error) *jobError {
	return &jobError{Type: refusal.Type, Message: refusal.Message, Invalid: refusal.Invalid}
}

func jobOf(row db.JobsJob) *Job {
	return &Job{
		ID: row.ID, Operation: row.Operation, RequestID: row.RequestID, Status: row.Status, StatusCode: row.StatusCode,
		ETA: row.ETA, UpdatedAt: row.UpdatedAt, params: row.Params, response: row.Response,
	}
}

// newID returns an id in the form of an ObjectId, as in the national system: the
// time in seconds, then random bytes.
func newID(now time.Time) string {
	var id [12]byte
	rand.Read(id[4:])
	binary.BigEndian.PutUint32(id[:4], uint32(now.Unix())) //nolint:gosec // wraps in 2106, as an ObjectId does
	return hex.EncodeToString(id[:])
}
