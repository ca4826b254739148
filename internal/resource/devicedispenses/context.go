package devicedispenses

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// GetDeviceDispenseContext serves GET /api/patients/{patient_id}/device_dispenses/{device_dispense_id}/context.
func (a *API) GetDeviceDispenseContext(
	ctx context.Context, req api.GetDeviceDispenseContextRequestObject,
) (api.GetDeviceDispenseContextResponseObject, error) {
	d, err := Context.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.DeviceDispenseID})
	if err != nil {
		return nil, err
	}
	episode := func(id uuid.UUID) api.Reference { return medicalevents.To("episode", id).Show() }
	return api.GetDeviceDispenseContext200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: api.DeviceDispenseContext{
		Episode:       medicalevents.Nullable(d.ContextEpisodeID, episode),
		OriginEpisode: medicalevents.Nullable(d.OriginEpisodeID, episode),
	}}, nil
}

// Context reads where a device dispense belongs, which is nobody's secret.
var Context = operation.Record[Document]{
	ID: "getDeviceDispenseContext", Collection: Collection, Kind: kind,
	Checks: []operation.Check[*operation.Reading[Document]]{
		{Rule: rules.DeviceDispenseContextPerson, Pass: operation.PatientExists[Document]},
		{Rule: rules.DeviceDispenseContextNotFound, Pass: operation.IsFound[Document]},
	},
}
