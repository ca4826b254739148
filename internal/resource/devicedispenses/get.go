package devicedispenses

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// GetDeviceDispense serves GET /api/patients/{patient_id}/device_dispenses/{device_dispense_id}.
func (a *API) GetDeviceDispense(
	ctx context.Context, req api.GetDeviceDispenseRequestObject,
) (api.GetDeviceDispenseResponseObject, error) {
	d, err := Get.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.DeviceDispenseID})
	if err != nil {
		return nil, err
	}
	shown, err := d.Show(a.Engine.Keys)
	return api.GetDeviceDispense200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: shown}, err
}

// Get reads a device dispense of a patient (decisions R26).
var Get = operation.Record[Document]{
	ID: "getDeviceDispense", Collection: Collection, Kind: kind, Owners: owners,
	Checks: []operation.Check[*operation.Reading[Document]]{
		{Rule: rules.DeviceDispenseGetPerson, Pass: operation.PatientExists[Document]},
		{Rule: rules.DeviceDispenseGetPersonActive, Pass: operation.PatientIsActive[Document]},
		{Rule: rules.DeviceDispenseGetNotFound, Pass: operation.IsFound[Document]},
		{Rule: rules.DeviceDispenseGetOwner, Pass: func(_ context.Context, r *operation.Reading[Document]) error {
			return operation.Expect(slices.Contains(owners(&r.Document), r.ClientID), "legal entity of the dispense", r.ClientID, "another legal entity")
		}},
		{Rule: rules.DeviceDispenseGetAccess, Pass: operation.MayRead[Document]},
	},
}

func owners(d *Document) []uuid.UUID {
	if d.PerformerLegalEntity == nil {
		return nil
	}
	return []uuid.UUID{d.PerformerLegalEntity.Identifier.Value}
}
