package jobs

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
)

// GetJob serves GET /api/jobs/{id}. Anybody with the scope may see any job.
func (a *API) GetJob(ctx context.Context, req api.GetJobRequestObject) (api.GetJobResponseObject, error) {
	g := &getting{Caller: a.Engine.Caller(ctx), queue: a.Engine.Queue, id: req.ID}
	if err := operation.Run(ctx, getChecks, g); err != nil {
		return nil, err
	}
	response := api.JobResponse{Meta: envelope.Meta(ctx, g.status), Data: g.shown}
	if g.status == http.StatusSeeOther {
		return api.GetJob303JSONResponse(response), nil
	}
	return api.GetJob200JSONResponse(response), nil
}

// getting is one call of getJob.
type getting struct {
	operation.Caller
	queue  *jobs.Queue
	id     string
	job    *jobs.Job
	status int // that the job is shown with
	shown  api.Job
}

var getChecks = []operation.Check[*getting]{
	{Rule: rules.JobGetNotFound, Pass: find},
	{Rule: rules.JobGetNotImplemented, Pass: show},
}

func find(ctx context.Context, g *getting) (err error) {
	if !idPattern.MatchString(g.id) {
		return fault.ErrNotFound
	}
	g.job, err = g.queue.Get(ctx, g.id)
	return err
}

// show passes jobs in a known state.
func show(_ context.Context, g *getting) error {
	g.status = http.StatusOK
	if g.job.Status == jobs.Pending {
		g.shown = jobs.ShownPending(g.Config, g.job)
		return nil
	}
	end, err := g.queue.Ended(g.job)
	if err != nil {
		return err
	}
	code := int(g.job.StatusCode)
	g.shown = api.Job{StatusCode: &code, Eta: envelope.Milli(g.job.ETA)}
	switch status := g.job.Status; {
	case status == jobs.Processed && code == http.StatusOK && len(end.Links) > 0:
		g.shown.Status, g.shown.Links = api.JobStatusProcessed, &end.Links
		g.status = http.StatusSeeOther
	case status == jobs.Processed && code == http.StatusOK && end.ResponseData != nil:
		g.shown.Status, g.shown.ResponseData = api.JobStatusProcessed, end.ResponseData
	case status == jobs.Failed && slices.Contains(failures, code) && end.Error != nil:
		g.shown.Status, g.shown.Error = api.JobStatusFailed, end.Error
	case status == jobs.FailedWithError && code == http.StatusInternalServerError && end.Error != nil:
		g.shown.Status, g.shown.Error = api.JobStatusFailedWithError, end.Error
	default:
		return operation.Explained(fault.NewFact("state of the job", "pending, processed or failed, with its result", fmt.Sprintf("%d, %d", g.job.Status, code)), "status_code", code)
	}
	return nil
}

var (
	idPattern = regexp.MustCompile(`^[0-9a-f]{24}$`)
	// failures are the codes that a failed job may have.
	failures = []int{
		http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity,
		http.StatusTooManyRequests, http.StatusInternalServerError,
	}
)
