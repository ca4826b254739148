package declarations

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
)

// table names declarations in the audit log.
const table = "declarations"

// Store keeps ops.declarations.
type Store struct {
	Pool  *pgxpool.Pool
	Lists *postgres.Lists
	Clock *clock.Clock
}

// get returns a declaration; fault.ErrNotFound when there is none.
func (s Store) get(ctx context.Context, id uuid.UUID) (*declaration, error) {
	return s.getIn(ctx, s.Pool, id)
}

// getIn is get on another connection.
func (s Store) getIn(ctx context.Context, from postgres.Conn, id uuid.UUID) (*declaration, error) {
	row, err := db.New().GetDeclaration(ctx, from, db.GetDeclarationParams{ID: id, At: s.Clock.Now()})
	return read(row.ILDeclarationDetail, row.Confidants, err)
}

// state returns what decides whether a declaration may be changed.
func (s Store) state(ctx context.Context, id uuid.UUID) (*declaration, error) {
	row, err := db.New().GetDeclarationState(ctx, s.Pool, id)
	if err != nil {
		return nil, fmt.Errorf("look up declaration: %w", postgres.Error(err))
	}
	return &declaration{
		id: row.ID, legalEntityID: row.LegalEntityID, personID: row.PersonID, status: api.DeclarationStatus(row.Status), isActive: row.IsActive,
		personExists: row.PersonExists,
	}, nil
}

// ofPerson returns the active declaration of a person.
func (s Store) ofPerson(ctx context.Context, person uuid.UUID) (*declaration, error) {
	row, err := db.New().GetPersonDeclaration(ctx, s.Pool, db.GetPersonDeclarationParams{PersonID: person, At: s.Clock.Now()})
	return read(row.ILDeclarationDetail, row.Confidants, err)
}

func read(row db.ILDeclarationDetail, confidants json.RawMessage, err error) (*declaration, error) {
	if err != nil {
		return nil, fmt.Errorf("look up declaration: %w", postgres.Error(err))
	}
	d := &declaration{
		id: row.ID, legalEntityID: row.LegalEntityID, personID: row.PersonID, status: api.DeclarationStatus(row.Status), isActive: row.IsActive,
		confirmed: api.AuthenticationMethodCurrent{Type: api.AuthenticationMethodCurrentTypeNA},
		shown: api.Declaration{
			ID: row.ID.String(), DeclarationNumber: row.DeclarationNumber, DeclarationRequestID: row.DeclarationRequestID.String(),
			StartDate: row.StartDate.Format(time.DateOnly), EndDate: row.EndDate.Format(time.DateOnly), SignedAt: envelope.Milli(row.SignedAt),
			Status: api.DeclarationStatus(row.Status), Scope: row.Scope, Reason: row.Reason, ReasonDescription: row.ReasonDescription,
			InsertedAt: envelope.Milli(row.InsertedAt), UpdatedAt: envelope.Milli(row.UpdatedAt),
		},
	}
	for _, part := range []struct {
		stored json.RawMessage
		shown  any
	}{
		{row.Person, &d.shown.Person},
		{row.Employee, &d.shown.Employee},
		{row.Division, &d.shown.Division},
		{row.LegalEntity, &d.shown.LegalEntity},
		{row.AuthenticationMethodCurrent, &d.confirmed},
	} {
		if part.stored == nil {
			continue
		}
		if err := json.Unmarshal(part.stored, part.shown); err != nil {
			return nil, fmt.Errorf("decode %T of declaration %s: %w", part.shown, row.ID, err)
		}
	}
	var acting []api.DeclarationConfidant
	if err := json.Unmarshal(confidants, &acting); err != nil {
		return nil, fmt.Errorf("decode the confidants of declaration %s: %w", row.ID, err)
	}
	if len(acting) > 0 {
		d.shown.Person.ConfidantPerson = &acting
	}
	if d.confirmed.Number != nil {
		d.confirmed.Number = envelope.MaskPhone(*d.confirmed.Number)
	}
	return d, nil
}

// list returns a page of declarations, newest first, and how many there are in all.
func (s Store) list(ctx context.Context, f filter, page envelope.Page) (found []api.DeclarationShort, total int, err error) {
	rows, total, err := postgres.Page(ctx, s.Lists, page, func(ctx context.Context, from postgres.Conn, limit, offset int32) ([]db.ListDeclarationsRow, error) {
		return db.New().ListDeclarations(ctx, from, db.ListDeclarationsParams{
			LegalEntityID: f.legalEntity, EmployeeID: f.employee, Status: string(f.status), DeclarationNumber: f.number, Reason: f.reason,
			PageLimit: limit, PageOffset: offset,
		})
	}, func(row db.ListDeclarationsRow) int64 { return row.Total })
	if err != nil {
		return nil, 0, fmt.Errorf("list declarations: %w", err)
	}
	found = make([]api.DeclarationShort, len(rows))
	for i, row := range rows {
		found[i] = short(row)
	}
	return found, total, nil
}

func short(row db.ListDeclarationsRow) api.DeclarationShort {
	return api.DeclarationShort{
		ID: row.ID.String(), DeclarationNumber: row.DeclarationNumber, DeclarationRequestID: row.DeclarationRequestID.String(),
		StartDate: row.StartDate.Format(time.DateOnly), EndDate: row.EndDate.Format(time.DateOnly),
		Status: api.DeclarationStatus(row.Status), Reason: row.Reason, ReasonDescription: row.ReasonDescription,
		Employee: api.DeclarationEmployeeShort{ID: row.EmployeeID.String(), Position: row.Position, EmployeeType: row.EmployeeType},
		Division: api.DeclarationDivisionShort{ID: row.DivisionID.String(), Name: row.DivisionName},
		LegalEntity: api.DeclarationLegalEntityShort{
			ID: row.LegalEntityID.String(), Name: orNull(row.LegalEntityName), ShortName: orNull(row.LegalEntityShortName), Edrpou: row.Edrpou,
		},
		Person: api.DeclarationPersonShort{
			ID: row.PersonID.String(), FirstName: row.FirstName, LastName: row.LastName, SecondName: row.SecondName,
			BirthDate: row.BirthDate.Format(time.DateOnly), VerificationStatus: row.VerificationStatus,
		},
		InsertedAt: envelope.Milli(row.InsertedAt), UpdatedAt: envelope.Milli(row.UpdatedAt),
	}
}

func orNull(v *string) nullable.Nullable[string] {
	if v == nil {
		return nullable.NewNullNullable[string]()
	}
	return nullable.NewNullableWithValue(*v)
}
