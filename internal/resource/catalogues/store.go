package catalogues

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/medicalevents"
)

// Tables of which an operation shows one row.
const (
	programTable          = "medical_programs"
	programServiceTable   = "program_services"
	deviceDefinitionTable = "device_definitions"
)

// Store keeps the tables of the catalogues.
type Store struct {
	Pool  *pgxpool.Pool
	Lists *postgres.Lists
}

// program returns a medical program; fault.ErrNotFound when there is none.
func (s Store) program(ctx context.Context, id uuid.UUID) (shown api.MedicalProgram, err error) {
	row, err := db.New().GetMedicalProgram(ctx, s.Pool, id)
	if err != nil {
		return shown, fmt.Errorf("look up medical program: %w", postgres.Error(err))
	}
	return showProgram(row), nil
}

// listPrograms returns a page of medical programs, oldest first, and how many there are in all.
func (s Store) listPrograms(ctx context.Context, f programFilter, page envelope.Page) (found []api.MedicalProgram, total int, err error) {
	read := func(ctx context.Context, from postgres.Conn, limit, offset int32) ([]db.ListMedicalProgramsRow, error) {
		f.PageLimit, f.PageOffset = limit, offset
		return db.New().ListMedicalPrograms(ctx, from, db.ListMedicalProgramsParams(f))
	}
	rows, total, err := postgres.Page(ctx, s.Lists, page, read, func(row db.ListMedicalProgramsRow) int64 { return row.Total })
	if err != nil {
		return nil, 0, fmt.Errorf("list medical programs: %w", err)
	}
	return medicalevents.Each(rows, func(row db.ListMedicalProgramsRow) api.MedicalProgram { return showProgram(row.PRMMedicalProgram) }), total, nil
}

// programService returns what a program pays for; fault.ErrNotFound when there is no such row.
func (s Store) programService(ctx context.Context, id uuid.UUID) (shown api.ProgramService, err error) {
	row, err := db.New().GetProgramService(ctx, s.Pool, id)
	if err != nil {
		return shown, fmt.Errorf("look up program service: %w", postgres.Error(err))
	}
	return showProgramService(row), nil
}

// listProgramServices returns a page of what a program pays for, oldest first, and how
// many rows there are in all.
func (s Store) listProgramServices(ctx context.Context, program uuid.UUID, page envelope.Page) (found []api.ProgramService, total int, err error) {
	read := func(ctx context.Context, from postgres.Conn, limit, offset int32) ([]db.ListProgramServicesRow, error) {
		return db.New().ListProgramServices(ctx, from, db.ListProgramServicesParams{ProgramID: program, PageLimit: limit, PageOffset: offset})
	}
	rows, total, err := postgres.Page(ctx, s.Lists, page, read, func(row db.ListProgramServicesRow) int64 { return row.Total })
	if err != nil {
		return nil, 0, fmt.Errorf("list program services: %w", err)
	}
	return medicalevents.Each(rows, func(row db.ListProgramServicesRow) api.ProgramService {
		return showProgramService(row.PRMProgramService)
	}), total, nil
}

func showProgram(p db.PRMMedicalProgram) api.MedicalProgram {
	return api.MedicalProgram{
		ID: p.ID.String(), Name: p.Name, Type: p.Type, FundingSource: p.FundingSource, IsActive: p.IsActive,
		MrBlankType:                   text(p.MrBlankType),
		MedicationRequestAllowed:      p.MedicationRequestAllowed,
		MedicationRequestAllowedText:  text(p.MedicationRequestAllowedText),
		MedicationDispenseAllowed:     p.MedicationDispenseAllowed,
		MedicationDispenseAllowedText: text(p.MedicationDispenseAllowedText),
		DeviceRequestAllowed:          p.DeviceRequestAllowed,
		DeviceDispenseAllowed:         p.DeviceDispenseAllowed,
		MedicalProgramSettings:        p.MedicalProgramSettings,
		MedicalProgramSettingsText:    text(p.MedicalProgramSettingsText),
		InsertedAt:                    envelope.Micro(p.InsertedAt), InsertedBy: p.InsertedBy.String(),
		UpdatedAt: envelope.Micro(p.UpdatedAt), UpdatedBy: p.UpdatedBy.String(),
	}
}

func showProgramService(p db.PRMProgramService) api.ProgramService {
	return api.ProgramService{
		ID: p.ID.String(), MedicalProgramID: p.ProgramID.String(),
		ServiceID:      medicalevents.Nullable(p.ServiceID, uuid.UUID.String),
		ServiceGroupID: medicalevents.Nullable(p.ServiceGroupID, uuid.UUID.String),
		ConsumerPrice:  medicalevents.Nullable(p.ConsumerPrice, func(price float64) float64 { return price }), Description: text(p.Description), RequestAllowed: p.RequestAllowed, IsActive: p.IsActive,
		InsertedAt: envelope.Micro(p.InsertedAt), InsertedBy: p.InsertedBy.String(),
		UpdatedAt: envelope.Micro(p.UpdatedAt), UpdatedBy: p.UpdatedBy.String(),
	}
}

func text(stored *string) nullable.Nullable[string] {
	return medicalevents.Nullable(stored, medicalevents.AsIs)
}
