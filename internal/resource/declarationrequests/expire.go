package declarationrequests

import (
	"context"
	"fmt"

	"esoz/gen/db"
	"esoz/internal/platform/postgres"
)

// ExpireDeclarationRequests takes the data of requests away that are older than
// DECLARATION_REQUEST_EXPIRATION (DECLARATION_REQUEST_AUTOTERMINATION_SCHEDULE).
func (a *API) ExpireDeclarationRequests(ctx context.Context) error {
	cfg, now := a.Engine.Config.Get(), a.Engine.Clock.Now()
	before := now.AddDate(0, 0, -int(cfg.DeclarationRequestExpiration))
	err := postgres.InBatches(ctx, func(ctx context.Context, limit int32) (expired int64, err error) {
		err = postgres.InTx(ctx, a.Store.Pool, func(tx postgres.Tx) error {
			expired, err = db.New().ExpireDeclarationRequests(ctx, tx, db.ExpireDeclarationRequestsParams{
				InsertedBefore: before, Batch: limit, UserID: cfg.SystemUser, Actor: cfg.SystemUser.String(), At: now,
			})
			return err
		})
		return expired, err
	})
	if err != nil {
		return fmt.Errorf("expire declaration requests: %w", err)
	}
	return nil
}
