package traffic

import (
	"net/http"
	"time"
)

// soon is the time in which a request that is sent again counts as a repeated one.
const soon = 10 * time.Second

// Repeats counts requests that were sent again without need. Requests are the
// same when method, path, query, body, Content-Type and all that says who asks
// are. Sent again means after the answer: parallel requests do not count.
//
// A 5xx may be repeated, and a 429 or a 503 once its Retry-After is over.
// Nothing counts across a reset, a new setting or a moved clock of the sandbox.
type Repeats struct {
	// AfterSuccess: within ten seconds of a 2xx or 3xx that was no answer to a
	// GET, which may be asked again at any time.
	AfterSuccess int `json:"after_success"`
	// AfterRefusal: within ten seconds of a 4xx, but no 429, while no request
	// and no job had changed anything in between.
	AfterRefusal int `json:"after_refusal"`
	// TooEarly: before the time that Retry-After asked to wait for was over.
	TooEarly int `json:"too_early"`
}

// Total is their sum.
func (r Repeats) Total() int { return r.AfterSuccess + r.AfterRefusal + r.TooEarly }

// repeats tells what a request repeats without need.
func (r *Recorder) repeats(k kept) (found Repeats) {
	n, ok := r.byPrint[k.sent.print]
	if !ok {
		return found
	}
	earlier := r.kept[n]
	if k.sent.at.Before(earlier.answered) {
		return found
	}
	status := earlier.exchange.Status
	near := k.sent.at.Sub(earlier.answered) <= soon && k.sent.changes == earlier.changes
	switch {
	case status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		if k.sent.at.Before(earlier.until) {
			found.TooEarly = 1
		}
	case status >= http.StatusBadRequest:
		if near {
			found.AfterRefusal = 1
		}
	case earlier.exchange.Method != http.MethodGet && near:
		found.AfterSuccess = 1
	}
	return found
}

func (r *Repeats) add(more Repeats) {
	r.AfterSuccess += more.AfterSuccess
	r.AfterRefusal += more.AfterRefusal
	r.TooEarly += more.TooEarly
}
