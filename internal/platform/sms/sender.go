package sms

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"esoz/gen/db"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
)

// Sender is the River worker that passes messages to the provider.
type Sender struct {
	river.WorkerDefaults[Args]
	Pool     *pgxpool.Pool
	Keys     *seal.Keys
	Clock    *clock.Clock
	Provider Provider
}

// giveUpAfter is how long a message is tried (SMS_UPDATE_TIMEOUT_MINUTES of the
// OTP service). Codes rarely live longer.
const giveUpAfter = 30 * time.Minute

// terminated is the state of a message that is not tried any more.
const terminated = "Terminated"

// NextRetry retries soon and often, because a late code is useless.
func (s *Sender) NextRetry(job *river.Job[Args]) time.Time {
	return job.AttemptedAt.Add(min(time.Duration(job.Attempt)*5*time.Second, time.Minute))
}

// Work sends one message. River retries failures. The operation that caused the
// message has been answered already.
func (s *Sender) Work(ctx context.Context, job *river.Job[Args]) error {
	entry, err := db.New().GetSMSLog(ctx, s.Pool, job.Args.ID)
	if err = postgres.Error(err); errors.Is(err, fault.ErrNotFound) {
		return river.JobCancel(fmt.Errorf("SMS %s is gone", job.Args.ID))
	}
	if err != nil {
		return fmt.Errorf("load SMS %s: %w", job.Args.ID, err)
	}
	if entry.GatewayStatus != nil {
		return nil // an earlier try sent it and crashed before it told River
	}
	// A second try is recorded: the first one may have crashed after the provider's answer, so the message may be sent twice.
	tries := int32(job.Attempt) //nolint:gosec // at most MaxAttempts
	state := db.SetSMSStatusParams{ID: entry.ID, Provider: s.Provider.Name(), GatewayStatus: terminated, Tries: tries}
	worth, err := s.worthSending(ctx, entry)
	if err != nil {
		return err
	}
	if worth {
		text, err := s.Keys.Open(sealPurpose, entry.Body)
		if err != nil {
			return fmt.Errorf("open SMS %s: %w", entry.ID, err)
		}
		gatewayID, status, err := s.Provider.Send(ctx, entry.PhoneNumber, string(text))
		if err != nil {
			return fmt.Errorf("send SMS %s by %s: %w", entry.ID, s.Provider.Name(), err)
		}
		state.GatewayID, state.GatewayStatus = &gatewayID, status
	}
	state.StatusChangedAt = s.Clock.Now()
	if _, err := db.New().SetSMSStatus(ctx, s.Pool, state); err != nil {
		return fmt.Errorf("store state of SMS %s: %w", entry.ID, postgres.Error(err))
	}
	return nil
}

// worthSending tells whether a message still makes sense: it is not too old, and
// its code can still be used (decisions R35).
func (s *Sender) worthSending(ctx context.Context, entry db.OTPSMSLog) (bool, error) {
	now := s.Clock.Now()
	fresh := now.Sub(entry.InsertedAt) < giveUpAfter
	if !fresh || entry.VerificationID == nil {
		return fresh, nil
	}
	live, err := db.New().IsCodeLive(ctx, s.Pool, db.IsCodeLiveParams{ID: *entry.VerificationID, Now: now})
	if err != nil {
		return false, fmt.Errorf("look up the code of SMS %s: %w", entry.ID, postgres.Error(err))
	}
	return live, nil
}
