package employees

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/audit"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/events"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// table names employees in the audit log, roles their employee roles.
const table, roles = "employees", "employee_roles"

// Store keeps prm.employees.
type Store struct {
	Pool         *pgxpool.Pool
	Lists        *postgres.Lists
	Declarations Declarations
}

// employee is what decides about a dismissal.
type employee db.GetEmployeeStateRow

// state returns an employee; fault.ErrNotFound when there is none.
func (s Store) state(ctx context.Context, id, client, user uuid.UUID) (*employee, error) {
	row, err := db.New().GetEmployeeState(ctx, s.Pool, db.GetEmployeeStateParams{ID: id, ClientID: client, UserID: user})
	if err != nil {
		return nil, fmt.Errorf("look up employee: %w", postgres.Error(err))
	}
	return (*employee)(&row), nil
}

// dismissal is how the work of an employee ends.
type dismissal struct {
	status  string
	endDate time.Time
	by      uuid.UUID
	at      time.Time
}

// reason is the status_reason of who was dismissed by a request.
const reason = "manual_employee_deactivate"

// dismiss ends the work of an employee and what depends on it; fault.ErrStale when
// the employee is no longer as the checks saw them.
func (s Store) dismiss(ctx context.Context, e *employee, d dismissal) (shown api.Employee, err error) {
	err = postgres.InTx(ctx, s.Pool, func(tx postgres.Tx) (err error) {
		if err = db.New().LockParty(ctx, tx, e.PartyID); err != nil {
			return fmt.Errorf("lock party of employee %s: %w", e.ID, err)
		}
		rows, err := db.New().DismissEmployee(ctx, tx, db.DismissEmployeeParams{
			ID: e.ID, Status: d.status, StatusReason: reason, EndDate: d.endDate, UserID: d.by, At: d.at,
		})
		if err != nil {
			return fmt.Errorf("dismiss employee %s: %w", e.ID, err)
		}
		if rows == 0 {
			return fault.ErrStale
		}
		if err = s.endWork(ctx, tx, e, d); err != nil {
			return err
		}
		err = errors.Join(
			audit.Write(ctx, tx, audit.Entry{Actor: d.by, Resource: table, ResourceID: e.ID, At: d.at, Changeset: map[string]any{
				"status": d.status, "status_reason": reason, "end_date": d.endDate.Format(time.DateOnly),
			}}),
			events.Write(ctx, tx, events.Event{
				ID: uuid.New(), Type: events.StatusChange, EntityType: "Employee", EntityID: e.ID, Attribute: "status", NewValue: d.status,
				At: d.at, ChangedBy: d.by,
			}))
		if err != nil {
			return err
		}
		row, err := db.New().GetEmployee(ctx, tx, e.ID)
		if err != nil {
			return fmt.Errorf("look up employee %s: %w", e.ID, err)
		}
		shown, err = show(row)
		return err
	})
	return shown, err
}

// endWork ends what depends on the work of an employee who has just been dismissed.
func (s Store) endWork(ctx context.Context, tx postgres.Tx, e *employee, d dismissal) error {
	ended, err := db.New().EndEmployeeRoles(ctx, tx, db.EndEmployeeRolesParams{EmployeeID: e.ID, UserID: d.by, At: &d.at})
	if err != nil {
		return fmt.Errorf("end roles of employee %s: %w", e.ID, err)
	}
	for _, role := range ended {
		err := audit.Write(ctx, tx, audit.Entry{
			Actor: d.by, Resource: roles, ResourceID: role, Changeset: map[string]any{"status": "INACTIVE", "end_date": d.at}, At: d.at,
		})
		if err != nil {
			return err
		}
	}
	if e.EmployeeType == doctor {
		if err := s.Declarations.EndOfEmployee(ctx, tx, e.ID, d.by, d.at); err != nil {
			return err
		}
	}
	works, err := db.New().WorksStill(ctx, tx, db.WorksStillParams{PartyID: e.PartyID, LegalEntityID: e.LegalEntityID, EmployeeType: e.EmployeeType})
	if err != nil {
		return fmt.Errorf("look up other work of employee %s: %w", e.ID, err)
	}
	if works {
		return nil
	}
	err = db.New().TakeAccess(ctx, tx, db.TakeAccessParams{
		PartyID: e.PartyID, ClientID: e.LegalEntityID, Role: e.EmployeeType, ExpiresAt: d.at.Unix(), At: d.at,
	})
	if err != nil {
		return fmt.Errorf("take access from employee %s: %w", e.ID, err)
	}
	return nil
}

