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
	"esoz/internal/platform/sms"
)

// createRequest stores a declaration request and sends its code, whoever asks for
// whomever.
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
	methods, err := q.ListConfirmingMethods(ctx, s.pool, db.ListConfirmingMethodsParams{PersonID: body.PersonID, At: now})
	if err != nil {
		return err
	}
	load, err := q.CountDoctorDeclarations(ctx, s.pool, db.CountDoctorDeclarationsParams{PartyID: doctor.PartyID, PersonID: body.PersonID})
	if err != nil {
		return err
	}
	id, declaration, code, phone := uuid.New(), uuid.New(), uuid.New(), *methods[0].PhoneNumber
	answer := api.DeclarationRequestCreatedResponse{Meta: meta(c.Request())}
	answer.Data.ID = id.String()
	err = postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		number, err := q.BeginDeclarationRequest(ctx, tx, body.PersonID.String())
		if err != nil {
			return err
		}
		answer.Data.DeclarationNumber = fmt.Sprint(number)
		params := db.InsertDeclarationRequestParams{
			ID: id, DeclarationID: &declaration, DeclarationNumber: answer.Data.DeclarationNumber, PersonID: body.PersonID, LegalEntityID: *by.ClientID,
			EmployeeID: body.EmployeeID, StartDateYear: int32(now.Year()), CurrentDeclarationCount: load.Total, UserID: by.UserID, At: now, //nolint:gosec // a year
		}
		if params.Data, err = json.Marshal(map[string]any{
			"person_id": body.PersonID, "employee_id": body.EmployeeID, "division_id": body.DivisionID, "legal_entity_id": by.ClientID,
			"start_date": now.Format(time.DateOnly), "end_date": now.AddDate(1, 0, 0).Format(time.DateOnly),
		}); err != nil {
			return err
		}
		if params.AuthenticationMethodCurrent, err = json.Marshal(map[string]string{"type": "OTP", "number": phone}); err != nil {
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
		if err := status(ctx, tx, by, "declaration_requests", id, "NEW", now); err != nil {
			return err
		}
		return s.storeCode(ctx, tx, phone, id, code, now)
	})
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	return c.JSON(http.StatusCreated, &answer)
}

// storeCode stores a code for a request and queues its SMS.
func (s *server) storeCode(ctx context.Context, tx pgx.Tx, phone string, request, id uuid.UUID, now time.Time) error {
	const code = 3782
	q := db.New()
	if err := q.LockPhone(ctx, tx, phone); err != nil {
		return err
	}
	if _, err := q.CancelActiveVerification(ctx, tx, db.CancelActiveVerificationParams{PhoneNumber: phone, ResourceID: &request}); err != nil {
		return err
	}
	err := q.InsertVerification(ctx, tx, db.InsertVerificationParams{
		ID: id, PhoneNumber: phone, ResourceID: &request, CodeHash: s.keys.Code(id, code), CodeExpiredAt: now.Add(codeLife), InsertedAt: now,
	})
	if err != nil {
		return err
	}
	return s.outbox.Enqueue(ctx, tx, sms.Message{
		Phone: phone, Text: fmt.Sprint("Код авторизації дій в системі eHealth: ", code), Type: sms.TypeVerification, VerificationID: &id,
	})
}

// signRequest makes a declaration of whatever was sent.
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
	if _, err := q.GetDeclarationState(ctx, s.pool, db.GetDeclarationStateParams{PersonID: data.PersonID, EmployeeID: data.EmployeeID}); err != nil {
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
