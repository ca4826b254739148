package declarations

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// Reasons why a declaration has ended.
const (
	byPerson    = "manual_person"
	byDismissal = "manual_employee" // decisions R45
)

// ApproveDeclaration serves PATCH /api/declarations/{id}/actions/approve.
func (a *API) ApproveDeclaration(ctx context.Context, req api.ApproveDeclarationRequestObject) (api.ApproveDeclarationResponseObject, error) {
	s := a.call(ctx, req.ID)
	if err := Approve.Run(ctx, s); err != nil {
		return nil, err
	}
	return api.ApproveDeclaration200JSONResponse(s.changed(ctx)), nil
}

// Approve takes a declaration that waits for verification into force.
var Approve = operation.RowTransition[*call]{
	ID:     "approveDeclaration",
	Checks: ofNHS("declaration.approve."),
	Moves:  moves(api.DeclarationStatusPendingVerification, api.DeclarationStatusActive),
	Write:  setStatus(api.DeclarationStatusActive, nil),
}

// RejectDeclaration serves PATCH /api/declarations/{id}/actions/reject.
func (a *API) RejectDeclaration(ctx context.Context, req api.RejectDeclarationRequestObject) (api.RejectDeclarationResponseObject, error) {
	s := a.call(ctx, req.ID)
	if err := Reject.Run(ctx, s); err != nil {
		return nil, err
	}
	return api.RejectDeclaration200JSONResponse(s.changed(ctx)), nil
}

// Reject ends a declaration that waits for verification.
var Reject = operation.RowTransition[*call]{
	ID:     "rejectDeclaration",
	Checks: ofNHS("declaration.reject."),
	Moves:  moves(api.DeclarationStatusPendingVerification, api.DeclarationStatusRejected),
	Write:  setStatus(api.DeclarationStatusRejected, nil),
}

// ofNHS are the checks of what the National Health Service does with declarations
// that wait for it.
func ofNHS(family rules.ID) []operation.Check[*call] {
	return []operation.Check[*call]{
		lookUp(family+"not_found", Store.state),
		{Rule: family + "legal_entity", Pass: isOpen},
		{Rule: family + "removed", Pass: func(_ context.Context, s *call) error {
			return operation.Expect(s.found.isActive, "is_active of the declaration", true, false)
		}},
		{Rule: family + "status", Pass: isIn(api.DeclarationStatusPendingVerification)},
	}
}

// TerminateDeclaration serves PATCH /api/cabinet/declarations/{id}/actions/terminate.
func (a *API) TerminateDeclaration(ctx context.Context, req api.TerminateDeclarationRequestObject) (api.TerminateDeclarationResponseObject, error) {
	answer, err := a.terminate(ctx, Terminate, req.ID, req.Body)
	if err != nil {
		return nil, err
	}
	return api.TerminateDeclaration200JSONResponse(answer), nil
}

// Terminate ends the patient's own active declaration.
var Terminate = ofPatient("terminateDeclaration", "declaration.terminate.")

// TerminateDeclarationPis serves PATCH /api/pis/declarations/{id}/actions/terminate.
func (a *API) TerminateDeclarationPis(ctx context.Context, req api.TerminateDeclarationPisRequestObject) (api.TerminateDeclarationPisResponseObject, error) {
	answer, err := a.terminate(ctx, TerminatePIS, req.ID, req.Body)
	if err != nil {
		return nil, err
	}
	return api.TerminateDeclarationPis200JSONResponse(answer), nil
}

// TerminatePIS is Terminate of the patient's own information system.
var TerminatePIS = ofPatient("terminateDeclarationPis", "declaration.terminate_pis.")

func (a *API) terminate(
	ctx context.Context, end operation.RowTransition[*call], id string, body *api.DeclarationTermination,
) (api.DeclarationChangedResponse, error) {
	s := a.call(ctx, id)
	if body != nil {
		s.words = body.ReasonDescription
	}
	if err := end.Run(ctx, s); err != nil {
		return api.DeclarationChangedResponse{}, err //nolint:wrapcheck // a refusal, or says what failed
	}
	return s.changed(ctx), nil
}

// ofPatient ends the patient's own active declaration.
func ofPatient(id string, family rules.ID) operation.RowTransition[*call] {
	return operation.RowTransition[*call]{
		ID: id,
		Checks: []operation.Check[*call]{
			lookUp(family+"not_found", Store.state),
			{Rule: family + "legal_entity", Pass: isOpen},
			{Rule: family + "person", Pass: func(_ context.Context, s *call) error {
				return operation.Expect(s.found.personExists, "person of the declaration", "exists", "nothing")
			}},
			{Rule: family + "status", Pass: isIn(api.DeclarationStatusActive)},
			{Rule: family + "own", Pass: isOwn},
		},
		Moves: moves(api.DeclarationStatusActive, api.DeclarationStatusTerminated),
		Write: setStatus(api.DeclarationStatusTerminated, new(byPerson)),
	}
}

