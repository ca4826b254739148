package diagnosesgroups

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

// table is what getDiagnosesGroup reads.
const table = "diagnoses_groups"

// Store keeps prm.diagnoses_groups.
type Store struct {
	Pool  *pgxpool.Pool
	Lists *postgres.Lists
}

// get returns an active group with its active diagnoses; fault.ErrNotFound when there is
// none.
func (s Store) get(ctx context.Context, id uuid.UUID) (shown api.DiagnosesGroup, err error) {
	group, err := db.New().GetDiagnosesGroup(ctx, s.Pool, id)
	if err != nil {
		return shown, fmt.Errorf("look up group of diagnoses: %w", postgres.Error(err))
	}
	codes, err := s.codes(ctx, id)
	return api.DiagnosesGroup{
		ID: group.ID.String(), Name: group.Name, Code: group.Code, Description: medicalevents.Nullable(group.Description, medicalevents.AsIs),
		DiagnosesGroupCodes: medicalevents.Each(codes, func(c db.ListDiagnosesGroupCodesRow) api.DiagnosesGroupCode {
			return api.DiagnosesGroupCode{ID: c.ID.String(), Code: c.Code, System: c.System}
		}),
	}, err
}

// codes are the active diagnoses of active groups.
func (s Store) codes(ctx context.Context, groups ...uuid.UUID) ([]db.ListDiagnosesGroupCodesRow, error) {
	rows, err := db.New().ListDiagnosesGroupCodes(ctx, s.Pool, groups)
	if err != nil {
		return nil, fmt.Errorf("list diagnoses of groups: %w", postgres.Error(err))
	}
	return rows, nil
}

// Diagnoses returns the active diagnoses of those of the groups that are active.
func (s Store) Diagnoses(ctx context.Context, groups ...uuid.UUID) ([]medicalevents.Coding, error) {
	codes, err := s.codes(ctx, groups...)
	return medicalevents.Each(codes, func(c db.ListDiagnosesGroupCodesRow) medicalevents.Coding {
		return medicalevents.Coding{System: c.System, Code: c.Code}
	}), err
}

// list returns a page of active groups, oldest first, and how many there are in all.
func (s Store) list(ctx context.Context, f filter, page envelope.Page) (found []api.DiagnosesGroupShort, total int, err error) {
	read := func(ctx context.Context, from postgres.Conn, limit, offset int32) ([]db.ListDiagnosesGroupsRow, error) {
		f.PageLimit, f.PageOffset = limit, offset
		return db.New().ListDiagnosesGroups(ctx, from, db.ListDiagnosesGroupsParams(f))
	}
	rows, total, err := postgres.Page(ctx, s.Lists, page, read, func(row db.ListDiagnosesGroupsRow) int64 { return row.Total })
	if err != nil {
		return nil, 0, fmt.Errorf("list groups of diagnoses: %w", err)
	}
	return medicalevents.Each(rows, func(g db.ListDiagnosesGroupsRow) api.DiagnosesGroupShort {
		return api.DiagnosesGroupShort{
			ID: g.ID.String(), Name: g.Name, Code: g.Code, Description: medicalevents.Nullable(g.Description, medicalevents.AsIs),
		}
	}), total, nil
}
