package personrequests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/operation"
	"esoz/internal/platform/audit"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// Store keeps il.person_requests and reads the register of persons.
type Store struct{ Pool *pgxpool.Pool }

// table of the requests, as audit rows name it.
const table = "person_requests"

// employeeTypes returns what the user is in the legal entity.
func (s Store) employeeTypes(ctx context.Context, user, legalEntity uuid.UUID) ([]string, error) {
	rows, err := db.New().ListUserEmployees(ctx, s.Pool, db.ListUserEmployeesParams{UserID: user, LegalEntityID: legalEntity})
	if err != nil {
		return nil, fmt.Errorf("look up employees: %w", postgres.Error(err))
	}
	types := make([]string, len(rows))
	for i, row := range rows {
		types[i] = row.EmployeeType
	}
	return types, nil
}

// registered returns a person of the register; fault.ErrNotFound when there is none.
func (s Store) registered(ctx context.Context, on db.DBTX, id uuid.UUID, now time.Time, capacityTypes []string) (*registered, error) {
	row, err := db.New().GetRegisteredPerson(ctx, on, db.GetRegisteredPersonParams{ID: id, At: now, LegalCapacityTypes: capacityTypes})
	if err != nil {
		return nil, fmt.Errorf("look up person: %w", postgres.Error(err))
	}
	return &registered{
		id: row.ID, born: row.BirthDate, age: clock.Age(row.BirthDate, now), isActive: row.IsActive, active: row.Status == "active" && row.IsActive,
		verificationStatus: row.VerificationStatus, hasConfidant: row.HasConfidant, hasCapacity: row.HasLegalCapacity,
	}, nil
}

// storedMethod is a way in which a person confirms.
type storedMethod db.ListActiveMethodsRow

// own is how a request is confirmed by the method: by the third person's own one
// when it is a third person.
func (m storedMethod) own() method {
	kind, phone := m.Type, m.PhoneNumber
	if kind == methodThird {
		kind, phone = m.OwnType, m.OwnPhoneNumber
	}
	switch {
	case kind == methodOTP && phone != nil:
		return method{Type: methodOTP, PhoneNumber: *phone}
	case kind == methodOffline:
		return method{Type: methodOffline}
	}
	return method{Type: methodNone}
}

// methods returns the active methods of a person, the earliest first.
func (s Store) methods(ctx context.Context, person uuid.UUID, now time.Time) ([]storedMethod, error) {
	rows, err := db.New().ListActiveMethods(ctx, s.Pool, db.ListActiveMethodsParams{PersonID: person, At: now})
	if err != nil {
		return nil, fmt.Errorf("look up authentication methods: %w", postgres.Error(err))
	}
	found := make([]storedMethod, len(rows))
	for i, row := range rows {
		found[i] = storedMethod(row)
	}
	return found, nil
}

func (s Store) countThirdPersonUses(ctx context.Context, on db.DBTX, third uuid.UUID, now time.Time) (int, error) {
	n, err := db.New().CountThirdPersonUses(ctx, on, db.CountThirdPersonUsesParams{Value: third, At: now})
	if err != nil {
		return 0, fmt.Errorf("count persons of a third person: %w", postgres.Error(err))
	}
	return int(n), nil
}

func (s Store) countPhoneUses(ctx context.Context, on db.DBTX, phone string, now time.Time) (int, error) {
	n, err := db.New().CountPhoneUses(ctx, on, db.CountPhoneUsesParams{PhoneNumber: phone, At: now})
	if err != nil {
		return 0, fmt.Errorf("count persons of a phone: %w", postgres.Error(err))
	}
	return int(n), nil
}

// isTaxIDTaken tells whether an active person other than self has the tax id.
func (s Store) isTaxIDTaken(ctx context.Context, taxID string, self *registered) (bool, error) {
	params := db.IsTaxIDTakenParams{TaxID: taxID}
	if self != nil {
		params.ID = self.id
	}
	taken, err := db.New().IsTaxIDTaken(ctx, s.Pool, params)
	if err != nil {
		return false, fmt.Errorf("look up tax id: %w", postgres.Error(err))
	}
	return taken, nil
}