// isOwn passes when the user of the token is the person of the declaration.
func isOwn(ctx context.Context, s *call) error {
	person, err := db.New().GetUserPerson(ctx, s.Store.Pool, s.UserID)
	if err != nil {
		return fmt.Errorf("look up the person of the user: %w", postgres.Error(err))
	}
	return operation.Expect(person != nil && *person == s.found.personID, "person of the user", "the person of the declaration", "another one")
}

func moves(from, to api.DeclarationStatus) *operation.Moves {
	return &operation.Moves{Collection: table, Attribute: "status", From: []string{string(from)}, To: []string{string(to)}}
}

func isIn(status api.DeclarationStatus) func(context.Context, *call) error {
	return func(_ context.Context, s *call) error {
		return operation.Expect(s.found.status == status, "status", status, s.found.status)
	}
}

// setStatus is the Write of operations that set the status.
func setStatus(to api.DeclarationStatus, reason *string) func(context.Context, *call) error {
	return func(ctx context.Context, s *call) error {
		by := author{s.UserID, s.Engine.Clock.Now()}
		//nolint:wrapcheck // says what failed
		return postgres.InTx(ctx, s.Store.Pool, func(tx postgres.Tx) error {
			changed, err := db.New().SetDeclarationStatus(ctx, tx, db.SetDeclarationStatusParams{
				ID: s.found.id, FromStatus: string(s.found.status), ToStatus: string(to), Reason: reason, ReasonDescription: s.words,
				UserID: by.user, At: by.at,
			})
			if err != nil {
				return fmt.Errorf("set status of declaration %s: %w", s.found.id, err)
			}
			if len(changed) == 0 {
				return fault.ErrStale
			}
			if err := record(ctx, tx, changed, status{to, reason}, by); err != nil {
				return err
			}
			after, err := s.Store.getIn(ctx, tx, s.found.id)
			if err != nil {
				return err
			}
			s.found.shown = after.shown
			return nil
		})
	}
}

func (s *call) changed(ctx context.Context) api.DeclarationChangedResponse {
	return api.DeclarationChangedResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.found.shown}
}

// author is who changes declarations, and when.
type author struct {
	user uuid.UUID
	at   time.Time
}

// status is what declarations get, as the audit log keeps it.
type status struct {
	Status api.DeclarationStatus `json:"status"`
	Reason *string               `json:"reason,omitempty"`
}

// record writes the events and audit rows of declarations that got a status.
func record(ctx context.Context, tx postgres.Tx, ids []uuid.UUID, got status, by author) error {
	changeset, err := json.Marshal(got)
	if err != nil {
		return fmt.Errorf("encode audit changeset of declarations: %w", err)
	}
	err = db.New().RecordDeclarations(ctx, tx, db.RecordDeclarationsParams{
		IDs: ids, Status: string(got.Status), Changeset: changeset, UserID: by.user, At: by.at,
	})
	if err != nil {
		return fmt.Errorf("record the status of declarations: %w", err)
	}
	return nil
}

// EndOfEmployee ends the declarations of an employee who is dismissed, in the
// transaction of the dismissal.
func (s Store) EndOfEmployee(ctx context.Context, tx postgres.Tx, employee, user uuid.UUID, at time.Time) error {
	ended, err := db.New().EndDeclarationsOfEmployee(ctx, tx, db.EndDeclarationsOfEmployeeParams{
		EmployeeID: employee, Reason: byDismissal, UserID: user, At: at,
	})
	if err != nil {
		return fmt.Errorf("end declarations of employee %s: %w", employee, err)
	}
	return record(ctx, tx, ended, status{api.DeclarationStatusTerminated, new(byDismissal)}, author{user, at})
}

// Close closes the declarations whose last day is over in Kyiv.
func (a *API) Close(ctx context.Context) error {
	by := author{a.Engine.Config.Get().SystemUser, a.Engine.Clock.Now()}
	//nolint:wrapcheck // says what failed
	return postgres.InBatches(ctx, func(ctx context.Context, limit int32) (closed int64, err error) {
		err = postgres.InTx(ctx, a.Store.Pool, func(tx postgres.Tx) error {
			ids, err := db.New().CloseDeclarations(ctx, tx, db.CloseDeclarationsParams{
				Today: clock.Today(by.at), Batch: limit, UserID: by.user, At: by.at,
			})
			if err != nil {
				return fmt.Errorf("close declarations: %w", err)
			}
			closed = int64(len(ids))
			return record(ctx, tx, ids, status{Status: api.DeclarationStatusClosed}, by)
		})
		return closed, err
	})
}
