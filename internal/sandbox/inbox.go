package sandbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
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
	OTP    *otpState `json:"otp,omitempty"` // of a message that brought a code
}

// otpState is what has become of a code.
type otpState struct {
	Status    string    `json:"status"`
	ExpiresAt time.Time `json:"expires_at"`
	Tries     int32     `json:"tries"`
	TriesLeft int32     `json:"tries_left"`
	Phone     bool      `json:"of_phone"` // verifies the phone and nothing else: PATCH /api/verifications/{phone}/actions/complete takes it
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
		case <-h.ending:
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
	codes, err := h.codes(ctx, slices.Collect(maps.Keys(here)))
	if err != nil {
		return nil, err
	}
	messages := []message{}
	for _, m := range received {
		if !here[m.ID] {
			continue
		}
		if !m.At.After(after) {
			continue
		}
		shown := message{ID: m.ID.String(), Phone: m.Phone, Text: m.Text, Code: trailingCode.FindString(m.Text), Type: m.Type, At: m.At, OTP: codes[m.ID]}
		if m.GatewayStatus != nil {
			shown.Status = *m.GatewayStatus
		}
		messages = append(messages, shown)
	}
	return messages, nil
}

// codes tells of messages what has become of the codes that they brought.
func (h *Handler) codes(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*otpState, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := db.New().ListCodesOfSMS(ctx, h.app.Pool, ids)
	if err != nil {
		return nil, fmt.Errorf("look up codes: %w", postgres.Error(err))
	}
	codes := make(map[uuid.UUID]*otpState, len(rows))
	most := int32(h.config.Get().MaxAttempts) //nolint:gosec // a setting
	for _, row := range rows {
		codes[row.ID] = &otpState{
			Status: row.Status, ExpiresAt: row.CodeExpiredAt.UTC(), Tries: row.AttemptsCount, TriesLeft: max(0, most-row.AttemptsCount), Phone: row.ResourceID == nil,
		}
	}
	return codes, nil
}
