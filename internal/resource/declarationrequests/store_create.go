package declarationrequests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"esoz/gen/db"
	"esoz/internal/operation"
	"esoz/internal/platform/audit"
	"esoz/internal/platform/postgres"
)

// table of the requests, as audit rows name it.
const table = "declaration_requests"

// doctor returns an employee; fault.ErrNotFound when there is none.
func (s Store) doctor(ctx context.Context, id uuid.UUID) (*doctor, error) {
	row, err := db.New().GetDeclarationDoctor(ctx, s.Pool, id)
	if err != nil {
		return nil, fmt.Errorf("look up doctor: %w", postgres.Error(err))
	}
	return &doctor{row.PartyID, row.LegalEntityID, row.EmployeeType, row.IsApproved, row.Officio, row.Specialities}, nil
}

// division returns a division; fault.ErrNotFound when there is none.
func (s Store) division(ctx context.Context, id uuid.UUID) (*division, error) {
	row, err := db.New().GetDeclarationDivision(ctx, s.Pool, id)
	if err != nil {
		return nil, fmt.Errorf("look up division: %w", postgres.Error(err))
	}
	return &division{row.LegalEntityID, row.IsActive}, nil
}

// person returns a person of the register; fault.ErrNotFound when there is none.
func (s Store) person(ctx context.Context, id uuid.UUID, now time.Time) (*person, error) {
	row, err := db.New().GetDeclarationPerson(ctx, s.Pool, db.GetDeclarationPersonParams{ID: id, At: now})
	if err != nil {
		return nil, fmt.Errorf("look up person: %w", postgres.Error(err))
	}
	return &person{
		born: row.BirthDate, active: row.IsActive, verificationStatus: row.VerificationStatus, noTaxID: row.NoTaxID, hasTaxID: row.HasTaxID,
		documents: row.DocumentTypes, hasConfidant: row.HasConfidant, hasPendingRequest: row.HasPendingRequest,
	}, nil
}

// methods returns the active methods of a person, the default one first.
func (s Store) methods(ctx context.Context, person uuid.UUID, now time.Time) ([]confirming, error) {
	rows, err := db.New().ListConfirmingMethods(ctx, s.Pool, db.ListConfirmingMethodsParams{PersonID: person, At: now})
	if err != nil {
		return nil, fmt.Errorf("look up authentication methods: %w", postgres.Error(err))
	}
	found := make([]confirming, len(rows))
	for i, row := range rows {
		found[i] = confirming{id: row.ID, kind: row.Kind}
		if row.Kind == methodOTP && row.PhoneNumber != nil {
			found[i].phone = *row.PhoneNumber
		}
	}
	return found, nil
}

// methodOwner returns whose a method is; fault.ErrNotFound when there is none.
func (s Store) methodOwner(ctx context.Context, id uuid.UUID) (uuid.UUID, error) {
	owner, err := db.New().GetMethodOwner(ctx, s.Pool, id)
	if err != nil {
		return uuid.Nil, fmt.Errorf("look up authentication method: %w", postgres.Error(err))
	}
	return owner, nil
}

// parent returns an active declaration; fault.ErrNotFound when there is none.
func (s Store) parent(ctx context.Context, id, legalEntity uuid.UUID) (*parent, error) {
	row, err := db.New().GetParentDeclaration(ctx, s.Pool, db.GetParentDeclarationParams{ID: id, LegalEntityID: legalEntity})
	if err != nil {
		return nil, fmt.Errorf("look up parent declaration: %w", postgres.Error(err))
	}
	return &parent{row.PersonID, row.IsRelated}, nil
}

// load counts the declarations of a doctor, those of one person left out.
func (s Store) load(ctx context.Context, from db.DBTX, party, person uuid.UUID) (load, error) {
	row, err := db.New().CountDoctorDeclarations(ctx, from, db.CountDoctorDeclarationsParams{PartyID: party, PersonID: person})
	if err != nil {
		return load{}, fmt.Errorf("count declarations of a doctor: %w", postgres.Error(err))
	}
	return load{int(row.Total), row.Specialities}, nil
}

func (s Store) confidantDocuments(ctx context.Context, person uuid.UUID, now time.Time) ([]db.ListConfidantDocumentsRow, error) {
	rows, err := db.New().ListConfidantDocuments(ctx, s.Pool, db.ListConfidantDocumentsParams{PersonID: person, At: now})
	if err != nil {
		return nil, fmt.Errorf("list documents of confidant persons: %w", postgres.Error(err))
	}
	return rows, nil
}

// create cancels the pending requests for the person and stores the new one.
func (s Store) create(ctx context.Context, tx postgres.Tx, c *creating) error {
	q, made, person := db.New(), &c.made, *parsed(&c.body.PersonID)
	number, err := q.BeginDeclarationRequest(ctx, tx, person.String())
	if err != nil {
		return fmt.Errorf("begin declaration request: %w", err)
	}
	made.DeclarationNumber = declarationNumber(number)
	cancelled, err := q.CancelDeclarationRequests(ctx, tx, db.CancelDeclarationRequestsParams{UserID: c.UserID, At: c.Now, PersonID: person})
	if err != nil {
		return fmt.Errorf("cancel pending declaration requests: %w", err)
	}
	for _, id := range cancelled {
		if err := logStatus(ctx, tx, &c.Caller, id, "CANCELLED"); err != nil {
			return err
		}
	}
	params := db.InsertDeclarationRequestParams{
		ID: made.ID, DeclarationID: made.DeclarationID, DeclarationNumber: made.DeclarationNumber, ParentDeclarationID: made.ParentDeclarationID,
		AuthorizeWith: made.AuthorizeWith, PersonID: person, SystemDeclarationLimit: *made.SystemDeclarationLimit,
		CurrentDeclarationCount: *made.CurrentDeclarationCount, LegalEntityID: c.ClientID, EmployeeID: *parsed(&c.body.EmployeeID),
		StartDateYear: int32(c.Now.Year()), UserID: c.UserID, At: c.Now, //nolint:gosec // a year
	}
	var errs [3]error
	params.Data, errs[0] = json.Marshal(struct {
		content
		LegalEntityID uuid.UUID `json:"legal_entity_id"`
	}{made.content, c.ClientID})
	params.AuthenticationMethodCurrent, errs[1] = json.Marshal(made.Method)
	if len(made.Documents) > 0 {
		params.Documents, errs[2] = json.Marshal(made.Documents)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return fmt.Errorf("encode declaration request %s: %w", made.ID, err)
	}
	if err := q.InsertDeclarationRequest(ctx, tx, params); err != nil {
		return fmt.Errorf("insert declaration request: %w", err)
	}
	return logStatus(ctx, tx, &c.Caller, made.ID, statusNew)
}

// logStatus writes the audit row of a request that got a status.
func logStatus(ctx context.Context, tx postgres.Tx, c *operation.Caller, id uuid.UUID, status string) error {
	return audit.Write(ctx, tx, audit.Entry{
		Actor: c.UserID, Resource: table, ResourceID: id, Changeset: map[string]any{"status": status}, At: c.Now,
	})
}
