package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"esoz/gen/api"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
)

// Accepted returns the 202 answer of an operation that the job carries out.
func Accepted(ctx context.Context, cfg *config.Config, job *Job) api.JobResponse {
	return api.JobResponse{Meta: envelope.Meta(ctx, http.StatusAccepted), Data: ShownPending(cfg, job)}
}

// ShownPending returns the answer for a pending job.
func ShownPending(cfg *config.Config, job *Job) api.Job {
	href := "/api/jobs/" + job.ID
	if cfg.ReadsLive(cfg.JobLinks) {
		href = "/jobs/" + job.ID
	}
	return api.Job{
		Status: api.JobStatusPending, Eta: envelope.Milli(job.ETA),
		Links: &[]api.JobLink{{Entity: "job", Href: href}},
	}
}

// Ended is the response of a finished job in the form of answers.
type Ended struct {
	Links        []api.JobLink   `json:"links"`
	ResponseData json.RawMessage `json:"response_data"`
	Error        *api.Error      `json:"error"`
}

// Ended returns the response of a finished job.
func (q *Queue) Ended(job *Job) (*Ended, error) {
	e := new(Ended)
	if len(job.response) == 0 {
		return e, nil
	}
	raw, err := q.Keys.Open(purposeResponse, job.response)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", job.ID, err)
	}
	if err := json.Unmarshal(raw, e); err != nil {
		return nil, fmt.Errorf("decode response of job %s: %w", job.ID, err)
	}
	return e, nil
}
