package employees

import (
	"cmp"
	"context"
	"strings"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
	"esoz/internal/platform/envelope"
)

// ListEmployees serves GET /api/employees.
func (a *API) ListEmployees(ctx context.Context, req api.ListEmployeesRequestObject) (api.ListEmployeesResponseObject, error) {
	s := newListing(a.Engine.Caller(ctx), req.Params)
	if err := operation.Run(ctx, listChecks, s); err != nil {
		return nil, err
	}
	page, found, total := envelope.PageOf(req.Params.Page, req.Params.PageSize), []api.EmployeeShort{}, 0
	if !s.foreign {
		var err error
		if found, total, err = a.Store.list(ctx, s.filter, page); err != nil {
			return nil, err
		}
	}
	return api.ListEmployees200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// filter narrows a list; what is nil does not.
type filter db.ListEmployeesParams

// listing is one call of listEmployees.
type listing struct {
	operation.Caller
	filter
	areIDs, isParty, isLegalEntity, isDivision, isFlag bool // what was sent can be read
	foreign                                            bool // asks for another legal entity than the caller's, of which nothing is shown
}

func newListing(by operation.Caller, p api.ListEmployeesParams) *listing {
	s := &listing{Caller: by, areIDs: true, filter: filter{
		TaxID: envelope.Sent(p.TaxID), VerificationStatus: envelope.Sent(p.VerificationStatus), Edrpou: envelope.Sent(p.Edrpou), EmployeeType: envelope.Sent(p.EmployeeType),
	}}
	if ids := envelope.Sent(p.Ids); ids != nil {
		s.IDs = []uuid.UUID{}
		for text := range strings.SplitSeq(*ids, ",") {
			id, ok := envelope.ParseID(text)
			s.IDs, s.areIDs = append(s.IDs, id), s.areIDs && ok
		}
	}
	if status := cmp.Or(deref(p.Status), by.Config.EmployeeListStatus); status != "" {
		s.Statuses = spellings(status)
	}
	s.PartyID, s.isParty = envelope.SentID(p.PartyID)
	s.DivisionID, s.isDivision = envelope.SentID(p.DivisionID)
	s.NoTaxID, s.isFlag = envelope.ParseBool(p.NoTaxID)
	s.LegalEntityID, s.isLegalEntity = envelope.SentID(p.LegalEntityID)
	if !by.SeesAll() {
		s.foreign = s.LegalEntityID != nil && *s.LegalEntityID != by.ClientID
		s.LegalEntityID = &by.ClientID
	}
	return s
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// spellings are a status with its other name.
func spellings(status string) []string {
	for _, same := range [][]string{
		{string(config.Stopped), string(config.Dismissed)}, {string(config.EnteredInError), string(config.EnteredInErrorWithSpaces)},
	} {
		if status == same[0] || status == same[1] {
			return same
		}
	}
	return []string{status}
}

var listChecks = []operation.Check[*listing]{
	operation.IsUUID(rules.EmployeeListIDs, "ids", func(s *listing) bool { return s.areIDs }),
	operation.IsUUID(rules.EmployeeListPartyID, "party_id", func(s *listing) bool { return s.isParty }),
	operation.IsUUID(rules.EmployeeListLegalEntityID, "legal_entity_id", func(s *listing) bool { return s.isLegalEntity }),
	operation.IsUUID(rules.EmployeeListDivisionID, "division_id", func(s *listing) bool { return s.isDivision }),
	operation.IsBoolean(rules.EmployeeListNoTaxID, "no_tax_id", func(s *listing) bool { return s.isFlag }),
}
