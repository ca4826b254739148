package catalogues

import (
	"context"
	"net/http"

	"esoz/gen/api"
	"esoz/gen/db"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
)

// GetDeviceDefinition serves GET /api/v2/device_definitions/{id}.
func (a *API) GetDeviceDefinition(ctx context.Context, req api.GetDeviceDefinitionRequestObject) (api.GetDeviceDefinitionResponseObject, error) {
	s := &deviceDefinitionCall{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}
	if err := operation.Run(ctx, deviceDefinitionGetChecks, s); err != nil {
		return nil, err
	}
	return api.GetDeviceDefinition200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: showDeviceDefinition(s.found)}, nil
}

// GetDeviceDefinitionV1 serves GET /api/device_definitions/{id}.
func (a *API) GetDeviceDefinitionV1(ctx context.Context, req api.GetDeviceDefinitionV1RequestObject) (api.GetDeviceDefinitionV1ResponseObject, error) {
	s := &deviceDefinitionCall{Caller: a.Engine.Caller(ctx), API: a, pathID: req.ID}
	if err := operation.Run(ctx, deviceDefinitionGetV1Checks, s); err != nil {
		return nil, err
	}
	return api.GetDeviceDefinitionV1200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: showDeviceDefinitionV1(s.found)}, nil
}

// deviceDefinitionCall is one call of getDeviceDefinition, in either version.
type deviceDefinitionCall struct {
	operation.Caller
	*API
	pathID string
	found  db.ListDeviceDefinitionsRow
}

var deviceDefinitionGetChecks = []operation.Check[*deviceDefinitionCall]{
	{Rule: rules.DeviceDefinitionGetNotFound, Pass: findDeviceDefinition},
}

var deviceDefinitionGetV1Checks = []operation.Check[*deviceDefinitionCall]{
	{Rule: rules.DeviceDefinitionGetV1NotFound, Pass: findDeviceDefinition},
	{Rule: rules.DeviceDefinitionGetV1Version, Pass: func(_ context.Context, s *deviceDefinitionCall) error {
		return operation.Expect(classOfVersion1(s.found) != "", "classification_type", "a class", "none")
	}},
}

func findDeviceDefinition(ctx context.Context, s *deviceDefinitionCall) (err error) {
	id, ok := envelope.ParseID(s.pathID)
	if !ok {
		return fault.ErrNotFound
	}
	s.found, err = s.Store.deviceDefinition(ctx, id)
	return err
}
