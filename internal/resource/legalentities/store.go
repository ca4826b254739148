package legalentities

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
)

// table is what getLegalEntity reads.
const table = "legal_entities"

// Store keeps prm.legal_entities and prm.licenses.
type Store struct {
	Pool  *pgxpool.Pool
	Lists *postgres.Lists
}

// get returns a legal entity in any status; fault.ErrNotFound when there is none.
func (s Store) get(ctx context.Context, id uuid.UUID) (db.PRMLegalEntityDetail, error) {
	row, err := db.New().GetLegalEntityDetails(ctx, s.Pool, id)
	if err != nil {
		return row, fmt.Errorf("look up legal entity: %w", postgres.Error(err))
	}
	return row, nil
}

// list returns a page of legal entities, oldest first, and how many there are in all, in
// the shape that show gives.
func list[E any](ctx context.Context, s Store, l *listing, page envelope.Page, show func(db.PRMLegalEntityDetail, *E) error,
) (found []E, total int, err error) {
	if l.foreign {
		return []E{}, 0, nil
	}
	read := func(ctx context.Context, from postgres.Conn, limit, offset int32) ([]db.ListLegalEntitiesRow, error) {
		l.PageLimit, l.PageOffset = limit, offset
		return db.New().ListLegalEntities(ctx, from, db.ListLegalEntitiesParams(l.filter))
	}
	rows, total, err := postgres.Page(ctx, s.Lists, page, read, func(row db.ListLegalEntitiesRow) int64 { return row.Total })
	if err != nil {
		return nil, 0, fmt.Errorf("list legal entities: %w", err)
	}
	found = make([]E, len(rows))
	for i, row := range rows {
		if err := show(row.PRMLegalEntityDetail, &found[i]); err != nil {
			return nil, 0, err
		}
	}
	return found, total, nil
}

func show(row db.PRMLegalEntityDetail, into *api.LegalEntity) error {
	if err := json.Unmarshal(row.Shown, into); err != nil {
		return fmt.Errorf("decode legal entity %s: %w", row.ID, err)
	}
	return nil
}
