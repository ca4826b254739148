package devicerequests

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// GetDeviceRequest serves GET /api/patients/{patient_id}/device_requests/{device_request_id}.
func (a *API) GetDeviceRequest(
	ctx context.Context, req api.GetDeviceRequestRequestObject,
) (api.GetDeviceRequestResponseObject, error) {
	d, err := Get.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.DeviceRequestID})
	if err != nil {
		return nil, err
	}
	shown, patient, err := d.Show(a.Engine.Keys)
	if err != nil {
		return nil, err
	}
	if shown.RemainingQuantity, err = a.remaining(ctx, d); err != nil {
		return nil, err
	}
	urgent, err := a.urgent(ctx, d, patient)
	return api.GetDeviceRequest200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: shown, Urgent: urgent}, err
}

// Get reads a device request of a patient (decisions R26).
var Get = operation.Record[Document]{
	ID: "getDeviceRequest", Collection: Collection, Kind: kind,
	Owners: func(d *Document) []uuid.UUID { return []uuid.UUID{d.RequesterLegalEntity.Identifier.Value} },
	Checks: []operation.Check[*operation.Reading[Document]]{
		{Rule: rules.DeviceRequestGetPerson, Pass: operation.PatientExists[Document]},
		{Rule: rules.DeviceRequestGetNotFound, Pass: operation.IsStored[Document]},
		{Rule: rules.DeviceRequestGetPatient, Pass: operation.IsOfPatient[Document]},
		{Rule: rules.DeviceRequestGetAccess, Pass: operation.MayRead[Document]},
	},
}

// remaining is the quantity without what was handed over; nil when the request has none.
func (a *API) remaining(ctx context.Context, d *Document) (*api.Quantity, error) {
	if d.Quantity == nil {
		return nil, nil
	}
	left := *d.Quantity
	handedOver, err := HandedOver(ctx, a.Engine.Documents, d.ID)
	left.Value -= handedOver
	return new(left.Show()), err
}

// urgent shows how the patient was told of a request. The code of the request is shown to
// who reads it when no SMS has told the patient of it (decisions R47).
func (a *API) urgent(ctx context.Context, d *Document, patient uuid.UUID) (api.DeviceRequestUrgent, error) {
	urgent := api.DeviceRequestUrgent{AuthenticationMethodCurrent: nullable.NewNullNullable[api.DeviceRequestMethod]()}
	by, err := a.method(ctx, d, patient)
	if err != nil || by == nil {
		return urgent, err
	}
	method := api.DeviceRequestMethod{Type: api.DeviceRequestMethodType(by.Type)}
	untold := by.Type == medicalevents.MethodOffline
	if by.Type == medicalevents.MethodOTP {
		method.PhoneNumber = envelope.MaskPhone(by.Phone)
		if d.Program != nil {
			if untold, err = a.isSilent(ctx, d.Program.Identifier.Value); err != nil {
				return urgent, err
			}
		}
	}
	urgent.AuthenticationMethodCurrent.Set(method)
	if d.VerificationCode == nil || !untold {
		return urgent, nil
	}
	code, err := a.Engine.Keys.OpenDocumentCode(*d.VerificationCode, d.SealedWith)
	if err != nil {
		return urgent, fmt.Errorf("show code of device request %s: %w", d.ID, err)
	}
	urgent.VerificationCode = &code
	return urgent, nil
}
