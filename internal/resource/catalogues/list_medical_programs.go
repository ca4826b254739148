package catalogues

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListMedicalPrograms serves GET /api/medical_programs.
func (a *API) ListMedicalPrograms(ctx context.Context, req api.ListMedicalProgramsRequestObject) (api.ListMedicalProgramsResponseObject, error) {
	p := req.Params
	s := &programListing{Caller: a.Engine.Caller(ctx), programFilter: programFilter{
		Name: envelope.Sent(p.Name), MrBlankType: envelope.Sent(p.MrBlankType), Type: envelope.Sent(p.Type),
	}}
	s.ID, s.isID = envelope.SentID(p.ID)
	active, isFlag := envelope.ParseBool(p.IsActive)
	s.IsActive, s.isFlag = active == nil || *active, isFlag
	if err := operation.Run(ctx, programListChecks, s); err != nil {
		return nil, err
	}
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := a.Store.listPrograms(ctx, s.programFilter, page)
	if err != nil {
		return nil, err
	}
	return api.ListMedicalPrograms200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// programFilter narrows a list; what is nil does not.
type programFilter db.ListMedicalProgramsParams

// programListing is one call of listMedicalPrograms.
type programListing struct {
	operation.Caller
	programFilter
	isID, isFlag bool // what was sent can be read
}

var programListChecks = []operation.Check[*programListing]{
	operation.IsUUID(rules.MedicalProgramListID, "id", func(s *programListing) bool { return s.isID }),
	operation.IsBoolean(rules.MedicalProgramListIsActive, "is_active", func(s *programListing) bool { return s.isFlag }),
}
