package approvals

import (
	"context"
	"errors"

	"esoz/gen/rules"
	"esoz/internal/fault"
	"esoz/internal/otp"
	"esoz/internal/postgres"
)

// sendCode sends a new code to the phone that was fixed when an approval was
// created, as part of a transaction; the former code of that phone dies.
func (a *API) sendCode(phone string) func(ctx context.Context, tx postgres.Tx) error {
	return func(ctx context.Context, tx postgres.Tx) error {
		_, err := a.codes.Initialize(ctx, tx, phone)
		return tooSoon(err)
	}
}

// sendCodeNow does it in a transaction of its own.
func (a *API) sendCodeNow(ctx context.Context, phone string) error {
	send := a.sendCode(phone)
	return postgres.InTx(ctx, a.pool, func(tx postgres.Tx) error { return send(ctx, tx) })
}

// tooSoon answers approval.resend.rate for the OTP service's refusal.
func tooSoon(err error) error {
	var soon *otp.TooSoonError
	if errors.As(err, &soon) {
		return fault.Refuse(rules.ApprovalResendRate).After(soon.Wait)
	}
	return err
}
