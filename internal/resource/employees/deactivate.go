package employees

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/validation"
)

// Words that decide something here.
const (
	approved = "APPROVED"
	doctor   = "DOCTOR"
)

// DeactivateEmployee serves PATCH /api/employees/{id}/actions/deactivate.
func (a *API) DeactivateEmployee(ctx context.Context, req api.DeactivateEmployeeRequestObject) (api.DeactivateEmployeeResponseObject, error) {
	s := &call{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}
	if req.Body != nil {
		s.sent = *req.Body
	}
	if err := Deactivate.Run(ctx, s); err != nil {
		return nil, err
	}
	return api.DeactivateEmployee200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.shown}, nil
}

// call is one call of an operation on an employee.
type call struct {
	operation.Caller
	*API
	pathID string
	sent   api.EmployeeDeactivation // what its schema does not refuse
	found  *employee                // of those that change
	shown  api.Employee             // after Write, or as it was found

	legalEntity uuid.UUID // of whom is shown
}

func (a *API) read(ctx context.Context, sent *validation.Checked) *call {
	s := &call{Caller: a.Engine.Caller(ctx), API: a}
	if status := sent.Text("status"); status != nil {
		s.sent.Status = new(api.EmployeeDeactivationStatus(*status))
	}
	s.sent.EndDate = sent.Text("end_date")
	if !sent.Sound("end_date") {
		s.sent.EndDate = new("") // is there, but is refused
	}
	return s
}

// Deactivate dismisses an employee, with what depends on their work.
var Deactivate = operation.RowTransition[*call]{
	ID: "deactivateEmployee",
	Body: []operation.Check[*call]{
		{Rule: rules.EmployeeDeactivateEndDate, Pass: func(_ context.Context, s *call) error {
			stopped := s.sent.Status != nil && *s.sent.Status == api.EmployeeDeactivationStatusSTOPPED
			return operation.Unless(!stopped || s.sent.EndDate != nil)
		}},
		{Rule: rules.EmployeeDeactivateEndDatePast, Pass: func(_ context.Context, s *call) error {
			today := clock.Today(s.Now).Format(time.DateOnly)
			return operation.Expect(s.sent.EndDate == nil || *s.sent.EndDate <= today, "end_date", "not after "+today, "a later day")
		}},
	},
	Checks: []operation.Check[*call]{
		{Rule: rules.EmployeeDeactivateNotFound, Pass: func(ctx context.Context, s *call) (err error) {
			id, ok := envelope.ParseID(s.pathID)
			if !ok {
				return fault.ErrNotFound
			}
			s.found, err = s.Store.state(ctx, id, s.ClientID, s.UserID)
			return err
		}},
		{Rule: rules.EmployeeDeactivateOwner, Pass: func(_ context.Context, s *call) error {
			return operation.Expect(s.found.LegalEntityID == s.ClientID || s.found.IsSuccessor, "legal entity of the employee",
				s.ClientID.String()+", or one that was merged into it", "another legal entity")
		}},
		{Rule: rules.EmployeeDeactivateOwnerType, Pass: func(_ context.Context, s *call) error {
			isOwner := s.found.EmployeeType == "OWNER" || s.found.EmployeeType == "PHARMACY_OWNER"
			return operation.Expect(!isOwner, "employee_type", "neither OWNER nor PHARMACY_OWNER", s.found.EmployeeType)
		}},
		{Rule: rules.EmployeeDeactivateStatus, Pass: func(_ context.Context, s *call) error {
			return operation.Expect(s.found.IsActive && s.found.Status == approved, "status, and is_active", approved+", true", s.found.Status)
		}},
		{Rule: rules.EmployeeDeactivateRoles, Pass: func(_ context.Context, s *call) error {
			return operation.Expect(s.Config.EmployeeWithRoles == config.EndRoles || !s.found.HasRoles, "employee roles", "none that is active", "some")
		}},
		{Rule: rules.EmployeeDeactivateEndDateStart, Pass: func(_ context.Context, s *call) error {
			start := s.found.StartDate.Format(time.DateOnly)
			return operation.Expect(s.sent.EndDate == nil || *s.sent.EndDate >= start, "end_date", "not before "+start, "an earlier day")
		}},
	},
	Moves: &operation.Moves{
		Collection: table, Attribute: "status", From: []string{approved},
		To: []string{string(config.Stopped), string(config.Dismissed), string(config.EnteredInError), string(config.EnteredInErrorWithSpaces)},
	},
	Write: func(ctx context.Context, s *call) (err error) {
		s.shown, err = s.Store.dismiss(ctx, s.found, dismissal{status: s.status(), endDate: s.endDate(), by: s.UserID, at: s.Engine.Clock.Now()})
		return err
	},
}

// status is what the employee gets.
func (s *call) status() string {
	if s.sent.Status != nil && *s.sent.Status != api.EmployeeDeactivationStatusSTOPPED {
		return string(s.Config.EmployeeEnteredInError)
	}
	if stopped := s.Config.EmployeeStopped; stopped != config.StoppedByBody {
		return string(stopped)
	}
	if s.sent.Status == nil {
		return string(config.Dismissed)
	}
	return string(config.Stopped)
}

// endDate is the day of the body, or today.
func (s *call) endDate() time.Time {
	if s.sent.EndDate != nil {
		if day, err := time.Parse(time.DateOnly, *s.sent.EndDate); err == nil {
			return day
		}
	}
	return clock.Today(s.Now)
}
