package declarations

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListDeclarations serves GET /api/declarations.
func (a *API) ListDeclarations(ctx context.Context, req api.ListDeclarationsRequestObject) (api.ListDeclarationsResponseObject, error) {
	s := newListing(a.Engine.Caller(ctx), req.Params)
	if err := operation.Run(ctx, listChecks, s); err != nil {
		return nil, err
	}
	page, found, total := envelope.PageOf(req.Params.Page, req.Params.PageSize), []api.DeclarationShort{}, 0
	if !s.foreign {
		var err error
		if found, total, err = a.Store.list(ctx, s.filter, page); err != nil {
			return nil, err
		}
	}
	return api.ListDeclarations200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// filter narrows a list; what is nil does not.
type filter struct {
	legalEntity, employee *uuid.UUID
	number, reason        *string
	status                api.DeclarationStatus
}

// listing is one call of listDeclarations.
type listing struct {
	operation.Caller
	filter
	isEmployeeID, isLegalEntityID bool // what was sent is a UUID
	foreign                       bool // asks for another legal entity than the caller's, of which nothing is shown
}

func newListing(by operation.Caller, params api.ListDeclarationsParams) *listing {
	s := &listing{Caller: by, filter: filter{
		number: envelope.Sent(params.DeclarationNumber), reason: envelope.Sent(params.Reason), status: api.DeclarationStatusActive,
	}}
	if status := envelope.Sent(params.Status); status != nil {
		s.status = api.DeclarationStatus(*status)
	}
	s.employee, s.isEmployeeID = envelope.SentID(params.EmployeeID)
	s.legalEntity, s.isLegalEntityID = envelope.SentID(params.LegalEntityID)
	if !by.SeesAll() {
		s.foreign = s.legalEntity != nil && *s.legalEntity != by.ClientID
		s.legalEntity = &by.ClientID
	}
	return s
}

var statuses = []api.DeclarationStatus{
	api.DeclarationStatusActive, api.DeclarationStatusPendingVerification, api.DeclarationStatusTerminated, api.DeclarationStatusClosed,
	api.DeclarationStatusRejected,
}

var listChecks = []operation.Check[*listing]{
	{Rule: rules.DeclarationListEmployeeID, Pass: func(_ context.Context, s *listing) error {
		return operation.Expect(s.isEmployeeID, "employee_id", "a UUID", "another text")
	}},
	{Rule: rules.DeclarationListLegalEntityID, Pass: func(_ context.Context, s *listing) error {
		return operation.Expect(s.isLegalEntityID, "legal_entity_id", "a UUID", "another text")
	}},
	{Rule: rules.DeclarationListStatus, Pass: func(_ context.Context, s *listing) error {
		return operation.Expect(slices.Contains(statuses, s.status), "status", statuses, "another word")
	}},
}
