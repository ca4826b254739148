package divisions

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/audit"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// table names divisions in the audit log.
const table = "divisions"

// Store keeps the divisions.
type Store struct {
	Pool  *pgxpool.Pool
	Lists *postgres.Lists
}

// division is a division as methods show it, with what only checks ask about.
type division struct {
	id            uuid.UUID
	legalEntityID uuid.UUID
	isActive      bool
	shown         api.Division
}

// create writes the division, its addresses and the audit row in one statement.
func (s Store) create(ctx context.Context, c change) (created api.Division, err error) {
	e, err := c.encode()
	if err != nil {
		return api.Division{}, err
	}
	changeset, err := json.Marshal(creation{
		changeset: e.changeset(c), ID: c.id, LegalEntityID: c.legalEntityID, Status: api.DivisionStatusACTIVE, IsActive: true,
	})
	if err != nil {
		return api.Division{}, fmt.Errorf("encode changeset of division %s: %w", c.id, err)
	}
	err = postgres.Once(ctx, s.Pool, func(on postgres.Conn) error {
		return db.New().CreateDivision(ctx, on, db.CreateDivisionParams{
			AuditID: uuid.New(), UserID: c.userID, ID: c.id, Changeset: changeset, At: c.at,
			ExternalID: c.body.ExternalID, Name: c.body.Name, Type: c.body.Type, MountainGroup: c.mountainGroup,
			Phones: e.phones, Email: c.body.Email, LegalEntityID: c.legalEntityID,
			Longitude: e.longitude, Latitude: e.latitude, WorkingHours: e.workingHours, Addresses: e.addresses,
		})
	})
	if err != nil {
		return api.Division{}, fmt.Errorf("create division: %w", err)
	}
	return c.created(e), nil
}

// get returns a division in any status; fault.ErrNotFound when there is none.
func (s Store) get(ctx context.Context, id uuid.UUID) (*division, error) { return get(ctx, s.Pool, id) }

func get(ctx context.Context, from db.DBTX, id uuid.UUID) (*division, error) {
	row, err := db.New().GetDivision(ctx, from, id)
	if err != nil {
		return nil, fmt.Errorf("look up division: %w", postgres.Error(err))
	}
	return &division{
		id: row.PRMDivision.ID, legalEntityID: row.PRMDivision.LegalEntityID, isActive: row.PRMDivision.IsActive,
		shown: show(row.PRMDivision, row.Addresses),
	}, nil
}

// list returns a page of divisions, oldest first, and how many there are in all.
func (s Store) list(ctx context.Context, f filter, page envelope.Page) (found []api.Division, total int, err error) {
	rows, total, err := postgres.Page(ctx, s.Lists, page, func(ctx context.Context, from postgres.Conn, limit, offset int32) ([]db.ListDivisionsRow, error) {
		return db.New().ListDivisions(ctx, from, db.ListDivisionsParams{
			LegalEntityID: f.legalEntityID, IDs: f.ids, Name: f.name, Type: f.kind, Status: f.status, PageLimit: limit, PageOffset: offset,
		})
	}, func(row db.ListDivisionsRow) int64 { return row.Total })
	if err != nil {
		return nil, 0, fmt.Errorf("list divisions: %w", err)
	}
	found = make([]api.Division, len(rows))
	for i, row := range rows {
		found[i] = show(row.PRMDivision, row.Addresses)
	}
	return found, total, nil
}

// update writes what was sent and replaces the addresses. The update stands
// first: it locks the division, so that two of them never mix their addresses.
func (s Store) update(ctx context.Context, c change) (updated api.Division, err error) {
	e, err := c.encode()
	if err != nil {
		return api.Division{}, err
	}
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		row, err := db.New().UpdateDivision(ctx, tx, db.UpdateDivisionParams{
			ID: c.id, LegalEntityID: c.legalEntityID, UserID: c.userID, At: c.at,
			Name: c.body.Name, Type: c.body.Type, Phones: e.phones, Email: c.body.Email, MountainGroup: c.mountainGroup,
			ExternalID: c.body.ExternalID, Longitude: e.longitude, Latitude: e.latitude, WorkingHours: e.workingHours,
		})
		if err != nil {
			return fmt.Errorf("update division %s: %w", c.id, err)
		}
		if err := db.New().DeleteDivisionAddresses(ctx, tx, c.id); err != nil {
			return fmt.Errorf("delete addresses of division %s: %w", c.id, err)
		}
		err = db.New().InsertDivisionAddresses(ctx, tx, db.InsertDivisionAddressesParams{
			DivisionID: c.id, UserID: c.userID, At: c.at, Addresses: e.addresses,
		})
		if err != nil {
			return fmt.Errorf("insert addresses of division %s: %w", c.id, err)
		}
		updated = show(row, e.shown)
		return audit.Write(ctx, tx, audit.Entry{
			Actor: c.userID, Resource: table, ResourceID: c.id, Changeset: e.changeset(c), At: c.at,
		})
	})
	return updated, err
}

// uses are what forbids the deactivation of a division.
type uses struct{ healthcareServices, employees, equipment bool }

func (s Store) uses(ctx context.Context, id uuid.UUID) (*uses, error) {
	row, err := db.New().GetDivisionUse(ctx, s.Pool, id)
	if err != nil {
		return nil, fmt.Errorf("look up use of division %s: %w", id, postgres.Error(err))
	}
	return &uses{row.ActiveHealthcareServices, row.ActiveEmployees, row.ActiveEquipments}, nil
}

// transition is a change of a division's status.
type transition struct {
	to          api.DivisionStatus
	by          uuid.UUID
	at          time.Time
	endPrograms bool // medical programs that the division takes part in end
}

