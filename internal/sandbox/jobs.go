package sandbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"esoz/gen/api"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
)

// failure makes jobs fail.
type failure struct {
	Operation string `json:"operation_id,omitempty"` // any, when empty
	Times     int    `json:"times"`
}

func (f failure) of(operation string) bool { return f.Operation == "" || f.Operation == operation }

// Leave implements jobs.Dial.
func (d *Dials) Leave(ctx context.Context, id, operation string) bool {
	d.mu.Lock()
	dialed := d.set.Jobs.Held || d.set.Jobs.Delay > 0 || d.failing[id] ||
		slices.ContainsFunc(d.failures, func(f failure) bool { return f.of(operation) })
	d.mu.Unlock()
	return dialed || actsFrom(ctx).accept()
}

// untilReleased is longer than a worker waits before it asks again.
const untilReleased = time.Hour

// Wait implements jobs.Dial.
func (d *Dials) Wait(queued time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.set.Jobs.Held {
		return untilReleased
	}
	if d.set.Jobs.Delay == 0 {
		return 0
	}
	return queued.Add(time.Duration(d.set.Jobs.Delay)).Sub(d.machine.Now())
}

// Fail implements jobs.Dial.
func (d *Dials) Fail(id, operation string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failing[id] {
		return true
	}
	i := slices.IndexFunc(d.failures, func(f failure) bool { return f.of(operation) })
	if i < 0 {
		return false
	}
	if d.failures[i].Times--; d.failures[i].Times == 0 {
		d.failures = slices.Delete(d.failures, i, i+1)
	}
	d.failing[id] = true
	return true
}

// shownJob is what is told of a job.
type shownJob struct {
	ID         string     `json:"id"`
	Operation  string     `json:"operation_id"`
	Status     string     `json:"status"`
	StatusCode int32      `json:"status_code,omitempty"` // once it has ended
	QueuedAt   *time.Time `json:"queued_at,omitempty"`
	StartsAt   *time.Time `json:"starts_at,omitempty"` // at the earliest; absent while jobs are held
	Held       bool       `json:"held"`
	RequestID  string     `json:"request_id,omitempty"` // of the request that started it
	Request    int        `json:"request,omitempty"`    // its number, while it is remembered
	StartedAt  *time.Time `json:"started_at,omitempty"` // by the world's clock, like the next
	EndedAt    *time.Time `json:"ended_at,omitempty"`
}

var jobStatuses = map[int32]api.JobStatus{
	jobs.Pending: api.JobStatusPending, jobs.Processed: api.JobStatusProcessed,
	jobs.Failed: api.JobStatusFailed, jobs.FailedWithError: api.JobStatusFailedWithError,
}

// shownJobs is the answer about jobs.
type shownJobs struct {
	Pending []shownJob `json:"pending"`
	Newest  []shownJob `json:"newest"`
	Failing []failure  `json:"failing"`
}

func (h *Handler) listJobs(w http.ResponseWriter, r *http.Request) {
	h.changing.RLock()
	waiting, err := h.app.Jobs.Waiting(r.Context())
	newest, errNewest := h.newestJobs(r.Context())
	h.changing.RUnlock()
	if err := errors.Join(err, errNewest); err != nil {
		h.failed(r.Context(), w, err)
		return
	}
	dialed := h.dials.shown().Jobs
	shown := shownJobs{Pending: []shownJob{}, Newest: newest, Failing: h.dials.failuresToCome()}
	for _, job := range waiting {
		queued := job.Queued.UTC()
		one := shownJob{ID: job.ID, Operation: job.Operation, Status: string(jobStatuses[job.Status]), QueuedAt: &queued, Held: dialed.Held, RequestID: job.RequestID, Request: h.traffic.NumberOfID(job.RequestID)}
		if !dialed.Held {
			one.StartsAt = new(queued.Add(time.Duration(dialed.Delay)))
		}
		shown.Pending = append(shown.Pending, one)
	}
	h.write(w, http.StatusOK, shown)
}

func (d *Dials) failuresToCome() []failure {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]failure{}, d.failures...)
}

func (h *Handler) releaseJobs(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		IDs []string `json:"ids"`
	}
	if r.ContentLength != 0 {
		if err := decode(w, r, &sent); err != nil {
			h.refuse(w, http.StatusBadRequest, err)
			return
		}
	}
	h.changing.RLock()
	waiting, err := h.app.Jobs.Waiting(r.Context())
	h.changing.RUnlock()
	if err != nil {
		h.failed(r.Context(), w, err)
		return
	}
	ids, err := chosen(waiting, sent.IDs)
	if err != nil {
		h.refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	ended := []shownJob{}
	for _, id := range ids {
		job, err := h.release(r.Context(), id)
		switch {
		case errors.Is(err, fault.ErrNotFound): // the world is another one since
			continue
		case err != nil:
			h.logger.ErrorContext(r.Context(), "a released job failed", "job_id", id, "error", err)
			h.refuse(w, http.StatusInternalServerError, fmt.Errorf("job %s could not be carried out, and those after it were not tried; see the log", id))
			return
		}
		ended = append(ended, shownJob{ID: job.ID, Operation: job.Operation, Status: string(jobStatuses[job.Status]), StatusCode: job.StatusCode})
	}
	h.write(w, http.StatusOK, map[string]any{"jobs": ended})
}

// release carries out one job. A client that hangs up does not stop it.
func (h *Handler) release(ctx context.Context, id string) (job *jobs.Job, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	err = h.Fence(func() error {
		job, err = h.app.Jobs.Release(ctx, id)
		return err
	})
	return job, err
}

// releaseTimeout bounds one job.
const releaseTimeout = 10 * time.Second

// chosen are the ids of the jobs to release, in their order: those that were sent, or all.
func chosen(waiting []jobs.Waiting, sent []string) (ids []string, err error) {
	known := map[string]bool{}
	for _, job := range waiting {
		ids, known[job.ID] = append(ids, job.ID), true
	}
	if sent == nil {
		return ids, nil
	}
	var errs []error
	for i, id := range sent {
		switch {
		case !known[id]:
			errs = append(errs, fmt.Errorf("ids[%d]: no job %q is pending; GET /_sandbox/jobs lists those that are", i, id))
		case slices.Contains(sent[:i], id):
			errs = append(errs, fmt.Errorf("ids[%d]: job %q is named twice", i, id))
		}
	}
	return sent, errors.Join(errs...)
}

func (h *Handler) failJobs(w http.ResponseWriter, r *http.Request) {
	sent := failure{Times: 1}
	if r.ContentLength != 0 {
		if err := decode(w, r, &sent); err != nil {
			h.refuse(w, http.StatusBadRequest, err)
			return
		}
	}
	var errs []error
	if sent.Operation != "" && h.app.Jobs.Handlers[sent.Operation] == nil {
		errs = append(errs, fmt.Errorf("operation_id: %q is none of the operations that have jobs: %v", sent.Operation, slices.Sorted(maps.Keys(h.app.Jobs.Handlers))))
	}
	if sent.Times < 1 || sent.Times > maxTimes {
		errs = append(errs, fmt.Errorf("times: %d is not a number of jobs from 1 to %d", sent.Times, maxTimes))
	}
	if err := errors.Join(errs...); err != nil {
		h.refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	h.dials.mu.Lock()
	h.dials.failures = append(h.dials.failures, sent)
	h.dials.mu.Unlock()
	h.changed()
	h.write(w, http.StatusOK, map[string]any{"failing": h.dials.failuresToCome()})
}
