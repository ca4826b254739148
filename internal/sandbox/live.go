package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"esoz/internal/platform/clock"
	"esoz/internal/sandbox/traffic"
)

const (
	livePath = "/_sandbox/live"
	// lookEvery is how often the databases are asked for what no request tells, such as a message that was late.
	lookEvery = time.Second
	// lookLess is the least time between two such questions, however much happens.
	lookLess = 200 * time.Millisecond
	// sendTimeout bounds how long a client may take to read what it was sent.
	sendTimeout = 10 * time.Second
)

// stream sends server-sent events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	machine *clock.Clock
}

// send sends an event with a value as JSON.
func (s *stream) send(event string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s: %w", event, err)
	}
	if err := s.control.SetWriteDeadline(s.machine.Now().Add(sendTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("let the stream go on: %w", err)
	}
	if _, err := fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", event, raw); err != nil {
		return fmt.Errorf("send %s: %w", event, err)
	}
	return s.control.Flush() //nolint:wrapcheck // a client that went away
}

// live tells what happens as it happens, until the client or the server goes away.
func (h *Handler) live(w http.ResponseWriter, r *http.Request) {
	s := &stream{w: w, control: http.NewResponseController(w), machine: h.dials.machine}
	_ = s.control.SetReadDeadline(time.Time{}) // the server's is for requests that end
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would keep it back
	if err := h.tell(r.Context(), s); err != nil {
		h.logger.Debug("a stream has ended", "error", err)
	}
}

func (h *Handler) tell(ctx context.Context, s *stream) error {
	log := h.traffic.Log
	news, stop := log.Watch()
	defer stop()
	seen := log.Seen()
	known, err := h.look(ctx)
	if err != nil {
		return err
	}
	if err := s.send("hello", map[string]any{"now": h.clock.Now(), "record": !log.IsOff(), "last": h.traffic.Latest()}); err != nil {
		return err
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var pause <-chan time.Time // set: the databases are asked when it is over
	for {
		look := false
		select {
		case <-ctx.Done():
			return nil
		case <-h.closing:
			return nil
		case <-h.ending:
			return nil
		case <-pause:
			pause, look = nil, true
		case <-ticker.C:
			look = pause == nil
		case <-news:
			var requests []traffic.Summary
			var notices []string
			requests, notices, seen = log.News(seen)
			for _, request := range requests {
				if err := s.send("request", request); err != nil {
					return err
				}
			}
			if slices.Contains(notices, traffic.NoticeReset) { // what the new world is seeded with has not happened
				if known, err = h.look(ctx); err != nil {
					return err
				}
			}
			slices.Sort(notices)
			for _, notice := range slices.Compact(notices) {
				if notice == traffic.NoticeWorked {
					continue // what it did is found below
				}
				if err := s.send(notice, map[string]any{"now": h.clock.Now()}); err != nil {
					return err
				}
			}
			if pause == nil {
				pause = time.After(lookLess)
			}
		}
		if look {
			now, err := h.look(ctx)
			if err != nil {
				return err
			}
			if err := now.tellNew(s, known); err != nil {
				return err
			}
			known = now
		}
	}
}

// seenThings are what the databases hold that a stream tells of, by what would change when they do.
type seenThings map[string]thing

type thing struct {
	event string
	order int
	value any
}

func (h *Handler) look(ctx context.Context) (seenThings, error) {
	h.changing.RLock()
	defer h.changing.RUnlock()
	messages, errSMS := h.readSMS(ctx, "", time.Time{})
	jobs, errJobs := h.newestJobs(ctx)
	events, errEvents := h.newestEvents(ctx)
	if err := errors.Join(errSMS, errJobs, errEvents); err != nil {
		return nil, err
	}
	seen := seenThings{}
	for i, m := range messages {
		state := m.Status
		if m.OTP != nil {
			state += fmt.Sprint(" ", m.OTP.Status, m.OTP.Tries)
		}
		seen["sms "+m.ID+state] = thing{"sms", -i, m}
	}
	for i, j := range jobs {
		seen["job "+j.ID+j.Status] = thing{"job", -i, j}
	}
	for i, e := range events {
		seen["event "+e.ID.String()] = thing{"event", -i, e}
	}
	return seen, nil
}

// tellNew sends what another look has not seen, oldest first.
func (t seenThings) tellNew(s *stream, before seenThings) error {
	fresh := maps.Clone(t)
	for key := range before {
		delete(fresh, key)
	}
	keys := slices.SortedFunc(maps.Keys(fresh), func(a, b string) int { return fresh[a].order - fresh[b].order })
	for _, key := range keys {
		if err := s.send(fresh[key].event, fresh[key].value); err != nil {
			return err
		}
	}
	return nil
}
