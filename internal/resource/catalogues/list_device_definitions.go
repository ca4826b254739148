package catalogues

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/clock"
	"esoz/internal/platform/envelope"
)

// ListDeviceDefinitions serves GET /api/v2/device_definitions.
func (a *API) ListDeviceDefinitions(ctx context.Context, req api.ListDeviceDefinitionsRequestObject) (api.ListDeviceDefinitionsResponseObject, error) {
	p := req.Params
	s := a.deviceDefinitions(ctx, p.MedicalProgramID, p.IsActive, deviceDefinitionFilter{
		ClassificationTypeSystem: envelope.Sent(p.ClassificationTypeSystem), ClassificationTypeCode: envelope.Sent(p.ClassificationTypeCode),
		ModelNumber: envelope.Sent(p.ModelNumber), Name: envelope.Sent(p.Name), NameType: envelope.Sent(p.NameType),
	})
	if err := operation.Run(ctx, deviceDefinitionListChecks, s); err != nil {
		return nil, err
	}
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := listDeviceDefinitions(ctx, a.Store, s.deviceDefinitionFilter, page, showDeviceDefinition)
	if err != nil {
		return nil, err
	}
	return api.ListDeviceDefinitions200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// ListDeviceDefinitionsV1 serves GET /api/device_definitions.
func (a *API) ListDeviceDefinitionsV1(ctx context.Context, req api.ListDeviceDefinitionsV1RequestObject) (api.ListDeviceDefinitionsV1ResponseObject, error) {
	p := req.Params
	s := a.deviceDefinitions(ctx, p.MedicalProgramID, p.IsActive, deviceDefinitionFilter{
		OfVersion1: true, ClassificationType: envelope.Sent(p.ClassificationType),
		ModelNumber: envelope.Sent(p.ModelNumber), Name: envelope.Sent(p.Name), NameType: envelope.Sent(p.NameType),
	})
	if err := operation.Run(ctx, deviceDefinitionListV1Checks, s); err != nil {
		return nil, err
	}
	page := envelope.PageOf(p.Page, p.PageSize)
	found, total, err := listDeviceDefinitions(ctx, a.Store, s.deviceDefinitionFilter, page, showDeviceDefinitionV1)
	if err != nil {
		return nil, err
	}
	return api.ListDeviceDefinitionsV1200JSONResponse{Meta: envelope.ListMeta(ctx), Data: found, Paging: page.Paging(total, envelope.EmptySQL)}, nil
}

// deviceDefinitionFilter narrows a list; what is nil does not.
type deviceDefinitionFilter db.ListDeviceDefinitionsParams

// deviceDefinitionListing is one call of listDeviceDefinitions, in either version.
type deviceDefinitionListing struct {
	operation.Caller
	deviceDefinitionFilter
	isID, isFlag bool // what was sent can be read
}

func (a *API) deviceDefinitions(ctx context.Context, program, active *string, f deviceDefinitionFilter) *deviceDefinitionListing {
	s := &deviceDefinitionListing{Caller: a.Engine.Caller(ctx), deviceDefinitionFilter: f}
	s.Today = clock.Today(s.Now)
	s.MedicalProgramID, s.isID = envelope.SentID(program)
	isActive, isFlag := envelope.ParseBool(active)
	s.IsActive, s.isFlag = []bool{isActive == nil || *isActive}, isFlag
	return s
}

var (
	deviceDefinitionListChecks   = deviceDefinitionFilters(rules.DeviceDefinitionListMedicalProgramID, rules.DeviceDefinitionListIsActive)
	deviceDefinitionListV1Checks = deviceDefinitionFilters(rules.DeviceDefinitionListV1MedicalProgramID, rules.DeviceDefinitionListV1IsActive)
)

func deviceDefinitionFilters(program, active rules.ID) []operation.Check[*deviceDefinitionListing] {
	return []operation.Check[*deviceDefinitionListing]{
		operation.IsUUID(program, "medical_program_id", func(s *deviceDefinitionListing) bool { return s.isID }),
		operation.IsBoolean(active, "is_active", func(s *deviceDefinitionListing) bool { return s.isFlag }),
	}
}
