package declarationrequests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"esoz/gen/db"
	"esoz/internal/platform/audit"
	"esoz/internal/platform/events"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// lockDeclarations makes what is done about the declarations of the person wait until
// tx ends.
func (s Store) lockDeclarations(ctx context.Context, tx postgres.Tx, of *signing) error {
	if err := db.New().LockDeclarations(ctx, tx, *of.found.PersonID); err != nil {
		return fmt.Errorf("lock declarations: %w", err)
	}
	return nil
}

// holdDoctor lets nobody dismiss the doctor before tx ends; fault.ErrStale when that
// has been done since the checks looked.
func (s Store) holdDoctor(ctx context.Context, tx postgres.Tx, of *signing) error {
	employed, err := db.New().HoldEmployee(ctx, tx, *parsed(of.found.EmployeeID))
	if err != nil && !errors.Is(postgres.Error(err), fault.ErrNotFound) {
		return fmt.Errorf("hold doctor: %w", err)
	}
	if employed != of.state.isEmployed {
		return fault.ErrStale
	}
	return nil
}

// declare ends the declarations of the person and stores the new one, each with its
// event and audit row.
func (s Store) declare(ctx context.Context, tx postgres.Tx, of *signing) error {
	d := of.found
	ended, err := db.New().EndDeclarations(ctx, tx, db.EndDeclarationsParams{
		PersonID: *parsed(d.PersonID), ParentDeclarationID: d.ParentDeclarationID, UserID: of.UserID, At: of.Now,
	})
	if err != nil {
		return fmt.Errorf("end declarations: %w", err)
	}
	for _, id := range ended {
		if err := declared(ctx, tx, of, id, "terminated"); err != nil {
			return err
		}
	}
	var signed struct {
		Seed string `json:"seed"`
	}
	if err := json.Unmarshal(d.DataToBeSigned, &signed); err != nil {
		return fmt.Errorf("read data to be signed of declaration request %s: %w", d.ID, err)
	}
	err = db.New().InsertDeclaration(ctx, tx, db.InsertDeclarationParams{
		ID: *d.DeclarationID, DeclarationNumber: d.DeclarationNumber, DeclarationRequestID: d.ID, PersonID: *parsed(d.PersonID),
		EmployeeID: *parsed(d.EmployeeID), DivisionID: *parsed(d.DivisionID), LegalEntityID: *d.LegalEntityID, StartDate: *d.StartDate,
		EndDate: *d.EndDate, At: of.Now, Reason: of.reason(), Seed: signed.Seed, UserID: of.UserID,
	})
	if err != nil {
		return fmt.Errorf("insert declaration %s: %w", d.DeclarationID, err)
	}
	return declared(ctx, tx, of, *d.DeclarationID, "active")
}

// declared writes the event and the audit row of a declaration that got a status.
func declared(ctx context.Context, tx postgres.Tx, of *signing, id uuid.UUID, status string) error {
	err := events.Write(ctx, tx, events.Event{
		ID: uuid.New(), Type: events.StatusChange, EntityType: "Declaration", EntityID: id, Attribute: "status", NewValue: status,
		At: of.Now, ChangedBy: of.UserID,
	})
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{
		Actor: of.UserID, Resource: "declarations", ResourceID: id, Changeset: map[string]any{"status": status}, At: of.Now,
	})
}
