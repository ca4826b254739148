package floor

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/internal/platform/audit"
	"esoz/internal/platform/events"
	"esoz/internal/platform/postgres"
)

// createRequest stores a declaration request that documents confirm. It asks neither
// for the caller nor for the person.
func (s *server) createRequest(c echo.Context) error {
	ctx, now, q := c.Request().Context(), s.clock.Now(), db.New()
	by, err := s.identify(c.Request())
	if err != nil {
		return err
	}
	var body struct {
		PersonID   uuid.UUID `json:"person_id"`
		EmployeeID uuid.UUID `json:"employee_id"`
		DivisionID uuid.UUID `json:"division_id"`
	}
	if err := json.NewDecoder(c.Request().Body).Decode(&body); err != nil {
		return fmt.Errorf("decode body: %w", err)
	}
	doctor, err := q.GetDeclarationDoctor(ctx, s.pool, body.EmployeeID)
	if err != nil {
		return err
	}
	if _, err := q.GetDeclarationDivision(ctx, s.pool, body.DivisionID); err != nil {
		return err
	}
	if _, err := q.GetDeclarationPerson(ctx, s.pool, db.GetDeclarationPersonParams{ID: body.PersonID, At: now}); err != nil {
		return err
	}
	if _, err := q.ListConfirmingMethods(ctx, s.pool, db.ListConfirmingMethodsParams{PersonID: body.PersonID, At: now}); err != nil {
		return err
	}
	if _, err := q.ListConfidantDocuments(ctx, s.pool, db.ListConfidantDocumentsParams{PersonID: body.PersonID, At: now}); err != nil {
		return err
	}
	load, err := q.CountDoctorDeclarations(ctx, s.pool, db.CountDoctorDeclarationsParams{PartyID: doctor.PartyID, PersonID: body.PersonID})
	if err != nil {
		return err
	}
	id, declaration := uuid.New(), uuid.New()
	data := map[string]any{
		"person_id": body.PersonID, "employee_id": body.EmployeeID, "division_id": body.DivisionID, "legal_entity_id": by.ClientID,
		"start_date": now.Format(time.DateOnly), "end_date": now.AddDate(1, 0, 0).Format(time.DateOnly),
	}
	number := ""
	err = postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		next, err := q.BeginDeclarationRequest(ctx, tx, body.PersonID.String())
		if err != nil {
			return err
		}
		number = fmt.Sprint(next)
		params := db.InsertDeclarationRequestParams{
			ID: id, DeclarationID: &declaration, DeclarationNumber: number, PersonID: body.PersonID, LegalEntityID: *by.ClientID,
			EmployeeID: body.EmployeeID, StartDateYear: int32(now.Year()), CurrentDeclarationCount: load.Total, UserID: by.UserID, At: now, //nolint:gosec // a year
		}
		if params.Data, err = json.Marshal(data); err != nil {
			return err
		}
		if params.AuthenticationMethodCurrent, err = json.Marshal(map[string]string{"type": "OFFLINE"}); err != nil {
			return err
		}
		if params.Documents, err = json.Marshal([]map[string]string{{"type": "person.PASSPORT", "verb": "PUT"}}); err != nil {
			return err
		}
		cancelled, err := q.CancelDeclarationRequests(ctx, tx, db.CancelDeclarationRequestsParams{UserID: by.UserID, At: now, PersonID: body.PersonID})
		if err != nil {
			return err
		}
		for _, former := range cancelled {
			if err := status(ctx, tx, by, "declaration_requests", former, "CANCELLED", now); err != nil {
				return err
			}
		}
		if err := q.InsertDeclarationRequest(ctx, tx, params); err != nil {
			return err
		}
		return status(ctx, tx, by, "declaration_requests", id, "NEW", now)
	})
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	data["id"], data["declaration_id"], data["declaration_number"], data["status"] = id, declaration, number, "NEW"
	return c.JSON(http.StatusCreated, map[string]any{"meta": meta(c.Request()), "data": data})
}

