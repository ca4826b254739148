package declarationrequests

import (
	"context"

	"github.com/google/uuid"

	"esoz/internal/platform/otp"
	"esoz/internal/platform/postgres"
)

// sendCode sends a new code, for a legal entity, to the phone of a request that
// passes check. All of it is one transaction, so the request is still as it was
// checked when the code goes out.
func (a *API) sendCode(ctx context.Context, legalEntity, id uuid.UUID, check func(r request) error) (sent otp.Verification, err error) {
	err = postgres.InTx(ctx, a.store.pool, func(tx postgres.Tx) error {
		r, err := a.store.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := check(r); err != nil {
			return err
		}
		sent, err = a.codes.Initialize(ctx, tx, otp.Request{Phone: r.Method.Number, Resource: id, LegalEntity: legalEntity})
		return err
	})
	return sent, err
}
