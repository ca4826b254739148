package legalentities

import (
	"context"
	"encoding/json"
	"fmt"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/postgres"
)

// ListLicenses serves GET /api/licenses.
func (a *API) ListLicenses(ctx context.Context, req api.ListLicensesRequestObject) (api.ListLicensesResponseObject, error) {
	p := req.Params
	s := &licenseListing{Caller: a.Engine.Caller(ctx), licenseFilter: licenseFilter{
		LicenseNumber: envelope.Sent(p.LicenseNumber), Type: envelope.Sent(p.Type),
	}}
	s.ID, s.isID = envelope.SentID(p.ID)
	s.IsPrimary, s.isFlag = envelope.ParseBool(p.IsPrimary)
	if !s.SeesAll() {
		s.LegalEntityID = &s.ClientID
	}
	if err := operation.Run(ctx, licenseListChecks, s); err != nil {
		return nil, err
	}
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := a.Store.listLicenses(ctx, s.licenseFilter, page)
	if err != nil {
		return nil, err
	}
	return api.ListLicenses200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// licenseFilter narrows a list; what is nil does not.
type licenseFilter db.ListLicensesParams

// licenseListing is one call of listLicenses.
type licenseListing struct {
	operation.Caller
	licenseFilter
	isID, isFlag bool // what was sent can be read
}

var licenseListChecks = []operation.Check[*licenseListing]{
	operation.IsUUID(rules.LicenseListID, "id", func(s *licenseListing) bool { return s.isID }),
	operation.IsBoolean(rules.LicenseListIsPrimary, "is_primary", func(s *licenseListing) bool { return s.isFlag }),
}

// listLicenses returns a page of licenses, oldest first, and how many there are in all.
func (s Store) listLicenses(ctx context.Context, f licenseFilter, page envelope.Page) (found []api.License, total int, err error) {
	read := func(ctx context.Context, from postgres.Conn, limit, offset int32) ([]db.ListLicensesRow, error) {
		f.PageLimit, f.PageOffset = limit, offset
		return db.New().ListLicenses(ctx, from, db.ListLicensesParams(f))
	}
	rows, total, err := postgres.Page(ctx, s.Lists, page, read, func(row db.ListLicensesRow) int64 { return row.Total })
	if err != nil {
		return nil, 0, fmt.Errorf("list licenses: %w", err)
	}
	found = make([]api.License, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal(row.PRMLicenseDetail.Shown, &found[i]); err != nil {
			return nil, 0, fmt.Errorf("decode license %s: %w", row.PRMLicenseDetail.ID, err)
		}
	}
	return found, total, nil
}
