package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/httpapi"
	"esoz/internal/sandbox/traffic"
)

// secrets are what the log of requests may show: the world's are public.
func (h *Handler) secrets() traffic.Secrets {
	known := map[string]bool{}
	for _, token := range h.world.Tokens {
		known[token.Value] = true
	}
	for _, key := range h.world.Keys {
		known[key.Value] = true
	}
	return traffic.Secrets{Known: known}
}

// longestTest bounds the name of a test.
const longestTest = 200

// record keeps a request that was just answered. target is how it was called, before the server has tidied it up.
func (h *Handler) record(w *httpapi.Held, r *http.Request, target string, raw []byte, whole bool) {
	if h.traffic.Log.IsOff() {
		return
	}
	e, ok := h.traffic.Entry(traffic.NumberOf(r))
	if !ok {
		return
	}
	size := len(raw)
	if !whole {
		size = max(size, int(r.ContentLength))
	}
	path, _, _ := strings.Cut(target, "?")
	e.Method, e.Path = r.Method, h.known.Target(target)
	e.RequestID = w.Header().Get("X-Request-ID")
	test := []rune(r.Header.Get("X-Sandbox-Test"))
	e.Test = string(test[:min(len(test), longestTest)])
	e.Request, e.Answer = h.known.Message(path, r.Header, raw, size), h.known.Message(path, w.Header(), w.Body(), len(w.Body()))
	h.traffic.Log.Add(e)
}

// listed is the answer about requests.
type listed struct {
	Requests []traffic.Summary `json:"requests"`
	Lines    []traffic.Line    `json:"lines"`
	Fitting  int               `json:"fitting"`
	Record   bool              `json:"record"`
}

const usualRequests = 100

func (h *Handler) listRequests(w http.ResponseWriter, r *http.Request) {
	filter, err := filterOf(r)
	if err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	answer := listed{Record: !h.traffic.Log.IsOff()}
	answer.Requests, answer.Lines, answer.Fitting = h.traffic.Log.List(filter)
	h.write(w, http.StatusOK, answer)
}

var statusClass = regexp.MustCompile(`^[1-5]xx$`)

func filterOf(r *http.Request) (traffic.Filter, error) {
	query := r.URL.Query()
	f := traffic.Filter{Operation: query.Get("operation"), Rule: rules.ID(query.Get("rule")), Test: query.Get("test"), Limit: usualRequests}
	var errs []error
	switch status := query.Get("status"); {
	case statusClass.MatchString(status):
		f.Low = int(status[0]-'0') * 100
		f.High = f.Low + 99
	case status != "":
		code, err := strconv.Atoi(status)
		if err != nil || code < 100 || code > 599 {
			errs = append(errs, fmt.Errorf("status: %q is neither a status such as 422 nor a class such as 4xx", status))
		}
		f.Low, f.High = code, code
	}
	if since := query.Get("since"); since != "" {
		number, errNumber := strconv.Atoi(since)
		moment, errMoment := time.Parse(time.RFC3339, since)
		if errNumber != nil && errMoment != nil {
			errs = append(errs, fmt.Errorf("since: %q is neither the number of a request nor a moment such as 2026-03-25T10:45:16Z", since))
		}
		f.After, f.Since = number, moment
	}
	if limit := query.Get("limit"); limit != "" {
		var err error
		if f.Limit, err = strconv.Atoi(limit); err != nil || f.Limit < 1 || f.Limit > traffic.Kept {
			errs = append(errs, fmt.Errorf("limit: %q is not a number from 1 to %d", limit, traffic.Kept))
		}
	}
	return f, errors.Join(errs...)
}

func (h *Handler) clearRequests(w http.ResponseWriter, _ *http.Request) {
	h.traffic.Log.Clear()
	w.WriteHeader(http.StatusNoContent)
}

// opened is a request with all that is known of it.
type opened struct {
	*traffic.Entry
	Explanation *traffic.Explanation `json:"explanation,omitempty"` // absent: it is forgotten
	Caused      caused               `json:"caused"`
}

// caused is what a request has set going.
type caused struct {
	Jobs   []shownJob   `json:"jobs"`
	SMS    []message    `json:"sms"`
	Events []shownEvent `json:"events"`
}

func (h *Handler) getRequest(w http.ResponseWriter, r *http.Request) {
	name, number := r.PathValue("number"), 0
	if name != traffic.Last {
		var err error
		if number, err = strconv.Atoi(name); err != nil || number < 1 {
			h.refuse(w, http.StatusBadRequest, fmt.Errorf("%q is neither the number of a request nor %s", name, traffic.Last))
			return
		}
	}
	e, ok := h.traffic.Log.Find(number)
	if !ok {
		why := fmt.Errorf("no request %s is kept: there was none, or it is forgotten (the last %d are kept, up to 64 MB)", name, traffic.Kept)
		if h.traffic.Log.IsOff() {
			why = errors.New("requests are not kept: the sandbox was started with --record=off")
		}
		h.refuse(w, http.StatusNotFound, why)
		return
	}
	answer := opened{Entry: e, Caused: caused{Jobs: []shownJob{}, SMS: []message{}, Events: []shownEvent{}}}
	if x, ok := h.traffic.ExplainNumber(e.Number); ok {
		x.Advise(h.currentWorld(), h.config.Get().PublicBaseURL)
		answer.Explanation = x
	}
	if e.Method != http.MethodGet && !h.traffic.Log.Crossed(e.Number) {
		var err error
		if answer.Caused, err = h.causedBy(r.Context(), e); err != nil {
			h.failed(r.Context(), w, err)
			return
		}
	}
	h.write(w, http.StatusOK, answer)
}

var jobInAnswer = regexp.MustCompile(`/jobs/([0-9a-f]{24})\b`)

// causedBy finds what a request has set going: jobs by its id, and what was written while it or one of them was carried out.
// Of requests that ran at the same time it may find the others' messages, too: nothing ties a message to its request.
func (h *Handler) causedBy(ctx context.Context, e *traffic.Entry) (c caused, err error) {
	h.changing.RLock()
	defer h.changing.RUnlock()
	c = caused{Jobs: []shownJob{}, SMS: []message{}, Events: []shownEvent{}}
	jobs, errJobs := h.newestJobs(ctx)
	messages, errSMS := h.readSMS(ctx, "", time.Time{})
	events, errEvents := h.newestEvents(ctx)
	if err := errors.Join(errJobs, errSMS, errEvents); err != nil {
		return c, err
	}
	named := ""
	if found := jobInAnswer.FindStringSubmatch(e.Answer.Body); found != nil {
		named = found[1]
	}
	spans := []span{{e.Arrived, e.At}}
	for _, job := range jobs {
		if job.ID != named && (e.RequestID == "" || job.RequestID != e.RequestID) {
			continue
		}
		c.Jobs = append(c.Jobs, job)
		if job.EndedAt != nil && job.RequestID == e.RequestID {
			spans = append(spans, span{*job.StartedAt, *job.EndedAt})
		}
	}
	within := func(at time.Time) bool {
		return slices.ContainsFunc(spans, func(s span) bool { return s.has(at) })
	}
	for _, m := range messages {
		if within(m.At) {
			c.SMS = append(c.SMS, m)
		}
	}
	for _, event := range events {
		if within(event.WrittenAt) {
			c.Events = append(c.Events, event)
		}
	}
	return c, nil
}

type span struct{ from, to time.Time }

// has tells whether a moment that a database has rounded lies within.
func (s span) has(at time.Time) bool {
	return !at.Before(s.from.Truncate(time.Millisecond)) && !at.After(s.to.Add(time.Millisecond))
}
