package declarationrequests

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"esoz/gen/db"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// state returns what decides about a request of V3; fault.ErrNotFound when its person
// is not stored.
func (s Store) state(ctx context.Context, d *details) (*state, error) {
	row, err := db.New().GetDeclarationGrounds(ctx, s.Pool, db.GetDeclarationGroundsParams{
		PersonID: *parsed(d.PersonID), EmployeeID: *parsed(d.EmployeeID), ParentDeclarationID: d.ParentDeclarationID,
	})
	if err != nil {
		return nil, fmt.Errorf("look up person and doctor: %w", postgres.Error(err))
	}
	return &state{row.VerificationStatus, row.NoTaxID, row.ParentIsActive, row.PartyID, row.LegalEntityID, row.IsEmployed}, nil
}

// parties returns who and what the doctor signs about.
func (s Store) parties(ctx context.Context, d *details, now time.Time) (db.GetDeclarationPartiesRow, error) {
	row, err := db.New().GetDeclarationParties(ctx, s.Pool, db.GetDeclarationPartiesParams{
		PersonID: *parsed(d.PersonID), EmployeeID: *parsed(d.EmployeeID), LegalEntityID: *d.LegalEntityID, DivisionID: *parsed(d.DivisionID), At: now,
	})
	if err != nil {
		return row, fmt.Errorf("look up the parties of a declaration: %w", postgres.Error(err))
	}
	return row, nil
}

// lockDoctor makes approvals for a doctor wait until tx ends.
func (s Store) lockDoctor(ctx context.Context, tx postgres.Tx, party uuid.UUID) error {
	if err := db.New().LockDoctor(ctx, tx, party.String()); err != nil {
		return fmt.Errorf("lock doctor: %w", err)
	}
	return nil
}

// movement is a change of a request's status, and what comes with it.
type movement struct {
	to             string
	reason         *string
	dataToBeSigned json.RawMessage // nil: as it is
	form           *string         // nil: as it is
}

// move changes the status from that in which the request was read, with its audit
// row; fault.ErrStale when the request is no longer in it.
func (s Store) move(ctx context.Context, tx postgres.Tx, of requesting, m movement) error {
	r := of.request()
	rows, err := db.New().SetDeclarationRequestStatus(ctx, tx, db.SetDeclarationRequestStatusParams{
		ID: r.found.ID, FromStatus: r.found.Status, ToStatus: m.to, StatusReason: m.reason, DataToBeSigned: m.dataToBeSigned, PrintoutContent: m.form,
		UserID: r.UserID, At: r.Now,
	})
	if err != nil {
		return fmt.Errorf("set status of declaration request %s: %w", r.found.ID, err)
	}
	if rows == 0 {
		return fault.ErrStale
	}
	return logStatus(ctx, tx, &r.Caller, r.found.ID, m.to)
}

// moved shows the change in what was read.
func (d *details) moved(m movement) {
	d.Status = m.to
	if m.reason != nil {
		d.StatusReason = m.reason
	}
	if m.dataToBeSigned != nil {
		d.DataToBeSigned = m.dataToBeSigned
	}
}
