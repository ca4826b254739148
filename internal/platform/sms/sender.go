package sms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"esoz/gen/db"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/tracing"
)

// Sender is the River worker that passes messages to the provider.
type Sender struct {
	river.WorkerDefaults[Args]
	Pool     *pgxpool.Pool
	Keys     *seal.Keys
	Clock    *clock.Clock
	Config   *config.Live
	Logger   *slog.Logger
	Provider Provider
	Count    func(result string) // called with the result of each try
}

// giveUpAfter is how long a message is tried (SMS_UPDATE_TIMEOUT_MINUTES of the
// OTP service). Codes rarely live longer.
const giveUpAfter = 30 * time.Minute

// maxTries bounds the tries that may have sent a message.
const maxTries = 2

// storeTimeout is what a try has for PostgreSQL, beside the provider's SMS_TIMEOUT.
const storeTimeout = 5 * time.Second

// Timeout is longer than the provider's, so that its answer can be stored.
func (s *Sender) Timeout(*river.Job[Args]) time.Duration {
	return s.Config.Get().SMSTimeout + storeTimeout
}

// NextRetry retries soon and often, because a late code is useless.
func (s *Sender) NextRetry(job *river.Job[Args]) time.Time {
	return job.AttemptedAt.Add(min(time.Duration(job.Attempt*job.Attempt)*time.Second, time.Minute))
}

// Work sends one message. River retries failures. The operation that caused the
// message has been answered already.
//
// A try is counted before the provider is called and taken back only when the
// provider did not take the message. So a try whose outcome is unknown counts, and
// after two such tries the message is not sent again.
func (s *Sender) Work(ctx context.Context, job *river.Job[Args]) error {
	id, now := job.Args.ID, s.Clock.Now()
	message, err := db.New().BeginSMSTry(ctx, s.Pool, db.BeginSMSTryParams{
		ID: id, MaxTries: maxTries, InsertedAfter: now.Add(-giveUpAfter), Now: now,
	})
	if err = postgres.Error(err); errors.Is(err, fault.ErrNotFound) {
		return s.end(ctx, id)
	}
	if err != nil {
		return fmt.Errorf("begin to send SMS %s: %w", id, err)
	}
	text, err := s.Keys.Open(sealPurpose, message.Body)
	if err != nil {
		return errors.Join(fmt.Errorf("open SMS %s: %w", id, err), s.undo(ctx, id))
	}
	gatewayID, status, err := s.send(ctx, id, message.PhoneNumber, string(text))
	switch {
	case errors.Is(err, ErrNotTaken):
		err = errors.Join(err, s.undo(ctx, id))
	case err != nil && message.Tries >= maxTries:
		s.Logger.WarnContext(ctx, "it is not known whether an SMS was sent", "sms_id", id, "provider", s.Provider.Name(), "error", err)
		return s.end(ctx, id)
	}
	if err != nil {
		return fmt.Errorf("send SMS %s by %s: %w", id, s.Provider.Name(), err)
	}
	err = db.New().SetSMSStatus(ctx, s.Pool, db.SetSMSStatusParams{
		ID: id, Provider: s.Provider.Name(), GatewayID: gatewayID, GatewayStatus: status, StatusChangedAt: s.Clock.Now(),
	})
	if err != nil {
		return fmt.Errorf("store state of SMS %s: %w", id, postgres.Error(err))
	}
	return nil
}

func (s *Sender) send(ctx context.Context, id uuid.UUID, phone, text string) (gatewayID, status string, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.Config.Get().SMSTimeout)
	defer cancel()
	ctx, end := tracing.Call(ctx, "SMS provider "+s.Provider.Name())
	gatewayID, status, err = s.Provider.Send(ctx, id, phone, text)
	end(err)
	switch {
	case err == nil:
		s.Count("accepted")
	case errors.Is(err, ErrNotTaken):
		s.Count("refused")
	default:
		s.Count("unclear")
	}
	return gatewayID, status, err
}

func (s *Sender) undo(ctx context.Context, id uuid.UUID) error {
	if err := db.New().UndoSMSTry(ctx, s.Pool, id); err != nil {
		return fmt.Errorf("take back a try: %w", postgres.Error(err))
	}
	return nil
}

// end ends a message that must not be sent any more, unless it has ended.
func (s *Sender) end(ctx context.Context, id uuid.UUID) error {
	status, err := db.New().EndSMS(ctx, s.Pool, db.EndSMSParams{ID: id, Provider: s.Provider.Name(), StatusChangedAt: s.Clock.Now()})
	if err = postgres.Error(err); errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("end SMS %s: %w", id, err)
	}
	s.Count(strings.ToLower(status))
	return nil
}
