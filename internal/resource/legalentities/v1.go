package legalentities

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListLegalEntitiesV1 serves GET /api/legal_entities.
func (a *API) ListLegalEntitiesV1(ctx context.Context, req api.ListLegalEntitiesV1RequestObject) (api.ListLegalEntitiesV1ResponseObject, error) {
	p := req.Params
	s := newListing(a.Engine.Caller(ctx), api.ListLegalEntitiesParams{
		Edrpou: p.Edrpou, LegalEntityID: p.LegalEntityID, SettlementID: p.SettlementID, Type: p.Type, Status: p.Status, NhsVerified: p.NhsVerified,
	})
	s.OwnerPropertyType = envelope.Sent(p.OwnerProperty)
	if err := operation.Run(ctx, listV1Checks, s); err != nil {
		return nil, err
	}
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := list(ctx, a.Store, s, page, showV1)
	if err != nil {
		return nil, err
	}
	for i := range found { // the list has neither
		found[i].NhsReviewed, found[i].NhsComment = nil, nil
	}
	return api.ListLegalEntitiesV1200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// GetLegalEntityV1 serves GET /api/legal_entities/{id}.
func (a *API) GetLegalEntityV1(ctx context.Context, req api.GetLegalEntityV1RequestObject) (api.GetLegalEntityV1ResponseObject, error) {
	s := a.call(ctx, req.ID)
	if err := operation.Run(ctx, getV1Checks, s); err != nil {
		return nil, err
	}
	var shown api.LegalEntityV1
	if err := showV1(s.found, &shown); err != nil {
		return nil, err
	}
	return api.GetLegalEntityV1200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: shown}, nil
}

var (
	listV1Checks = listChecksOf(rules.LegalEntityListV1LegalEntityID, rules.LegalEntityListV1SettlementID, rules.LegalEntityListV1NhsVerified)
	getV1Checks  = getChecksOf(rules.LegalEntityGetV1Owner, rules.LegalEntityGetV1NotFound)
)

// showV1 shows a legal entity in its former shape: codes of economic activity, and the
// license in a list.
func showV1(row db.PRMLegalEntityDetail, into *api.LegalEntityV1) error {
	var now api.LegalEntity
	if err := show(row, &now); err != nil {
		return err
	}
	for _, part := range []json.RawMessage{row.Shown, row.Former} {
		if err := json.Unmarshal(part, into); err != nil {
			return fmt.Errorf("decode legal entity %s: %w", row.ID, err)
		}
	}
	into.MedicalServiceProvider = api.LegalEntityProvider{Licenses: []api.LegalEntityLicense{}, Accreditation: now.Accreditation}
	if now.License != nil {
		into.MedicalServiceProvider.Licenses = append(into.MedicalServiceProvider.Licenses, *now.License)
	}
	return nil
}
