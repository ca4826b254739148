package otp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// Limit names a limit of sent codes. Limits are checked in this order, and the first
// one that is reached answers.
type Limit string

const (
	Frequency      Limit = "frequency"    // INIT_VERIFICATION_LIMIT: time since the last code
	PerPhone       Limit = "phone"        // OTP_PHONE_LIMIT
	PerResource    Limit = "resource"     // OTP_RESOURCE_LIMIT
	PerLegalEntity Limit = "legal_entity" // OTP_LEGAL_ENTITY_DAILY_LIMIT
)

// LimitError refuses a code because a limit is reached.
type LimitError struct {
	Limit Limit
	Wait  time.Duration
}

func (e *LimitError) Error() string { return "limit of codes is reached: " + string(e.Limit) }

// Refusal turns a *LimitError into the refusal of the operation's rule for that
// limit. It returns other errors unchanged.
func Refusal(err error, by map[Limit]rules.ID) error {
	var reached *LimitError
	if errors.As(err, &reached) {
		return fault.Refuse(by[reached.Limit]).After(reached.Wait).
			Because("codes that were sent ("+string(reached.Limit)+")", "fewer than the limit", fmt.Sprintf("the limit is reached for %s more", reached.Wait.Round(time.Second)))
	}
	return err
}

// CounterKey returns the key of the counter of a limit for a phone or an id.
func CounterKey(limit Limit, of string) string { return string(limit) + " " + of }

// budget is the number of codes that may be sent in a period. The period begins with
// its first code.
type budget struct {
	limit  Limit
	key    string
	codes  int
	period time.Duration
}

// budgets returns the budgets of a code in the order of their checks. The counter
// that most codes share is the last one.
func (s *Service) budgets(r Request) []budget {
	const day = 24 * time.Hour
	cfg := s.Config.Get()
	all := []budget{
		{PerPhone, CounterKey(PerPhone, r.Phone), cfg.OTPPhoneLimit, time.Hour},
		{PerResource, CounterKey(PerResource, r.Resource.String()), cfg.OTPResourceLimit, time.Duration(cfg.ValidationsExpiration) * day},
		{PerLegalEntity, CounterKey(PerLegalEntity, r.LegalEntity.String()), cfg.OTPLegalEntityLimit, day},
	}
	return slices.DeleteFunc(all, func(b budget) bool {
		return b.codes == 0 || b.limit == PerResource && (r.Resource == uuid.Nil || r.First)
	})
}

// reached returns the refusal of a code whose budget is used up.
func (b budget) reached(resets, now time.Time) error {
	// At most the period, even if the clock was set back.
	return &LimitError{Limit: b.limit, Wait: min(resets.Sub(now), b.period)}
}

// Check returns a *LimitError when Initialize would refuse a code now. It counts
// nothing: parallel requests may pass Check, and Initialize refuses them.
func (s *Service) Check(ctx context.Context, r Request) error {
	return postgres.Error(s.check(ctx, s.Pool, r, s.Clock.Now()))
}

func (s *Service) check(ctx context.Context, tx db.DBTX, r Request, now time.Time) error {
	if err := s.checkFrequency(ctx, tx, r.Phone, now); err != nil {
		return err
	}
	budgets := s.budgets(r)
	if len(budgets) == 0 {
		return nil
	}
	keys := make([]string, len(budgets))
	for i, b := range budgets {
		keys[i] = b.key
	}
	counters, err := db.New().ListCodeCounts(ctx, tx, db.ListCodeCountsParams{Keys: keys, Now: now})
	if err != nil {
		return fmt.Errorf("look up how many codes were sent: %w", err)
	}
	for _, b := range budgets {
		for _, c := range counters {
			if c.Key == b.key && c.Codes >= int64(b.codes) {
				return b.reached(c.ResetsAt, now)
			}
		}
	}
	return nil
}

// count counts a code that tx has made. After a *LimitError the caller must roll tx
// back, which undoes the code and the counts. Other transactions that count with the
// same keys wait until tx ends, so count must be the last step.
func (s *Service) count(ctx context.Context, tx postgres.Tx, r Request, now time.Time) error {
	for _, b := range s.budgets(r) {
		counted, err := db.New().CountCode(ctx, tx, db.CountCodeParams{Key: b.key, ResetsAt: now.Add(b.period), Now: now})
		if err != nil {
			return fmt.Errorf("count a code: %w", err)
		}
		if counted.Codes > int64(b.codes) {
			return b.reached(counted.ResetsAt, now)
		}
	}
	return nil
}

// deletePassedCounts deletes counters of past periods.
func (s *Service) deletePassedCounts(ctx context.Context) error {
	now := s.Clock.Now()
	err := postgres.InBatches(ctx, func(ctx context.Context, limit int32) (int64, error) {
		return db.New().DeletePassedCodeCounts(ctx, s.Pool, db.DeletePassedCodeCountsParams{Now: now, Batch: limit})
	})
	if err != nil {
		return fmt.Errorf("delete passed counters of codes: %w", err)
	}
	return nil
}
