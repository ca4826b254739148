package personrequests

import (
	"context"
	"errors"
	"fmt"

	"esoz/gen/db"
	"esoz/internal/operation"
	"esoz/internal/platform/postgres"
)

// Clean removes the data of requests that were not signed or approved in time, which
// become EXPIRED, and of all that are old (wiki 621510657). Signed content stays.
func (a *API) Clean(ctx context.Context) error {
	err := a.clean(ctx, table, func(tx postgres.Tx, p db.CleanPersonRequestsParams) ([]db.CleanPersonRequestsRow, error) {
		return db.New().CleanPersonRequests(ctx, tx, p)
	})
	return errors.Join(err, a.clean(ctx, methodTable, func(tx postgres.Tx, p db.CleanPersonRequestsParams) ([]db.CleanPersonRequestsRow, error) {
		rows, err := db.New().CleanMethodRequests(ctx, tx, db.CleanMethodRequestsParams(p))
		cleaned := make([]db.CleanPersonRequestsRow, len(rows))
		for i, row := range rows {
			cleaned[i] = db.CleanPersonRequestsRow(row)
		}
		return cleaned, err
	}))
}

// clean removes the data of one kind of requests.
func (a *API) clean(
	ctx context.Context, table string, remove func(tx postgres.Tx, p db.CleanPersonRequestsParams) ([]db.CleanPersonRequestsRow, error),
) error {
	cfg, now := a.Engine.Config.Get(), a.Engine.Clock.Now()
	system := operation.Caller{Now: now}
	system.UserID = cfg.SystemUser
	err := postgres.InBatches(ctx, func(ctx context.Context, limit int32) (n int64, err error) {
		err = postgres.InTx(ctx, a.Store.Pool, func(tx postgres.Tx) error {
			rows, err := remove(tx, db.CleanPersonRequestsParams{
				ExpiredBefore: now.AddDate(0, 0, -int(cfg.PersonRequestExpiration)), CleanedBefore: now.AddDate(0, 0, -int(cfg.PersonRequestCleaning)),
				Batch: limit, UserID: cfg.SystemUser, At: now,
			})
			if err != nil {
				return err
			}
			n = int64(len(rows))
			for _, row := range rows {
				if row.Status != string(statusExpired) {
					continue
				}
				if err := logStatusOf(ctx, tx, &system, table, row.ID, row.Status); err != nil {
					return err
				}
			}
			return nil
		})
		return n, err //nolint:wrapcheck // the caller says what failed
	})
	if err != nil {
		return fmt.Errorf("clean %s: %w", table, err)
	}
	return nil
}
