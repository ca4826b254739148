package sms

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
)

// Attempts limits how often SMS about requests of one kind are sent again.
type Attempts struct {
	Kind   string
	Most   int // within Period; 0: any number
	Period time.Duration
}

// AttemptsError refuses an attempt until Next.
type AttemptsError struct{ Next time.Time }

func (e *AttemptsError) Error() string { return "limit of SMS attempts is reached" }

// Check returns an *AttemptsError when Count would refuse an attempt now. It counts
// nothing: parallel requests may pass Check, and Count refuses them.
func (a Attempts) Check(ctx context.Context, from db.DBTX, id uuid.UUID, now time.Time) error {
	if a.Most == 0 {
		return nil
	}
	sent, err := db.New().ListSMSAttempts(ctx, from, db.ListSMSAttemptsParams{Key: a.Key(id), Since: now.Add(-a.Period)})
	if err != nil {
		return fmt.Errorf("look up SMS attempts: %w", postgres.Error(err))
	}
	return a.allow(append(sent, now))
}

// Count counts an attempt. After an *AttemptsError the caller must roll tx back, which
// undoes the count.
func (a Attempts) Count(ctx context.Context, tx postgres.Tx, id uuid.UUID, now time.Time) error {
	if a.Most == 0 {
		return nil
	}
	sent, err := db.New().AddSMSAttempt(ctx, tx, db.AddSMSAttemptParams{Key: a.Key(id), Now: now, Since: now.Add(-a.Period)})
	if err != nil {
		return fmt.Errorf("count SMS attempt: %w", postgres.Error(err))
	}
	return a.allow(sent)
}

// allow refuses the last of the attempts when they are too many.
func (a Attempts) allow(sent []time.Time) error {
	if len(sent) <= a.Most {
		return nil
	}
	return &AttemptsError{Next: sent[0].Add(a.Period)}
}

// Key of a request in otp.sms_attempts.
func (a Attempts) Key(id uuid.UUID) string { return a.Kind + " " + id.String() }
