package employees

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/postgres"
)

// requests is what getEmployeeRequest reads.
const requests = "employee_requests"

// ListEmployeeRequests serves GET /api/employee_requests.
func (a *API) ListEmployeeRequests(ctx context.Context, req api.ListEmployeeRequestsRequestObject) (api.ListEmployeeRequestsResponseObject, error) {
	p := req.Params
	s := &requestListing{Caller: a.Engine.Caller(ctx), requestFilter: requestFilter{
		Edrpou: envelope.Sent(p.Edrpou), LegalEntityName: envelope.Sent(p.LegalEntityName), Status: envelope.Sent(p.Status),
	}}
	s.ID, s.isID = envelope.SentID(p.ID)
	s.NoTaxID, s.isFlag = envelope.ParseBool(p.NoTaxID)
	if !s.SeesAll() {
		s.LegalEntityID = &s.ClientID
	}
	if err := operation.Run(ctx, requestListChecks, s); err != nil {
		return nil, err
	}
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := a.Store.listRequests(ctx, s.requestFilter, page)
	if err != nil {
		return nil, err
	}
	return api.ListEmployeeRequests200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// requestFilter narrows a list; what is nil does not.
type requestFilter db.ListEmployeeRequestsParams

// requestListing is one call of listEmployeeRequests.
type requestListing struct {
	operation.Caller
	requestFilter
	isID, isFlag bool // what was sent can be read
}

var requestListChecks = []operation.Check[*requestListing]{
	operation.IsUUID(rules.EmployeeRequestListID, "id", func(s *requestListing) bool { return s.isID }),
	operation.IsBoolean(rules.EmployeeRequestListNoTaxID, "no_tax_id", func(s *requestListing) bool { return s.isFlag }),
}

// GetEmployeeRequest serves GET /api/employee_requests/{id}.
func (a *API) GetEmployeeRequest(ctx context.Context, req api.GetEmployeeRequestRequestObject) (api.GetEmployeeRequestResponseObject, error) {
	s := &requestCall{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}
	if err := operation.Run(ctx, requestGetChecks, s); err != nil {
		return nil, err
	}
	s.shown.Meta = envelope.Meta(ctx, http.StatusOK)
	return api.GetEmployeeRequest200JSONResponse(s.shown), nil
}

// requestCall is one call of getEmployeeRequest.
type requestCall struct {
	operation.Caller
	*API
	pathID      string
	shown       api.EmployeeRequestResponse
	legalEntity uuid.UUID
}

var requestGetChecks = []operation.Check[*requestCall]{
	{Rule: rules.EmployeeRequestGetNotFound, Pass: func(ctx context.Context, s *requestCall) (err error) {
		id, ok := envelope.ParseID(s.pathID)
		if !ok {
			return fault.ErrNotFound
		}
		s.shown, s.legalEntity, err = s.Store.getRequest(ctx, id)
		return err
	}},
	{Rule: rules.EmployeeRequestGetOwner, Pass: func(_ context.Context, s *requestCall) error { return s.ExpectOwn(s.legalEntity) }},
}

// getRequest returns an employee request, whose legal entity it names;
// fault.ErrNotFound when there is none.
func (s Store) getRequest(ctx context.Context, id uuid.UUID) (shown api.EmployeeRequestResponse, legalEntity uuid.UUID, err error) {
	row, err := db.New().GetEmployeeRequest(ctx, s.Pool, id)
	if err != nil {
		return shown, uuid.Nil, fmt.Errorf("look up employee request: %w", postgres.Error(err))
	}
	for _, p := range []part{{row.Data, &shown.Data}, {row.Listed, &shown.Data}, {row.Known, &shown.Data}, {row.Urgent, &shown.Urgent}} {
		if err := json.Unmarshal(p.stored, p.shown); err != nil {
			return shown, uuid.Nil, fmt.Errorf("decode employee request %s: %w", id, err)
		}
	}
	return shown, row.LegalEntityID, nil
}

// listRequests returns a page of employee requests, newest first, and how many there are
// in all.
func (s Store) listRequests(ctx context.Context, f requestFilter, page envelope.Page) (found []api.EmployeeRequestShort, total int, err error) {
	read := func(ctx context.Context, from postgres.Conn, limit, offset int32) ([]db.ListEmployeeRequestsRow, error) {
		f.PageLimit, f.PageOffset = limit, offset
		return db.New().ListEmployeeRequests(ctx, from, db.ListEmployeeRequestsParams(f))
	}
	rows, total, err := postgres.Page(ctx, s.Lists, page, read, func(row db.ListEmployeeRequestsRow) int64 { return row.Total })
	if err != nil {
		return nil, 0, fmt.Errorf("list employee requests: %w", err)
	}
	found = make([]api.EmployeeRequestShort, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal(row.ILEmployeeRequestDetail.Listed, &found[i]); err != nil {
			return nil, 0, fmt.Errorf("decode employee request %s: %w", row.ILEmployeeRequestDetail.ID, err)
		}
	}
	return found, total, nil
}
