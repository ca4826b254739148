package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/sosodev/duration"

	"esoz/internal/platform/clock"
	"esoz/internal/platform/jobs"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/sms"
)

// Dials make one world behave as a client seldom meets it. They are forgotten with the process.
type Dials struct {
	machine *clock.Clock // delays follow it

	// What a token of the world is, and how it ends. The handler knows.
	seeded   func(token uuid.UUID) bool
	endToken func(ctx context.Context, token uuid.UUID) error

	mu       sync.Mutex // guards what follows
	set      dialed
	requests int                // since strict was set
	failures []failure          // of jobs to come
	failing  map[string]bool    // ids of jobs that fail
	fates    map[uuid.UUID]fate // of messages, by id
}

// dialed is how dials are set.
type dialed struct {
	Jobs   jobsDialed     `json:"jobs"`
	SMS    smsDialed      `json:"sms"`
	Codes  map[string]int `json:"codes"` // by phone
	Strict *strictDialed  `json:"strict"`
}

type jobsDialed struct {
	Held  bool  `json:"held"`
	Delay delay `json:"delay"`
}

type smsDialed struct {
	Delay    delay  `json:"delay"`
	LoseNext int    `json:"lose_next"`
	Provider string `json:"provider"`
}

// States of the provider.
const (
	providerUp   = "up"
	providerDown = "down"
)

// delay is written as an ISO 8601 duration.
type delay time.Duration

// MarshalJSON implements json.Marshaler.
func (d delay) MarshalJSON() ([]byte, error) {
	text := "PT0S"
	if d > 0 {
		text = duration.Format(time.Duration(d))
	}
	return json.Marshal(text) //nolint:wrapcheck // a text
}

// NewDials returns dials at rest, for the app.Options of a server and for its handler.
func NewDials() *Dials {
	d := &Dials{machine: clock.New()}
	d.reset()
	return d
}

// reset forgets everything, messages included.
func (d *Dials) reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.putBack()
	d.fates = map[uuid.UUID]fate{}
}

// putBack sets the dials as at the start. The caller holds mu.
func (d *Dials) putBack() {
	d.set = dialed{SMS: smsDialed{Provider: providerUp}, Codes: map[string]int{}}
	d.requests, d.failures, d.failing = 0, nil, map[string]bool{}
}

// shown returns a copy of how the dials are set.
func (d *Dials) shown() dialed {
	d.mu.Lock()
	defer d.mu.Unlock()
	shown := d.set
	shown.Codes = maps.Clone(d.set.Codes)
	return shown
}

// fixedCode returns the code that a phone always gets, or 0.
func (d *Dials) fixedCode(phone string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.set.Codes[phone]
}

// sentDials are those to turn. What is not sent stays as it is.
type sentDials struct {
	Jobs *struct {
		Held  *bool   `json:"held"`
		Delay *string `json:"delay"`
	} `json:"jobs"`
	SMS *struct {
		Delay    *string `json:"delay"`
		LoseNext *int    `json:"lose_next"`
		Provider *string `json:"provider"`
	} `json:"sms"`
	Codes  map[string]*int `json:"codes"`
	Strict json.RawMessage `json:"strict"`
}

// Bounds of dials.
const (
	maxDelay = 24 * time.Hour
	maxTimes = 1000
)

// turn sets the dials that were sent, all or none. length is that of codes.
func (d *Dials) turn(sent sentDials, length int) (dialed, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	next := d.set
	next.Codes = maps.Clone(d.set.Codes)
	err := errors.Join(sent.turnJobs(&next.Jobs), sent.turnSMS(&next.SMS), sent.turnCodes(next.Codes, length), sent.turnStrict(&next.Strict))
	if err != nil {
		return dialed{}, err
	}
	d.set = next
	if sent.Strict != nil {
		d.requests = 0
	}
	next.Codes = maps.Clone(next.Codes)
	return next, nil
}

func (s sentDials) turnJobs(to *jobsDialed) error {
	if s.Jobs == nil {
		return nil
	}
	if s.Jobs.Held != nil {
		to.Held = *s.Jobs.Held
	}
	return turnDelay("jobs.delay", s.Jobs.Delay, &to.Delay)
}

