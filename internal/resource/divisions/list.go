package divisions

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/auth"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/subject"
)

// ListDivisions serves GET /api/divisions.
func (a *API) ListDivisions(ctx context.Context, req api.ListDivisionsRequestObject) (api.ListDivisionsResponseObject, error) {
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := a.list(ctx, auth.From(ctx), req.Params, page)
	if err != nil {
		return nil, err
	}
	return api.ListDivisions200JSONResponse{
		Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL),
	}, nil
}

// list returns a page of the divisions of the caller's legal entity. In this
// order:
//
//	division.list.legal_entity_active   the legal entity is ACTIVE or SUSPENDED; is_active is not asked here
//	division.list.ids                   ids are UUIDs
//	division.list.legal_entity_id       so is legal_entity_id; refused together with ids
func (a *API) list(ctx context.Context, by auth.Subject, params api.ListDivisionsParams, page envelope.Page) ([]api.Division, int, error) {
	cfg := a.config.Get()
	if le := by.LegalEntity; cfg.On(rules.DivisionListLegalEntityActive) &&
		(le == nil || le.Status != subject.Active && le.Status != subject.Suspended) {
		return nil, 0, fault.Refuse(rules.DivisionListLegalEntityActive)
	}
	wanted, foreign, refusal := filterOf(cfg, by.ClientID, params)
	if refusal != nil {
		return nil, 0, refusal
	}
	if foreign {
		return []api.Division{}, 0, nil
	}
	return a.store.list(ctx, wanted, page)
}

// filter narrows a list; what is nil does not.
type filter struct {
	legalEntityID uuid.UUID
	ids           []uuid.UUID
	name          *string
	kind          *string
	status        *string
}

// filterOf reads the query. foreign tells that it asks for another legal entity
// than the caller's, of which nothing is shown.
func filterOf(cfg *config.Config, own uuid.UUID, params api.ListDivisionsParams) (f filter, foreign bool, refusal *fault.Error) {
	f = filter{legalEntityID: own, name: given(params.Name), kind: given(params.Type), status: given(params.Status)}
	if ids := given(params.Ids); ids != nil {
		f.ids = []uuid.UUID{}
		for _, text := range strings.Split(*ids, ",") {
			if id, ok := envelope.ParseID(text); ok {
				f.ids = append(f.ids, id)
			} else if cfg.On(rules.DivisionListIDs) {
				refusal = fault.Refuse(rules.DivisionListIDs)
			}
		}
	}
	if text := given(params.LegalEntityID); text != nil {
		id, ok := envelope.ParseID(*text)
		if !ok && cfg.On(rules.DivisionListLegalEntityID) {
			refusal = fault.Join(refusal, fault.Refuse(rules.DivisionListLegalEntityID))
		}
		foreign = !ok || id != own
	}
	return f, foreign, refusal
}

// given takes an empty value for an absent one, as the original's casting does.
func given(value *string) *string {
	if value == nil || *value == "" {
		return nil
	}
	return value
}
