package employees

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// ListEmployeeRoles serves GET /api/employee_roles.
func (a *API) ListEmployeeRoles(ctx context.Context, req api.ListEmployeeRolesRequestObject) (api.ListEmployeeRolesResponseObject, error) {
	p := req.Params
	s := &roleListing{Caller: a.Engine.Caller(ctx), params: p}
	s.EmployeeID, s.isEmployee = envelope.SentID(p.EmployeeID)
	s.HealthcareServiceID, s.isService = envelope.SentID(p.HealthcareServiceID)
	if status := envelope.Sent(p.Status); status != nil {
		s.Status = new(strings.ToUpper(*status))
	}
	if !s.SeesAll() {
		s.LegalEntityID = &s.ClientID
	}
	if err := operation.Run(ctx, roleListChecks, s); err != nil {
		return nil, err
	}
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := a.Store.listRoles(ctx, s.roleFilter, page)
	if err != nil {
		return nil, err
	}
	return api.ListEmployeeRoles200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// roleFilter narrows a list; what is nil does not.
type roleFilter db.ListEmployeeRolesParams

// roleListing is one call of listEmployeeRoles.
type roleListing struct {
	operation.Caller
	roleFilter
	params                api.ListEmployeeRolesParams
	isEmployee, isService bool // what was sent is a UUID
}

var roleListChecks = []operation.Check[*roleListing]{
	{Rule: rules.EmployeeRoleListAny, Pass: func(_ context.Context, s *roleListing) error {
		return operation.Expect(s.params != api.ListEmployeeRolesParams{}, "parameters", "one, such as page_size", "none")
	}},
	operation.IsUUID(rules.EmployeeRoleListEmployeeID, "employee_id", func(s *roleListing) bool { return s.isEmployee }),
	operation.IsUUID(rules.EmployeeRoleListHealthcareServiceID, "healthcare_service_id", func(s *roleListing) bool { return s.isService }),
}

// GetEmployeeRole serves GET /api/employee_roles/{id}.
func (a *API) GetEmployeeRole(ctx context.Context, req api.GetEmployeeRoleRequestObject) (api.GetEmployeeRoleResponseObject, error) {
	s := &roleCall{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}
	if err := operation.Run(ctx, roleGetChecks, s); err != nil {
		return nil, err
	}
	return api.GetEmployeeRole200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: s.shown}, nil
}

// roleCall is one call of getEmployeeRole.
type roleCall struct {
	operation.Caller
	*API
	pathID      string
	shown       api.EmployeeRole
	legalEntity uuid.UUID
}

var roleGetChecks = []operation.Check[*roleCall]{
	{Rule: rules.EmployeeRoleGetNotFound, Pass: func(ctx context.Context, s *roleCall) (err error) {
		id, ok := envelope.ParseID(s.pathID)
		if !ok {
			return fault.ErrNotFound
		}
		s.shown, s.legalEntity, err = s.Store.getRole(ctx, id)
		return err
	}},
	{Rule: rules.EmployeeRoleGetOwner, Pass: func(_ context.Context, s *roleCall) error { return s.ExpectOwn(s.legalEntity) }},
}

// getRole returns an active employee role, whose legal entity it names;
// fault.ErrNotFound when there is none.
func (s Store) getRole(ctx context.Context, id uuid.UUID) (api.EmployeeRole, uuid.UUID, error) {
	row, err := db.New().GetEmployeeRole(ctx, s.Pool, id)
	if err != nil {
		return api.EmployeeRole{}, uuid.Nil, fmt.Errorf("look up employee role: %w", postgres.Error(err))
	}
	return showRole(row.PRMEmployeeRole), row.LegalEntityID, nil
}

// listRoles returns a page of employee roles, oldest first, and how many there are in all.
func (s Store) listRoles(ctx context.Context, f roleFilter, page envelope.Page) (found []api.EmployeeRole, total int, err error) {
	read := func(ctx context.Context, from postgres.Conn, limit, offset int32) ([]db.ListEmployeeRolesRow, error) {
		f.PageLimit, f.PageOffset = limit, offset
		return db.New().ListEmployeeRoles(ctx, from, db.ListEmployeeRolesParams(f))
	}
	rows, total, err := postgres.Page(ctx, s.Lists, page, read, func(row db.ListEmployeeRolesRow) int64 { return row.Total })
	if err != nil {
		return nil, 0, fmt.Errorf("list employee roles: %w", err)
	}
	found = make([]api.EmployeeRole, len(rows))
	for i, row := range rows {
		found[i] = showRole(row.PRMEmployeeRole)
	}
	return found, total, nil
}

func showRole(row db.PRMEmployeeRole) api.EmployeeRole {
	end := nullable.NewNullNullable[string]()
	if row.EndDate != nil {
		end.Set(envelope.Micro(*row.EndDate))
	}
	return api.EmployeeRole{
		ID: row.ID.String(), HealthcareServiceID: row.HealthcareServiceID.String(), EmployeeID: row.EmployeeID.String(),
		StartDate: envelope.Micro(row.StartDate), EndDate: end, Status: api.EmployeeRoleStatus(row.Status), IsActive: row.IsActive,
		InsertedAt: envelope.Micro(row.InsertedAt), InsertedBy: row.InsertedBy.String(),
		UpdatedAt: envelope.Micro(row.UpdatedAt), UpdatedBy: row.UpdatedBy.String(),
	}
}
