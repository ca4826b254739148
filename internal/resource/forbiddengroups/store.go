package forbiddengroups

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/medicalevents"
)

// table is what getForbiddenGroup reads.
const table = "forbidden_groups"

// Store keeps prm.forbidden_groups.
type Store struct {
	Pool  *pgxpool.Pool
	Lists *postgres.Lists
}

// get returns an active group with its active codes and services; fault.ErrNotFound when
// there is none.
func (s Store) get(ctx context.Context, id uuid.UUID) (shown api.ForbiddenGroup, err error) {
	group, err := db.New().GetForbiddenGroup(ctx, s.Pool, id)
	if err != nil {
		return shown, fmt.Errorf("look up forbidden group: %w", postgres.Error(err))
	}
	codes, err := db.New().ListForbiddenGroupCodes(ctx, s.Pool, id)
	if err != nil {
		return shown, fmt.Errorf("list codes of forbidden group: %w", postgres.Error(err))
	}
	services, err := db.New().ListForbiddenGroupServices(ctx, s.Pool, id)
	if err != nil {
		return shown, fmt.Errorf("list services of forbidden group: %w", postgres.Error(err))
	}
	return api.ForbiddenGroup{
		ID: group.ID.String(), Name: group.Name, CreationReason: group.CreationReason,
		DeactivationReason: medicalevents.Nullable(group.DeactivationReason, medicalevents.AsIs),
		ForbiddenGroupCodes: medicalevents.Each(codes, func(c db.ListForbiddenGroupCodesRow) api.ForbiddenGroupCode {
			return api.ForbiddenGroupCode{ID: c.ID.String(), Code: c.Code, System: c.System, CreationReason: c.CreationReason}
		}),
		ForbiddenGroupServices: medicalevents.Each(services, func(s db.ListForbiddenGroupServicesRow) api.ForbiddenGroupService {
			return api.ForbiddenGroupService{
				ID: s.ID.String(), CreationReason: s.CreationReason,
				ServiceID:      medicalevents.Nullable(s.ServiceID, uuid.UUID.String),
				ServiceGroupID: medicalevents.Nullable(s.ServiceGroupID, uuid.UUID.String),
			}
		}),
	}, nil
}

// list returns a page of active groups, oldest first, and how many there are in all.
func (s Store) list(ctx context.Context, name *string, page envelope.Page) (found []api.ForbiddenGroupShort, total int, err error) {
	read := func(ctx context.Context, from postgres.Conn, limit, offset int32) ([]db.ListForbiddenGroupsRow, error) {
		return db.New().ListForbiddenGroups(ctx, from, db.ListForbiddenGroupsParams{Name: name, PageLimit: limit, PageOffset: offset})
	}
	rows, total, err := postgres.Page(ctx, s.Lists, page, read, func(row db.ListForbiddenGroupsRow) int64 { return row.Total })
	if err != nil {
		return nil, 0, fmt.Errorf("list forbidden groups: %w", err)
	}
	return medicalevents.Each(rows, func(g db.ListForbiddenGroupsRow) api.ForbiddenGroupShort {
		return api.ForbiddenGroupShort{ID: g.ID.String(), Name: g.Name}
	}), total, nil
}
