// Package otp makes one-time codes, sends them and checks entered codes
// (docs/architecture.md). A phone has at most one valid code for each thing that a code confirms.
package otp

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/seal"
	"esoz/internal/platform/sms"
)

// Reasons why a code is not accepted. Operations choose the rule.
var (
	ErrNoVerification = errors.New("no code was sent to this phone")
	ErrAttempts       = errors.New("no live code: used, cancelled or out of attempts")
	ErrExpired        = errors.New("code expired")
	ErrWrongCode      = errors.New("wrong code")
)

// Request asks for a code and names what the code is counted for.
type Request struct {
	Phone       string
	Resource    uuid.UUID // the approval or declaration request that the code confirms; uuid.Nil: only the phone
	LegalEntity uuid.UUID // of the caller
	First       bool      // it is not sent again for Resource, which is new: OTP_RESOURCE_LIMIT does not count it
}

// Verification is the state of a code that clients see.
type Verification struct {
	ID            uuid.UUID
	Status        string
	CodeExpiredAt time.Time
	Active        bool
}

// Response returns the verification as the API shows it, with upper-case status.
func (v Verification) Response() api.OTP {
	return api.OTP{
		ID: v.ID.String(), Status: api.OTPStatus(strings.ToUpper(v.Status)),
		CodeExpiredAt: envelope.Micro(v.CodeExpiredAt), Active: v.Active,
	}
}

// Service makes and checks codes.
type Service struct {
	Pool   *pgxpool.Pool
	Keys   *seal.Keys
	Clock  *clock.Clock
	Config *config.Live
	Outbox *sms.Outbox
	// Fixed, when set, returns the code that a phone always gets, or 0. Only the sandbox fixes codes.
	Fixed func(phone string) int
}

// Initialize cancels the valid code that the phone has for the same resource, makes
// a new one and queues its SMS, all in tx. When a limit is reached it returns a
// *LimitError; the caller must then roll tx back.
func (s *Service) Initialize(ctx context.Context, tx pgx.Tx, r Request) (Verification, error) {
	q, cfg := db.New(), s.Config.Get()
	if err := q.LockPhone(ctx, tx, r.Phone); err != nil {
		return Verification{}, fmt.Errorf("lock phone: %w", err)
	}
	now := s.Clock.Now() // after the wait for the lock
	if err := s.check(ctx, tx, r, now); err != nil {
		return Verification{}, err
	}
	var resource *uuid.UUID
	if r.Resource != uuid.Nil {
		resource = &r.Resource
	}
	if _, err := q.CancelActiveVerification(ctx, tx, db.CancelActiveVerificationParams{PhoneNumber: r.Phone, ResourceID: resource}); err != nil {
		return Verification{}, fmt.Errorf("cancel former code: %w", err)
	}
	code, err := s.code(r.Phone, cfg.OTPCodeLength)
	if err != nil {
		return Verification{}, err
	}
	v := Verification{
		ID: uuid.New(), Status: "new", Active: true,
		CodeExpiredAt: now.Add(time.Duration(cfg.CodeExpirationMinutes) * time.Minute),
	}
	err = q.InsertVerification(ctx, tx, db.InsertVerificationParams{
		ID: v.ID, PhoneNumber: r.Phone, ResourceID: resource, CodeHash: s.Keys.Code(v.ID, code), CodeExpiredAt: v.CodeExpiredAt, InsertedAt: now,
	})
	if err != nil {
		return Verification{}, fmt.Errorf("store verification: %w", err)
	}
	err = s.Outbox.Enqueue(ctx, tx, sms.Message{
		Phone: r.Phone, Text: cfg.OTPCodeText + strconv.Itoa(code), Type: sms.TypeVerification, VerificationID: &v.ID,
	})
	if err != nil {
		return Verification{}, err
	}
	return v, s.count(ctx, tx, r, now)
}

// code returns the fixed code of a phone, unless the length of codes has changed since it was fixed, or a new one.
func (s *Service) code(phone string, length int) (int, error) {
	if s.Fixed != nil {
		if code := s.Fixed(phone); IsCode(code, length) {
			return code, nil
		}
	}
	return newCode(length)
}

// Start is Initialize in a transaction of its own.
func (s *Service) Start(ctx context.Context, r Request) (v Verification, err error) {
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		v, err = s.Initialize(ctx, tx, r)
		return err
	})
	return v, err
}

func (s *Service) checkFrequency(ctx context.Context, tx db.DBTX, phone string, now time.Time) error {
	limit := time.Duration(s.Config.Get().InitVerificationLimit) * time.Second
	if limit == 0 {
		return nil
	}
	last, err := db.New().GetNewestVerification(ctx, tx, db.GetNewestVerificationParams{PhoneNumber: phone})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up last code: %w", err)
	}
	if wait := waitAfter(last.InsertedAt, limit, now); wait > 0 {
		return &LimitError{Limit: Frequency, Wait: wait}
	}
	return nil
}

// waitAfter returns how long the next code has to wait: at most the limit, even if
// the clock was set back since the last code.
func waitAfter(last time.Time, limit time.Duration, now time.Time) time.Duration {
	return min(last.Add(limit).Sub(now), limit)
}

// Complete checks a code that was entered for a phone, and uses it up when it is right. It may be that of any live
// verification of the phone.
func (s *Service) Complete(ctx context.Context, phone string, code int) (v Verification, err error) {
	err = s.enter(ctx, phone, nil, code, func(tx pgx.Tx, right db.CountVerificationAttemptRow) error {
		v = Verification{ID: right.ID, Status: "verified", CodeExpiredAt: right.CodeExpiredAt}
		return s.Use(ctx, tx, right.ID, phone)
	})
	if err != nil {
		return Verification{}, fmt.Errorf("complete verification: %w", err)
	}
	return v, nil
}

