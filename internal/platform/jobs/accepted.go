package jobs

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/internal/platform/envelope"
)

// Accepted is the 202 answer of an operation that job will carry out.
func Accepted(ctx context.Context, job *Job) api.JobResponse {
	return api.JobResponse{Meta: envelope.Meta(ctx, http.StatusAccepted), Data: shownPending(job)}
}
