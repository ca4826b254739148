package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// GetJob serves GET /api/jobs/{id}.
func (a *API) GetJob(ctx context.Context, req api.GetJobRequestObject) (api.GetJobResponseObject, error) {
	status, job, err := a.get(ctx, req.ID)
	if err != nil {
		return nil, err
	}
	response := api.JobResponse{Meta: envelope.Meta(ctx, status), Data: job}
	if status == http.StatusSeeOther {
		return api.GetJob303JSONResponse(response), nil
	}
	return api.GetJob200JSONResponse(response), nil
}

// get returns a job and the status that it is shown with . Anybody with the scope may see any job. In this order:
//
//	job.get.not_found         the job exists
//	job.get.not_implemented   it is in a known state
func (a *API) get(ctx context.Context, id string) (status int, shown api.Job, err error) {
	if !idPattern.MatchString(id) {
		return 0, shown, fault.Refuse(rules.JobGetNotFound)
	}
	job, err := a.Queue.Get(ctx, id)
	if errors.Is(err, fault.ErrNotFound) {
		return 0, shown, fault.Refuse(rules.JobGetNotFound)
	}
	if err != nil {
		return 0, shown, err
	}
	if job.Status == Pending {
		return http.StatusOK, shownPending(job), nil
	}
	end, err := a.Queue.answer(job)
	if err != nil {
		return 0, shown, err
	}
	code := int(job.StatusCode)
	shown = api.Job{StatusCode: &code, Eta: envelope.Milli(job.ETA)}
	switch {
	case job.Status == Processed && code == http.StatusOK && len(end.Links) > 0:
		shown.Status, shown.Links = api.JobStatusProcessed, &end.Links
		return http.StatusSeeOther, shown, nil
	case job.Status == Processed && code == http.StatusOK && end.ResponseData != nil:
		shown.Status, shown.ResponseData = api.JobStatusProcessed, end.ResponseData
	case job.Status == Failed && slices.Contains(failures, code) && end.Error != nil:
		shown.Status, shown.Error = api.JobStatusFailed, end.Error
	case job.Status == FailedWithError && code == http.StatusInternalServerError && end.Error != nil:
		shown.Status, shown.Error = api.JobStatusFailedWithError, end.Error
	default:
		return 0, shown, fault.Refuse(rules.JobGetNotImplemented, "status_code", code)
	}
	return http.StatusOK, shown, nil
}

var (
	idPattern = regexp.MustCompile(`^[0-9a-f]{24}$`)
	// failures are the codes that a failed job may have.
	failures = []int{
		http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity,
		http.StatusTooManyRequests, http.StatusInternalServerError,
	}
)

// ended is the response of a finished job, in the shape in which it is shown.
type ended struct {
	Links        []api.JobLink   `json:"links"`
	ResponseData json.RawMessage `json:"response_data"`
	Error        *api.Error      `json:"error"`
}

func (q *Queue) answer(job *Job) (*ended, error) {
	if len(job.response) == 0 {
		return new(ended), nil
	}
	raw, err := q.Keys.Open(purposeResponse, job.response)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", job.ID, err)
	}
	e := new(ended)
	if err := json.Unmarshal(raw, e); err != nil {
		return nil, fmt.Errorf("decode response of job %s: %w", job.ID, err)
	}
	return e, nil
}

func shownPending(job *Job) api.Job {
	return api.Job{
		Status: api.JobStatusPending, Eta: envelope.Milli(job.ETA),
		Links: &[]api.JobLink{{Entity: "job", Href: "/api/jobs/" + job.ID}},
	}
}
