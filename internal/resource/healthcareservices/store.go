package healthcareservices

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// table is what getHealthcareService reads.
const table = "healthcare_services"

// Store keeps prm.healthcare_services.
type Store struct {
	Pool  *pgxpool.Pool
	Lists *postgres.Lists
}

// get returns an active healthcare service, whose legal entity it names;
// fault.ErrNotFound when there is none.
func (s Store) get(ctx context.Context, id uuid.UUID) (shown api.HealthcareService, legalEntity uuid.UUID, err error) {
	row, err := db.New().GetHealthcareService(ctx, s.Pool, id)
	if err != nil {
		return shown, uuid.Nil, fmt.Errorf("look up healthcare service: %w", postgres.Error(err))
	}
	if !row.IsActive {
		return shown, uuid.Nil, fault.ErrNotFound
	}
	shown, err = show(row)
	return shown, row.LegalEntityID, err
}

// list returns a page of healthcare services, oldest first, and how many there are in all.
func (s Store) list(ctx context.Context, f filter, page envelope.Page) (found []api.HealthcareService, total int, err error) {
	read := func(ctx context.Context, from postgres.Conn, limit, offset int32) ([]db.ListHealthcareServicesRow, error) {
		f.PageLimit, f.PageOffset = limit, offset
		return db.New().ListHealthcareServices(ctx, from, db.ListHealthcareServicesParams(f))
	}
	rows, total, err := postgres.Page(ctx, s.Lists, page, read, func(row db.ListHealthcareServicesRow) int64 { return row.Total })
	if err != nil {
		return nil, 0, fmt.Errorf("list healthcare services: %w", err)
	}
	found = make([]api.HealthcareService, len(rows))
	for i, row := range rows {
		if found[i], err = show(row.PRMHealthcareServiceDetail); err != nil {
			return nil, 0, err
		}
	}
	return found, total, nil
}

func show(row db.PRMHealthcareServiceDetail) (shown api.HealthcareService, err error) {
	if err := json.Unmarshal(row.Shown, &shown); err != nil {
		return shown, fmt.Errorf("decode healthcare service %s: %w", row.ID, err)
	}
	return shown, nil
}