// setStatus moves a division from the status in which it was read;
// fault.ErrStale when it is no longer in it.
func (s Store) setStatus(ctx context.Context, d *division, t transition) (changed api.Division, err error) {
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		rows, err := db.New().SetDivisionStatus(ctx, tx, db.SetDivisionStatusParams{
			ToStatus: string(t.to), FromStatus: string(d.shown.Status), UserID: t.by, At: t.at, ID: d.id,
		})
		if err != nil {
			return fmt.Errorf("set status of division %s: %w", d.id, err)
		}
		if rows == 0 {
			return fault.ErrStale
		}
		err = audit.Write(ctx, tx, audit.Entry{
			Actor: t.by, Resource: table, ResourceID: d.id, Changeset: map[string]any{"status": t.to}, At: t.at,
		})
		if err != nil {
			return err
		}
		if t.endPrograms {
			if err := endPrograms(ctx, tx, d.id, t); err != nil {
				return err
			}
		}
		after, err := get(ctx, tx, d.id)
		if err != nil {
			return err
		}
		changed = after.shown
		return nil
	})
	return changed, err
}

// endPrograms takes a division out of its medical programs.
func endPrograms(ctx context.Context, tx pgx.Tx, id uuid.UUID, t transition) error {
	const reason = "AUTO_DIVISION_DEACTIVATION"
	ended, err := db.New().DeactivateDivisionProgramProvision(ctx, tx, db.DeactivateDivisionProgramProvisionParams{
		DeactivateReason: reason, UserID: t.by, At: t.at, DivisionID: id,
	})
	if err != nil {
		return fmt.Errorf("end medical programs of division %s: %w", id, err)
	}
	for _, provision := range ended {
		err := audit.Write(ctx, tx, audit.Entry{
			Actor: t.by, Resource: "medical_program_provision", ResourceID: provision,
			Changeset: map[string]any{"is_active": false, "deactivate_reason": reason}, At: t.at,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// encoded is the part of a change that PostgreSQL takes as JSON or in another form.
type encoded struct {
	phones, addresses   json.RawMessage
	shown               json.RawMessage // the addresses as an answer shows them
	workingHours        json.RawMessage // nil: not sent
	longitude, latitude *float64
}

func (c change) encode() (encoded, error) {
	type address struct {
		ID uuid.UUID `json:"id"`
		api.DivisionAddressRequest
	}
	addresses := make([]address, len(c.body.Addresses))
	for i, sent := range c.body.Addresses {
		addresses[i] = address{uuid.New(), sent}
	}
	var e encoded
	var err error
	if e.addresses, err = json.Marshal(addresses); err != nil {
		return e, fmt.Errorf("encode addresses of division %s: %w", c.id, err)
	}
	if e.shown, err = json.Marshal(addressesOf(c.body.Addresses)); err != nil {
		return e, fmt.Errorf("encode addresses of division %s: %w", c.id, err)
	}
	if e.phones, err = json.Marshal(c.body.Phones); err != nil {
		return e, fmt.Errorf("encode phones of division %s: %w", c.id, err)
	}
	if c.body.WorkingHours != nil {
		if e.workingHours, err = json.Marshal(c.body.WorkingHours); err != nil {
			return e, fmt.Errorf("encode working hours of division %s: %w", c.id, err)
		}
	}
	if c.body.Location != nil {
		e.longitude, e.latitude = &c.body.Location.Longitude, &c.body.Location.Latitude
	}
	return e, nil
}

// changeset is what the audit log keeps of a change: the written fields.
type changeset struct {
	Name          string                       `json:"name"`
	Type          string                       `json:"type"`
	Email         string                       `json:"email"`
	ExternalID    *string                      `json:"external_id,omitempty"`
	MountainGroup bool                         `json:"mountain_group"`
	Addresses     json.RawMessage              `json:"addresses"`
	Phones        json.RawMessage              `json:"phones"`
	WorkingHours  json.RawMessage              `json:"working_hours,omitempty"`
	Location      *api.DivisionLocationRequest `json:"location,omitempty"`
}

// creation is the changeset of a new division.
type creation struct {
	changeset
	ID            uuid.UUID          `json:"id"`
	LegalEntityID uuid.UUID          `json:"legal_entity_id"`
	Status        api.DivisionStatus `json:"status"`
	IsActive      bool               `json:"is_active"`
}

func (e encoded) changeset(c change) changeset {
	return changeset{
		Name: c.body.Name, Type: c.body.Type, Email: c.body.Email, ExternalID: c.body.ExternalID, MountainGroup: c.mountainGroup,
		Addresses: e.addresses, Phones: e.phones, WorkingHours: e.workingHours, Location: c.body.Location,
	}
}

// show shows a division. What is stored as JSON is not decoded, so that a page of large divisions costs what it weighs.
func show(row db.PRMDivision, addresses json.RawMessage) api.Division {
	d := api.Division{
		ID: row.ID.String(), LegalEntityID: row.LegalEntityID.String(), Name: row.Name, Type: row.Type,
		Status: api.DivisionStatus(row.Status), Addresses: addresses, Phones: row.Phones, MountainGroup: row.MountainGroup,
		ExternalID: orNull(row.ExternalID), DlsID: orNull(row.DLSID), DlsVerified: orNull(row.DLSVerified),
		Location: nullable.NewNullNullable[api.DivisionLocation](), WorkingHours: hours(row.WorkingHours),
	}
	if row.Email != nil {
		d.Email = *row.Email
	}
	if row.Longitude != nil && row.Latitude != nil {
		d.Location.Set(api.DivisionLocation{Longitude: *row.Longitude, Latitude: *row.Latitude})
	}
	return d
}
