package catalogues

import (
	"context"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// ListProgramServices serves GET /api/program_services.
func (a *API) ListProgramServices(ctx context.Context, req api.ListProgramServicesRequestObject) (api.ListProgramServicesResponseObject, error) {
	s := &programServiceListing{Caller: a.Engine.Caller(ctx)}
	s.program, s.isID = envelope.SentID(req.Params.MedicalProgramID)
	if err := operation.Run(ctx, programServiceListChecks, s); err != nil {
		return nil, err
	}
	page := envelope.PageOf(req.Params.Page, req.Params.PageSize)
	found, total, err := a.Store.listProgramServices(ctx, *s.program, page)
	if err != nil {
		return nil, err
	}
	return api.ListProgramServices200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// programServiceListing is one call of listProgramServices.
type programServiceListing struct {
	operation.Caller
	program *uuid.UUID
	isID    bool // program is well formed
}

var programServiceListChecks = []operation.Check[*programServiceListing]{
	{Rule: rules.ProgramServiceListMedicalProgramIDRequired, Pass: func(_ context.Context, s *programServiceListing) error {
		return operation.Expect(s.program != nil, "medical_program_id", "sent", "nothing")
	}},
	operation.IsUUID(rules.ProgramServiceListMedicalProgramID, "medical_program_id", func(s *programServiceListing) bool { return s.isID }),
}