// Judge checks the code that was sent to a phone for a resource, and returns its verification. A right code stays as it
// was: Use ends it together with what it confirms.
func (s *Service) Judge(ctx context.Context, phone string, resource uuid.UUID, code int) (verification uuid.UUID, err error) {
	err = s.enter(ctx, phone, &resource, code, func(tx pgx.Tx, right db.CountVerificationAttemptRow) error {
		verification = right.ID
		return db.New().ForgiveVerificationAttempt(ctx, tx, right.ID)
	})
	if err != nil {
		return uuid.Nil, fmt.Errorf("judge code: %w", err)
	}
	return verification, nil
}

// Use ends a right code in tx, and notes that its phone is verified. It returns fault.ErrStale when the code is no longer live.
func (s *Service) Use(ctx context.Context, tx pgx.Tx, verification uuid.UUID, phone string) error {
	q := db.New()
	ended, err := q.CloseVerification(ctx, tx, db.CloseVerificationParams{ID: verification, Status: "verified"})
	if err != nil {
		return fmt.Errorf("close verification: %w", err)
	}
	if ended == 0 {
		return fault.ErrStale
	}
	err = q.InsertVerifiedPhone(ctx, tx, db.InsertVerifiedPhoneParams{ID: uuid.New(), PhoneNumber: phone, UpdatedAt: s.Clock.Now()})
	if err != nil {
		return fmt.Errorf("store verified phone: %w", err)
	}
	return nil
}

// enter judges a code and calls right, in the same transaction, when it is one. The statement that reads the codes also
// counts the attempt at each, right or wrong, so that parallel guesses cannot exceed the limit.
func (s *Service) enter(
	ctx context.Context, phone string, resource *uuid.UUID, code int, right func(pgx.Tx, db.CountVerificationAttemptRow) error,
) error {
	if !IsPhone(phone) {
		return ErrNoVerification
	}
	var judged error
	err := postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		judged = nil
		q, maxAttempts := db.New(), int32(s.Config.Get().MaxAttempts) //nolint:gosec // a handful
		if err := q.LockPhone(ctx, tx, phone); err != nil {
			return fmt.Errorf("lock phone: %w", err)
		}
		now := s.Clock.Now() // after the wait for the lock
		live, err := q.CountVerificationAttempt(ctx, tx, db.CountVerificationAttemptParams{
			PhoneNumber: phone, ResourceID: resource, MaxAttempts: maxAttempts,
		})
		if err != nil {
			return fmt.Errorf("count attempt: %w", err)
		}
		if len(live) == 0 {
			judged, err = whyDead(ctx, tx, phone, resource)
			return err
		}
		for _, each := range live {
			verdict := judge(each, s.Keys.IsCode(each.CodeHash, each.ID, code), now)
			if verdict == nil {
				judged = nil
				return right(tx, each)
			}
			if judged == nil || errors.Is(verdict, ErrWrongCode) { // expired only when all are
				judged = verdict
			}
		}
		for _, each := range live {
			if each.AttemptsCount < maxAttempts {
				continue
			}
			if _, err := q.CloseVerification(ctx, tx, db.CloseVerificationParams{ID: each.ID, Status: "unverified"}); err != nil {
				return fmt.Errorf("close verification: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err //nolint:wrapcheck // the callers say what they did
	}
	return judged
}

func judge(live db.CountVerificationAttemptRow, right bool, now time.Time) error {
	switch {
	case !now.Before(live.CodeExpiredAt):
		return ErrExpired
	case !right:
		return ErrWrongCode
	}
	return nil
}

// whyDead returns why a phone has no code with an attempt left, of a resource if one is given. A code that Expire
// has marked is still reported as expired (decisions R24).
func whyDead(ctx context.Context, tx pgx.Tx, phone string, resource *uuid.UUID) (why, err error) {
	newest, err := db.New().GetNewestVerification(ctx, tx, db.GetNewestVerificationParams{PhoneNumber: phone, ResourceID: resource})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNoVerification, nil
	case err != nil:
		return nil, fmt.Errorf("look up newest verification: %w", err)
	case newest.Status == "expired":
		return ErrExpired, nil
	}
	return ErrAttempts, nil
}

// Verified reports whether a phone has been verified.
func (s *Service) Verified(ctx context.Context, phone string) (bool, error) {
	if !IsPhone(phone) {
		return false, nil
	}
	_, err := db.New().GetVerifiedPhone(ctx, s.Pool, phone)
	if err = postgres.Error(err); errors.Is(err, fault.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up verified phone: %w", err)
	}
	return true, nil
}

// Expire marks expired codes (DEACTIVATOR_SCHEDULE).
func (s *Service) Expire(ctx context.Context) error {
	if _, err := db.New().ExpireVerifications(ctx, s.Pool, s.Clock.Now()); err != nil {
		return fmt.Errorf("expire verifications: %w", postgres.Error(err))
	}
	return nil
}

// DeleteOld deletes verifications and messages older than
// VALIDATIONS_EXPIRATION_PERIOD_DAYS, and counters of past periods
// (TERMINATOR_SCHEDULE).
func (s *Service) DeleteOld(ctx context.Context) error {
	before := s.Clock.Now().AddDate(0, 0, -int(s.Config.Get().ValidationsExpiration))
	err := postgres.InBatches(ctx, func(ctx context.Context, limit int32) (int64, error) {
		return db.New().DeleteOldVerifications(ctx, s.Pool, db.DeleteOldVerificationsParams{InsertedBefore: before, Batch: limit})
	})
	if err != nil {
		return fmt.Errorf("delete old verifications: %w", err)
	}
	return errors.Join(s.deletePassedCounts(ctx), sms.DeleteOld(ctx, s.Pool, before))
}
