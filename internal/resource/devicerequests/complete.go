package devicerequests

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/postgres"
)

// CompleteDeviceRequest serves PATCH /api/patients/{patient_id}/device_requests/{device_request_id}/actions/complete.
func (a *API) CompleteDeviceRequest(
	ctx context.Context, req api.CompleteDeviceRequestRequestObject,
) (api.CompleteDeviceRequestResponseObject, error) {
	job, err := Complete.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID, ID: req.DeviceRequestID}, informed{})
	return api.CompleteDeviceRequest202JSONResponse(job), err
}

// informed stands for the body of operations that have none: whom their job tells.
type informed struct{ phone string }

type completing = operation.Call[*API, Document, informed]

// Complete ends a device request whose amount was left open. One with a quantity ends with
// its dispense.
var Complete = operation.Transition[*API, Document, informed]{
	ID: "completeDeviceRequest", Collection: Collection, Kind: kind,
	Checks: []operation.Check[*completing]{
		{Rule: rules.DeviceRequestCompleteLegalEntity, Caller: operation.HasLegalEntity},
		{Rule: rules.DeviceRequestCompleteLegalEntityType, Caller: operation.MayWorkWithMedicalEvents},
		{Rule: rules.DeviceRequestCompleteLegalEntityStatus, Caller: operation.LegalEntityIsActive},
		{Rule: rules.DeviceRequestCompleteLegalEntityVerified, Caller: operation.LegalEntityIsVerified},
		{Rule: rules.DeviceRequestCompleteNotFound, Want: operation.Exists},
		{Rule: rules.DeviceRequestCompletePatient, Field: "subject", Want: operation.Is(operation.Patient)},
		{Rule: rules.DeviceRequestCompleteQuantity, Field: "quantity", Want: operation.Is(nil)},
		{Rule: rules.DeviceRequestCompleteStatus, Field: "status", Want: operation.Is(Active)},
	},
	Change: func(*completing) operation.Change { return operation.Change{Set: map[string]any{"status": Completed}} },
	Event:  operation.Event{Entity: "DeviceRequest", Attribute: "status", To: []string{Completed}},
	Prepare: func(ctx context.Context, c *completing) (err error) {
		c.Body.phone, err = c.API.phone(ctx, c.Config, &c.Document)
		return err
	},
	Commit: func(ctx context.Context, tx postgres.Tx, c *completing) error {
		return c.API.inform(ctx, tx, c.Body.phone, c.Config.DeviceRequestCompleteSMS)
	},
}