// isRegistered tells whether the register has the person already.
func (s Store) isRegistered(ctx context.Context, c *creating) (bool, error) {
	documents, err := json.Marshal(c.person.Documents)
	if err != nil {
		return false, fmt.Errorf("encode documents: %w", err)
	}
	known, err := db.New().IsPersonRegistered(ctx, s.Pool, db.IsPersonRegisteredParams{
		TaxID: c.person.TaxID, BirthDate: c.born, Documents: documents, LastName: c.person.LastName,
	})
	if err != nil {
		return false, fmt.Errorf("look for the person: %w", postgres.Error(err))
	}
	return known, nil
}

func (s Store) documentTypes(ctx context.Context, person uuid.UUID) ([]string, error) {
	types, err := db.New().ListDocumentTypes(ctx, s.Pool, person)
	if err != nil {
		return nil, fmt.Errorf("list documents of a person: %w", postgres.Error(err))
	}
	return types, nil
}

// create cancels the pending requests for the person and stores the new one.
func (s Store) create(ctx context.Context, tx postgres.Tx, c *creating) error {
	made := &c.made
	params := db.InsertPersonRequestParams{
		ID: made.ID, Version: int16(made.Version), AuthorizeWith: made.AuthorizeWith, LegalEntityID: c.ClientID, TaxID: made.Data.Person.TaxID,
		FirstName: made.Data.Person.FirstName, LastName: made.Data.Person.LastName, BirthDate: c.born, UserID: c.UserID, At: c.Now,
	}
	if c.registered != nil {
		params.MPIID = &c.registered.id
	}
	for column, value := range map[*json.RawMessage]any{
		&params.Data: made.Data, &params.AuthenticationMethodCurrent: made.Method, &params.Documents: made.Uploads,
		&params.PersonDocuments: made.Data.Person.Documents,
	} {
		encoded, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("encode person request %s: %w", made.ID, err)
		}
		*column = encoded
	}
	cancelled, err := db.New().CancelPendingPersonRequests(ctx, tx, db.CancelPendingPersonRequestsParams{
		UserID: c.UserID, At: c.Now, MPIID: params.MPIID, TaxID: params.TaxID, FirstName: params.FirstName, LastName: params.LastName,
		BirthDate: params.BirthDate, PersonDocuments: params.PersonDocuments,
	})
	if err != nil {
		return fmt.Errorf("cancel pending person requests: %w", err)
	}
	for _, id := range cancelled {
		if err := logStatus(ctx, tx, &c.Caller, id, "CANCELLED"); err != nil {
			return err
		}
	}
	if err := db.New().InsertPersonRequest(ctx, tx, params); err != nil {
		return fmt.Errorf("insert person request: %w", err)
	}
	return logStatus(ctx, tx, &c.Caller, made.ID, string(made.Status))
}

// get returns a request; fault.ErrNotFound when there is none.
func (s Store) get(ctx context.Context, id uuid.UUID) (*request, error) {
	row, err := db.New().GetPersonRequest(ctx, s.Pool, id)
	if err != nil {
		return nil, fmt.Errorf("get person request: %w", postgres.Error(err))
	}
	found := request{
		ID: row.ID, Version: version(row.Version), LegalEntityID: row.LegalEntityID, Status: api.PersonRequestStatus(row.Status), Channel: row.Channel,
		AuthorizeWith: row.AuthorizeWith, Content: row.PrintoutForm, Cleaned: len(row.Data) == 0,
	}
	err = errors.Join(decode(row.Data, &found.Data), decode(row.AuthenticationMethodCurrent, &found.Method), decode(row.Documents, &found.Uploads))
	if err != nil {
		return nil, fmt.Errorf("read person request %s: %w", id, err)
	}
	return &found, nil
}

// lock returns what decides about a code for a request that nobody changes before
// tx ends; fault.ErrNotFound when there is none.
func (s Store) lock(ctx context.Context, tx postgres.Tx, id uuid.UUID) (lockedRequest, error) {
	row, err := db.New().LockPersonRequest(ctx, tx, id)
	if err != nil {
		return lockedRequest{}, fmt.Errorf("lock person request: %w", postgres.Error(err))
	}
	locked := lockedRequest{status: api.PersonRequestStatus(row.Status), legalEntityID: row.LegalEntityID}
	if err := decode(row.AuthenticationMethodCurrent, &locked.method); err != nil {
		return lockedRequest{}, fmt.Errorf("read person request %s: %w", id, err)
	}
	return locked, nil
}

