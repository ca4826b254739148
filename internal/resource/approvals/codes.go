package approvals

import (
	"context"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
)

// codeOf is the code that an approval waits for: it goes to the phone that was
// fixed when the approval was created.
func codeOf(approval *Document, legalEntity uuid.UUID) otp.Request {
	return otp.Request{Phone: approval.Urgent.PhoneNumber, Resource: approval.ID, LegalEntity: legalEntity}
}

// sendCode sends a new code as part of a transaction; the former code of its
// phone dies.
func (a *API) sendCode(code otp.Request) func(ctx context.Context, tx postgres.Tx) error {
	return func(ctx context.Context, tx postgres.Tx) error {
		_, err := a.codes.Initialize(ctx, tx, code)
		return otp.Refusal(err, ruleOf)
	}
}

// sendCodeNow does it in a transaction of its own.
func (a *API) sendCodeNow(ctx context.Context, code otp.Request) error {
	send := a.sendCode(code)
	return postgres.InTx(ctx, a.pool, func(tx postgres.Tx) error { return send(ctx, tx) })
}

// ruleOf names the rule that refuses when a limit of codes is reached.
var ruleOf = map[otp.Limit]rules.ID{
	otp.Frequency:      rules.ApprovalResendRate,
	otp.PerPhone:       rules.ApprovalResendPhoneLimit,
	otp.PerResource:    rules.ApprovalResendResourceLimit,
	otp.PerLegalEntity: rules.ApprovalResendLegalEntityLimit,
}
