package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"esoz/internal/sandbox/world"
)

// How a job is asked for until it has ended.
const (
	jobPause = 20 * time.Millisecond
	jobWait  = 30 * time.Second
)

// follow waits for the end of the job that an answer links to, and judges it.
func (r *runner) follow(ctx context.Context, accepted *answer, result *Result) ([]string, error) {
	var started struct {
		Data struct {
			Links []struct {
				Href string `json:"href"`
			} `json:"links"`
		} `json:"data"`
	}
	if err := json.Unmarshal(accepted.body, &started); err != nil || len(started.Data.Links) == 0 {
		return []string{"data.links: want a link to the job, got none"}, nil //nolint:nilerr // a miss
	}
	request := world.Request{Method: http.MethodGet, Path: started.Data.Links[0].Href, Headers: map[string]string{}}
	for _, name := range []string{"Authorization", "API-key", "X-Custom-PSK"} {
		if value, ok := result.Request.Headers[name]; ok {
			request.Headers[name] = value
		}
	}
	timeout := time.After(jobWait)
	for {
		a, err := r.server.send(ctx, r.secrets.dress(request))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoAnswer, reason(err))
		}
		if misses := a.told(request, r.contract); len(misses) > 0 {
			return misses, nil
		}
		if end := a.end(); end != nil {
			c := result.Case
			c.Expect, c.Job = *result.Job, nil
			return end.judgeEnd(c), nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timeout:
			return []string{fmt.Sprintf("job: want its end within %s, got pending", jobWait)}, nil
		case <-time.After(jobPause):
		}
	}
}

// told tells in what an answer about a job is none of the contract's.
func (a *answer) told(request world.Request, contract *Document) []string {
	if a.notJSON() || a.status >= http.StatusBadRequest {
		return []string{fmt.Sprintf("job: want its state, got %d with %s", a.status, a.contentType())}
	}
	if err := contract.Check(request.Method, request.Path, a.status, a.header, a.body); err != nil {
		return []string{"job: contract: " + err.Error()}
	}
	return nil
}

// end is the end of a job as an answer, nil while it is pending.
func (a *answer) end() *answer {
	var told struct {
		Data struct {
			Status     string          `json:"status"`
			StatusCode int             `json:"status_code"`
			Error      json.RawMessage `json:"error"`
		} `json:"data"`
	}
	if json.Unmarshal(a.body, &told) != nil || told.Data.Status == "pending" {
		return nil
	}
	end := &answer{status: a.status, header: http.Header{}}
	if len(told.Data.Error) > 0 {
		end.status = told.Data.StatusCode
		end.decoding = json.Unmarshal(told.Data.Error, &end.envelope.Error)
	}
	return end
}
