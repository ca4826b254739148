package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"time"
)

// How often a job is asked after: soon at first, later as the contract advises.
const (
	firstPoll = 250 * time.Millisecond
	lastPoll  = 2 * time.Second
)

// WaitOption changes how WaitJob waits.
type WaitOption func(*polling)

// polling is the waits between questions after a job.
type polling struct{ next, longest time.Duration }

// PollEvery asks after the job at a steady interval.
func PollEvery(interval time.Duration) WaitOption {
	return func(p *polling) { p.next, p.longest = interval, interval }
}

// WaitJob follows an operation that was answered with 202 until its job has
// ended, or ctx has. The job then has links to what was changed, or ResponseData.
// A job that has failed is an Error with the job's id and the status that the
// operation would have got.
//
// The eta of a job is no schedule: WaitJob does not look at it. Give ctx a deadline.
func WaitJob(ctx context.Context, c *ClientWithResponses, accepted *JobResponse, options ...WaitOption) (*Job, error) {
	if accepted == nil || len(accepted.Data.Links) == 0 {
		return nil, errors.New("wait for a job: the answer has no link to one; was it 202?")
	}
	return WaitJobAt(ctx, c, accepted.Data.Links[0].Href, options...)
}

// WaitJobAt does the same for the link of a job that was kept.
func WaitJobAt(ctx context.Context, c *ClientWithResponses, href string, options ...WaitOption) (*Job, error) {
	link, err := url.Parse(href)
	if err != nil {
		return nil, fmt.Errorf("wait for a job: %w", err)
	}
	id := path.Base(link.Path)
	polls := polling{next: firstPoll, longest: lastPoll}
	for _, option := range options {
		option(&polls)
	}
	for {
		answer, err := askJob(ctx, c, id)
		if err != nil {
			return nil, fmt.Errorf("wait for job %s: %w", id, err)
		}
		switch job := &answer.Data; job.Status {
		case JobStatusProcessed:
			return job, nil
		case JobStatusFailed, JobStatusFailedWithError:
			return nil, failureOf(id, answer)
		case JobStatusPending:
		default:
			return nil, fmt.Errorf("wait for job %s: its status is %q", id, job.Status)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for job %s: %w", id, context.Cause(ctx))
		case <-time.After(polls.next):
			polls.next = min(2*polls.next, polls.longest)
		}
	}
}

func askJob(ctx context.Context, c *ClientWithResponses, id string) (*JobResponse, error) {
	answer, err := c.GetJobWithResponse(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case answer.JSON200 != nil:
		return answer.JSON200, nil
	case answer.JSON303 != nil:
		return answer.JSON303, nil
	}
	return nil, fmt.Errorf("no answer of this API: %s", answer.Status())
}

func failureOf(id string, answer *JobResponse) *Error {
	e := &Error{
		Operation: "GET /api/jobs/{id}", JobID: id, StatusCode: http.StatusInternalServerError, RequestID: answer.Meta.RequestID,
	}
	if answer.Data.StatusCode != nil {
		e.StatusCode = *answer.Data.StatusCode
	}
	if refusal := answer.Data.Error; refusal != nil {
		e.Type, e.Message, e.Invalid = refusal.Type, refusal.Message, refusal.Invalid
	}
	return e
}