func (s sentDials) turnSMS(to *smsDialed) error {
	if s.SMS == nil {
		return nil
	}
	errs := []error{turnDelay("sms.delay", s.SMS.Delay, &to.Delay)}
	if n := s.SMS.LoseNext; n != nil {
		if to.LoseNext = *n; *n < 0 || *n > maxTimes {
			errs = append(errs, fmt.Errorf("sms.lose_next: %d is not a number of messages from 0 to %d", *n, maxTimes))
		}
	}
	if p := s.SMS.Provider; p != nil {
		if to.Provider = *p; *p != providerUp && *p != providerDown {
			errs = append(errs, fmt.Errorf("sms.provider: %q is neither %s nor %s", *p, providerUp, providerDown))
		}
	}
	return errors.Join(errs...)
}

func (s sentDials) turnCodes(to map[string]int, length int) error {
	var errs []error
	for _, phone := range slices.Sorted(maps.Keys(s.Codes)) {
		code := s.Codes[phone]
		switch {
		case !otp.IsPhone(phone):
			errs = append(errs, fmt.Errorf("codes: %q is no phone such as +380931234574", phone))
		case code == nil:
			delete(to, phone)
		case !otp.IsCode(*code, length):
			errs = append(errs, fmt.Errorf("codes: %d for %s is no code that the server would send: want %d digits, without 0 before the last, "+
				"and the last the check digit, such as %d", *code, phone, length, otp.Example(length)))
		default:
			to[phone] = *code
		}
	}
	return errors.Join(errs...)
}

func turnDelay(name string, text *string, to *delay) error {
	if text == nil {
		return nil
	}
	parsed, err := duration.Parse(*text)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %q is not an ISO 8601 duration such as PT5S", name, *text)
	case parsed.Years != 0 || parsed.Months != 0 || parsed.ToTimeDuration() < 0 || parsed.ToTimeDuration() > maxDelay:
		return fmt.Errorf("%s: %q is not between PT0S and PT24H", name, *text)
	}
	*to = delay(parsed.ToTimeDuration())
	return nil
}

func (h *Handler) getDials(w http.ResponseWriter, _ *http.Request) {
	h.write(w, http.StatusOK, h.dials.shown())
}

func (h *Handler) setDials(w http.ResponseWriter, r *http.Request) {
	var sent sentDials
	if err := decode(w, r, &sent); err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	if sent.Strict != nil && !bytes.Equal(sent.Strict, []byte("null")) {
		if _, err := answers(); err != nil { // read now: a request is not to wait for it
			h.failed(r.Context(), w, err)
			return
		}
	}
	h.changing.RLock()
	defer h.changing.RUnlock()
	if sent.SMS != nil {
		if _, err := h.readSMS(r.Context(), "", time.Time{}); err != nil { // messages that are there have the fate of the old dials
			h.failed(r.Context(), w, err)
			return
		}
	}
	set, err := h.dials.turn(sent, h.config.Get().OTPCodeLength)
	if err != nil {
		h.refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	if err := h.wake(r.Context()); err != nil {
		h.failed(r.Context(), w, err)
		return
	}
	h.write(w, http.StatusOK, set)
}

// wake lets the background see how the dials are set now.
func (h *Handler) wake(ctx context.Context) error {
	h.changed()
	return errors.Join(h.app.Jobs.Wake(ctx, jobs.Args{}.Kind()), h.app.Jobs.Wake(ctx, sms.Args{}.Kind()))
}

func (h *Handler) unsetDials(w http.ResponseWriter, r *http.Request) {
	h.changing.RLock()
	defer h.changing.RUnlock()
	h.dials.mu.Lock()
	h.dials.putBack()
	h.dials.arrive()
	h.dials.mu.Unlock()
	if err := h.wake(r.Context()); err != nil {
		h.failed(r.Context(), w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (h *Handler) failed(ctx context.Context, w http.ResponseWriter, err error) {
	h.logger.ErrorContext(ctx, "a dial failed", "error", err)
	h.refuse(w, http.StatusInternalServerError, errors.New("the databases failed; see the log"))
}
