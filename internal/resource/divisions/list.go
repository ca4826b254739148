package divisions

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/subject"
)

// ListDivisions serves GET /api/divisions: those of the caller's legal entity.
func (a *API) ListDivisions(ctx context.Context, req api.ListDivisionsRequestObject) (api.ListDivisionsResponseObject, error) {
	s := newListing(a.Engine.Caller(ctx), req.Params)
	if err := operation.Run(ctx, listChecks, s); err != nil {
		return nil, err
	}
	page, found, total := envelope.PageOf(req.Params.Page, req.Params.PageSize), []api.Division{}, 0
	if !s.foreign {
		var err error
		if found, total, err = a.Store.list(ctx, s.filter, page); err != nil {
			return nil, err
		}
	}
	return api.ListDivisions200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL),
	}, nil
}

// listing is one call of listDivisions.
type listing struct {
	operation.Caller
	filter                 filter
	badIDs, badLegalEntity bool // what was sent is no UUID
	foreign                bool // asks for another legal entity than the caller's, of which nothing is shown
}

var listChecks = []operation.Check[*listing]{
	// Unlike in the other operations, is_active is not asked.
	{Rule: rules.DivisionListLegalEntityActive, Caller: func(c *operation.Caller) error {
		return operation.ExpectStatus(c.LegalEntity,
			c.LegalEntity != nil && (c.LegalEntity.Status == subject.Active || c.LegalEntity.Status == subject.Suspended), subject.Active, subject.Suspended)
	}},
	{Rule: rules.DivisionListIDs, Pass: func(_ context.Context, s *listing) error {
		return operation.Expect(!s.badIDs, "ids", "UUIDs with commas between them", "another text")
	}},
	{Rule: rules.DivisionListLegalEntityID, Pass: func(_ context.Context, s *listing) error {
		return operation.Expect(!s.badLegalEntity, "legal_entity_id", "a UUID", "another text")
	}},
}

// filter narrows a list; what is nil does not.
type filter struct {
	legalEntityID uuid.UUID
	ids           []uuid.UUID
	name          *string
	kind          *string
	status        *string
}

func newListing(by operation.Caller, params api.ListDivisionsParams) *listing {
	s := &listing{Caller: by, filter: filter{
		legalEntityID: by.ClientID, name: given(params.Name), kind: given(params.Type), status: given(params.Status),
	}}
	if ids := given(params.Ids); ids != nil {
		s.filter.ids = []uuid.UUID{}
		for _, text := range strings.Split(*ids, ",") {
			if id, ok := envelope.ParseID(text); ok {
				s.filter.ids = append(s.filter.ids, id)
			} else {
				s.badIDs = true
			}
		}
	}
	if text := given(params.LegalEntityID); text != nil {
		id, ok := envelope.ParseID(*text)
		s.badLegalEntity, s.foreign = !ok, !ok || id != by.ClientID
	}
	return s
}

// given takes an empty value for an absent one, as the original's casting does.
func given(value *string) *string {
	if value == nil || *value == "" {
		return nil
	}
	return value
}
