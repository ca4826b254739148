package devicedispenses

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
)

// StopDeviceDispense serves PATCH /api/patients/{patient_id}/device_dispenses/{device_dispense_id}/actions/stop.
func (a *API) StopDeviceDispense(
	ctx context.Context, req api.StopDeviceDispenseRequestObject,
) (api.StopDeviceDispenseResponseObject, error) {
	job, err := Stop.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID, ID: req.DeviceDispenseID}, operation.NoBody{})
	return api.StopDeviceDispense202JSONResponse(job), err
}

// Stop ends a device dispense that will not be completed. Another legal entity
// must not learn that the dispense exists.
var Stop = operation.Transition[*API, Document, operation.NoBody]{
	ID: "stopDeviceDispense", Collection: Collection, Kind: kind,
	Checks: []operation.Check[*call]{
		{Rule: rules.DeviceDispenseStopLegalEntityType, Caller: operation.MayWorkWithMedicalEvents},
		{Rule: rules.DeviceDispenseStopLegalEntity, Caller: operation.HasLegalEntity},
		{Rule: rules.DeviceDispenseStopLegalEntityStatus, Caller: operation.LegalEntityIsActive},
		{Rule: rules.DeviceDispenseStopNotFound, Want: operation.Exists},
		{Rule: rules.DeviceDispenseStopPatient, Field: "subject", Want: operation.Is(operation.Patient)},
		{Rule: rules.DeviceDispenseStopOwnerConflict, Field: ownerField, Want: operation.Is(operation.Client)},
		{Rule: rules.DeviceDispenseStopOwner, Field: ownerField, Want: operation.Is(operation.Client)},
		{Rule: rules.DeviceDispenseStopStatus, Field: "status", Want: operation.Is(InProgress)},
	},
	Change: func(*call) operation.Change { return operation.Change{Set: map[string]any{"status": Stopped}} },
	Event:  operation.Event{Entity: entity, Attribute: "status", To: []string{Stopped}},
}

// ownerField names the legal entity that made a dispense.
const ownerField = "performer_legal_entity.identifier.value"
