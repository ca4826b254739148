package sandbox

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/internal/platform/sms"
)

// message is an SMS as the inbox shows it.
type message struct {
	ID     string    `json:"id"`
	Phone  string    `json:"phone"`
	Text   string    `json:"text"`
	Code   string    `json:"code,omitempty"`
	Type   string    `json:"type"`
	Status string    `json:"status,omitempty"`
	At     time.Time `json:"at"`
}

const (
	maxMessages = 100
	maxWait     = time.Minute
	pollEvery   = 50 * time.Millisecond
)

func (h *Handler) listSMS(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	phone := query.Get("phone")
	if strings.HasPrefix(phone, " ") { // an unescaped + in a URL is a blank
		phone = "+" + phone[1:]
	}
	var after time.Time
	var wait time.Duration
	var errAfter, errWait error
	if text := query.Get("after"); text != "" {
		after, errAfter = time.Parse(time.RFC3339, text)
	}
	if text := query.Get("wait"); text != "" {
		wait, errWait = time.ParseDuration(text)
	}
	if err := errors.Join(errAfter, errWait); err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	messages, err := h.awaitSMS(r.Context(), phone, after, min(wait, maxWait))
	if err != nil {
		h.logger.ErrorContext(r.Context(), "read inbox", "error", err)
		h.refuse(w, http.StatusInternalServerError, errors.New("the inbox could not be read; see the log"))
		return
	}
	h.write(w, http.StatusOK, messages)
}

// awaitSMS reads the inbox until there is a message or the wait is over.
func (h *Handler) awaitSMS(ctx context.Context, phone string, after time.Time, wait time.Duration) ([]message, error) {
	over := time.After(wait)
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		messages, err := h.readSMS(ctx, phone, after)
		if err != nil || len(messages) > 0 {
			return messages, err
		}
		select {
		case <-over:
			return messages, nil
		case <-h.closing:
			return messages, nil
		case <-ctx.Done():
			return messages, nil
		case <-ticker.C:
		}
	}
}

var trailingCode = regexp.MustCompile(`[0-9]{2,9}$`)

func (h *Handler) readSMS(ctx context.Context, phone string, after time.Time) ([]message, error) {
	received, err := sms.Inbox(ctx, h.app.Pool, h.app.Keys, phone, maxMessages)
	if err != nil {
		return nil, err
	}
	here := map[uuid.UUID]bool{}
	for _, m := range slices.Backward(received) { // dials count the oldest first
		here[m.ID] = h.dials.arrived(m)
	}
	messages := []message{}
	for _, m := range received {
		if !here[m.ID] {
			continue
		}
		if !m.At.After(after) {
			continue
		}
		shown := message{ID: m.ID.String(), Phone: m.Phone, Text: m.Text, Code: trailingCode.FindString(m.Text), Type: m.Type, At: m.At}
		if m.GatewayStatus != nil {
			shown.Status = *m.GatewayStatus
		}
		messages = append(messages, shown)
	}
	return messages, nil
}