// signRequest makes a declaration of the signed content.
func (s *server) signRequest(c echo.Context) error {
	ctx, now, q := c.Request().Context(), s.clock.Now(), db.New()
	by, err := s.identify(c.Request())
	if err != nil {
		return err
	}
	var body api.DeclarationRequestSign
	if err := json.NewDecoder(c.Request().Body).Decode(&body); err != nil {
		return fmt.Errorf("decode body: %w", err)
	}
	container, err := base64.StdEncoding.DecodeString(body.SignedDeclarationRequest)
	if err != nil {
		return fmt.Errorf("decode container: %w", err)
	}
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return fmt.Errorf("id of the request: %w", err)
	}
	found, err := q.GetDeclarationRequest(ctx, s.pool, id)
	if err != nil {
		return err
	}
	var data struct {
		PersonID   uuid.UUID `json:"person_id"`
		EmployeeID uuid.UUID `json:"employee_id"`
		DivisionID uuid.UUID `json:"division_id"`
		StartDate  string    `json:"start_date"`
		EndDate    string    `json:"end_date"`
	}
	if err := json.Unmarshal(found.Data, &data); err != nil {
		return fmt.Errorf("decode data: %w", err)
	}
	if _, err := q.GetDeclarationGrounds(ctx, s.pool, db.GetDeclarationGroundsParams{PersonID: data.PersonID, EmployeeID: data.EmployeeID}); err != nil {
		return err
	}
	err = postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := q.LockDeclarations(ctx, tx, data.PersonID.String()); err != nil {
			return err
		}
		if _, err := q.SetDeclarationRequestStatus(ctx, tx, db.SetDeclarationRequestStatusParams{ID: id, FromStatus: "APPROVED", ToStatus: "SIGNED", UserID: by.UserID, At: now}); err != nil {
			return err
		}
		if err := status(ctx, tx, by, "declaration_requests", id, "SIGNED", now); err != nil {
			return err
		}
		if _, err := q.EndDeclarations(ctx, tx, db.EndDeclarationsParams{PersonID: data.PersonID, UserID: by.UserID, At: now}); err != nil {
			return err
		}
		err := q.InsertDeclaration(ctx, tx, db.InsertDeclarationParams{
			ID: *found.DeclarationID, DeclarationNumber: found.DeclarationNumber, DeclarationRequestID: id, PersonID: data.PersonID, EmployeeID: data.EmployeeID,
			DivisionID: data.DivisionID, LegalEntityID: *found.DataLegalEntityID, StartDate: data.StartDate, EndDate: data.EndDate, At: now, Seed: "0", UserID: by.UserID,
		})
		if err != nil {
			return err
		}
		err = events.Write(ctx, tx, events.Event{
			ID: uuid.New(), Type: events.StatusChange, EntityType: "Declaration", EntityID: *found.DeclarationID, Attribute: "status", NewValue: "active", At: now, ChangedBy: by.UserID,
		})
		if err != nil {
			return err
		}
		if err := status(ctx, tx, by, "declarations", *found.DeclarationID, "active", now); err != nil {
			return err
		}
		return q.PutMedia(ctx, tx, db.PutMediaParams{Name: "declarations/" + found.DeclarationID.String() + "/signed_content", Content: s.keys.Seal("media", container), At: now})
	})
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	return c.JSON(http.StatusOK, api.DeclarationSignedResponse{Meta: meta(c.Request()), Data: api.DeclarationSigned{
		ID: found.DeclarationID.String(), DeclarationRequestID: id.String(), PersonID: data.PersonID.String(), Status: "active", IsActive: true,
		StartDate: data.StartDate, EndDate: data.EndDate,
	}})
}

// status is the audit row of a change of status.
func status(ctx context.Context, tx pgx.Tx, by db.ResolveIdentityRow, of string, id uuid.UUID, to string, now time.Time) error {
	return audit.Write(ctx, tx, audit.Entry{Actor: by.UserID, Resource: of, ResourceID: id, Changeset: map[string]any{"status": to}, At: now})
}
