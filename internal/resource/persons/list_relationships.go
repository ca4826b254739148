package persons

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListConfidantPersonRelationships serves GET
// /api/persons/{id}/confidant_person_relationships.
func (a *API) ListConfidantPersonRelationships(
	ctx context.Context, req api.ListConfidantPersonRelationshipsRequestObject,
) (api.ListConfidantPersonRelationshipsResponseObject, error) {
	expired, isBool := envelope.ParseBool(req.Params.IsExpired)
	s := &of{Caller: a.Engine.Caller(ctx), people: a.People, sent: req.ID, isBool: isBool}
	if err := operation.Run(ctx, relationshipsChecks, s); err != nil {
		return nil, err
	}
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	data, total, err := a.People.relationships(ctx, s.id, expired != nil && *expired, page)
	if err != nil {
		return nil, err
	}
	return api.ListConfidantPersonRelationships200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: data, Paging: page.Paging(total, envelope.EmptySQL),
	}, nil
}

var relationshipsChecks = []operation.Check[*of]{
	{Rule: rules.PersonRelationshipsIsExpired, Pass: func(_ context.Context, s *of) error {
		return operation.Expect(s.isBool, "is_expired", "true or false", "another text")
	}},
	isActive(rules.PersonRelationshipsNotFound),
}
