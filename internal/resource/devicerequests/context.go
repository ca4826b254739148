package devicerequests

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// GetDeviceRequestContext serves GET /api/patients/{patient_id}/device_requests/{device_request_id}/context.
func (a *API) GetDeviceRequestContext(
	ctx context.Context, req api.GetDeviceRequestContextRequestObject,
) (api.GetDeviceRequestContextResponseObject, error) {
	d, err := Context.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.DeviceRequestID})
	if err != nil {
		return nil, err
	}
	data := api.DeviceRequestContext{
		Episode: medicalevents.Nullable(d.ContextEpisodeID, func(id uuid.UUID) api.Reference {
			return medicalevents.To("episode", id).Show()
		}),
		CarePlan: nullable.NewNullNullable[api.Reference](),
	}
	for _, r := range d.BasedOn {
		if r.Identifier.Type.Coding[0].Code == "care_plan" {
			data.CarePlan.Set(r.Show())
		}
	}
	return api.GetDeviceRequestContext200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: data}, nil
}

// Context reads where a device request belongs, which is nobody's secret.
var Context = operation.Record[Document]{
	ID: "getDeviceRequestContext", Collection: Collection, Kind: kind,
	Checks: []operation.Check[*operation.Reading[Document]]{
		{Rule: rules.DeviceRequestContextPerson, Pass: operation.PatientExists[Document]},
		{Rule: rules.DeviceRequestContextNotFound, Pass: operation.IsFound[Document]},
	},
}