// get returns an active employee, whose legal entity it names; fault.ErrNotFound when
// there is none.
func (s Store) get(ctx context.Context, id uuid.UUID) (shown api.Employee, legalEntity uuid.UUID, err error) {
	row, err := db.New().GetEmployee(ctx, s.Pool, id)
	if err != nil {
		return api.Employee{}, uuid.Nil, fmt.Errorf("look up employee: %w", postgres.Error(err))
	}
	if !row.IsActive {
		return api.Employee{}, uuid.Nil, fault.ErrNotFound
	}
	shown, err = show(row)
	return shown, row.LegalEntityID, err
}

// list returns a page of employees, oldest first, and how many there are in all.
func (s Store) list(ctx context.Context, f filter, page envelope.Page) (found []api.EmployeeShort, total int, err error) {
	read := func(ctx context.Context, from postgres.Conn, limit, offset int32) ([]db.ListEmployeesRow, error) {
		f.PageLimit, f.PageOffset = limit, offset
		return db.New().ListEmployees(ctx, from, db.ListEmployeesParams(f))
	}
	rows, total, err := postgres.Page(ctx, s.Lists, page, read, func(row db.ListEmployeesRow) int64 { return row.Total })
	if err != nil {
		return nil, 0, fmt.Errorf("list employees: %w", err)
	}
	found = make([]api.EmployeeShort, len(rows))
	for i, row := range rows {
		if found[i], err = showShort(row.PRMEmployeeDetail); err != nil {
			return nil, 0, err
		}
	}
	return found, total, nil
}

// What nobody asks the Ministry of Finance for.
const minfinStatus = "VERIFICATION_NEEDED"

func showShort(row db.PRMEmployeeDetail) (shown api.EmployeeShort, err error) {
	shown = api.EmployeeShort{
		ID: row.ID.String(), Position: row.Position, Status: api.EmployeeStatus(row.Status), IsActive: row.IsActive,
		EmployeeType: row.EmployeeType, StartDate: row.StartDate.Format(time.DateOnly), EndDate: nullable.NewNullNullable[string](), MinfinValidationStatus: minfinStatus,
	}
	if row.EndDate != nil {
		shown.EndDate.Set(row.EndDate.Format(time.DateOnly))
	}
	return shown, decode(row.ID, part{row.Party, &shown.Party}, part{row.Division, &shown.Division}, part{row.LegalEntity, &shown.LegalEntity},
		block(row.EmployeeType, row.ListedProfession, map[string]any{
			"DOCTOR": &shown.Doctor, "SPECIALIST": &shown.Specialist, "PHARMACIST": &shown.Pharmacist, "ASSISTANT": &shown.Assistant,
			"MED_ADMIN": &shown.MedAdmin, "LABORANT": &shown.Laborant, "MED_COORDINATOR": &shown.MedCoordinator,
		}))
}

// show shows an employee. What they have learnt stands under the name of the type,
// where it has such a block.
func show(row db.PRMEmployeeDetail) (shown api.Employee, err error) {
	shown = api.Employee{
		ID: row.ID.String(), Position: row.Position, Status: api.EmployeeStatus(row.Status), IsActive: row.IsActive,
		EmployeeType: row.EmployeeType, StartDate: row.StartDate.Format(time.DateOnly), MinfinValidationStatus: minfinStatus,
	}
	if row.EndDate != nil {
		shown.EndDate = new(row.EndDate.Format(time.DateOnly))
	}
	return shown, decode(row.ID, part{row.Party, &shown.Party}, part{row.Division, &shown.Division}, part{row.LegalEntity, &shown.LegalEntity},
		block(row.EmployeeType, row.Profession, map[string]any{
			"DOCTOR": &shown.Doctor, "SPECIALIST": &shown.Specialist, "PHARMACIST": &shown.Pharmacist, "ASSISTANT": &shown.Assistant,
			"MED_ADMIN": &shown.MedAdmin, "LABORANT": &shown.Laborant, "MED_COORDINATOR": &shown.MedCoordinator,
		}))
}

// part is a part of an employee, as it is stored and where it is shown.
type part struct {
	stored json.RawMessage
	shown  any // nil: nowhere
}

// block is the part that is named after the type, where it has one.
func block(kind string, stored json.RawMessage, blocks map[string]any) part {
	return part{stored, blocks[kind]}
}

func decode(id uuid.UUID, parts ...part) error {
	for _, p := range parts {
		if p.shown == nil {
			continue
		}
		if err := json.Unmarshal(p.stored, p.shown); err != nil {
			return fmt.Errorf("decode %T of employee %s: %w", p.shown, id, err)
		}
	}
	return nil
}