// list returns a page of the requests of a legal entity, newest first, and the
// number of all of them.
func (s Store) list(ctx context.Context, legalEntity uuid.UUID, status *string, page envelope.Page) (found []api.PersonRequestShort, total int, err error) {
	params := db.ListPersonRequestsParams{
		LegalEntityID: legalEntity, Status: status,
		PageLimit: int32(page.Size), PageOffset: int32(page.Offset()), //nolint:gosec // the chain keeps both within an int32
	}
	rows, err := db.New().ListPersonRequests(ctx, s.Pool, params)
	if err != nil {
		return nil, 0, fmt.Errorf("list person requests: %w", postgres.Error(err))
	}
	found = make([]api.PersonRequestShort, len(rows))
	for i, row := range rows {
		total = int(row.Total)
		found[i] = api.PersonRequestShort{ID: row.ID.String(), Status: api.PersonRequestStatus(row.Status), Version: int(row.Version)}
		var sent struct {
			Person *api.PersonRequestName     `json:"person"`
			V3     *api.PersonRequestPersonV3 `json:"person_v3"`
		}
		if err := decode(row.Data, &sent); err != nil {
			return nil, 0, fmt.Errorf("read person request %s: %w", row.ID, err)
		}
		found[i].Person = sent.Person
		if sent.V3 != nil {
			found[i].Person.Names = &sent.V3.Names
		}
	}
	if len(rows) == 0 && page.Number > 1 { // past the end there is no row to tell how many there are
		params.PageLimit, params.PageOffset = 1, 0
		if rows, err = db.New().ListPersonRequests(ctx, s.Pool, params); err != nil {
			return nil, 0, fmt.Errorf("count person requests: %w", postgres.Error(err))
		}
		for _, row := range rows {
			total = int(row.Total)
		}
	}
	return found, total, nil
}

// setStatus moves a request from the status in which it was read, and uses up the code that was entered for that;
// fault.ErrStale when the request is no longer in it.
func (s Store) setStatus(ctx context.Context, a *acting, to api.PersonRequestStatus, form *string) error {
	//nolint:wrapcheck // says what failed
	return postgres.InTx(ctx, s.Pool, func(tx postgres.Tx) error {
		rows, err := db.New().SetPersonRequestStatus(ctx, tx, db.SetPersonRequestStatusParams{
			ID: a.found.ID, FromStatus: string(a.found.Status), ToStatus: string(to), Content: form, UserID: a.UserID, At: a.Engine.Clock.Now(),
		})
		if err != nil {
			return fmt.Errorf("set status of person request %s: %w", a.found.ID, err)
		}
		if rows == 0 {
			return fault.ErrStale
		}
		if a.verification != uuid.Nil {
			if err := a.Codes.Use(ctx, tx, a.verification, a.found.Method.PhoneNumber); err != nil {
				return err
			}
		}
		return logStatus(ctx, tx, &a.Caller, a.found.ID, string(to))
	})
}

// logStatus writes the audit row of a request that got a status.
func logStatus(ctx context.Context, tx postgres.Tx, c *operation.Caller, id uuid.UUID, status string) error {
	return logStatusOf(ctx, tx, c, table, id, status)
}

func logStatusOf(ctx context.Context, tx postgres.Tx, c *operation.Caller, table string, id uuid.UUID, status string) error {
	//nolint:wrapcheck // says what failed
	return audit.Write(ctx, tx, audit.Entry{
		Actor: c.UserID, Resource: table, ResourceID: id, Changeset: map[string]any{"status": status}, At: c.Now,
	})
}

// decode reads a jsonb column; a null one leaves into as it is.
func decode(column json.RawMessage, into any) error {
	if len(column) == 0 {
		return nil
	}
	if err := json.Unmarshal(column, into); err != nil {
		return fmt.Errorf("decode %T: %w", into, err)
	}
	return nil
}
