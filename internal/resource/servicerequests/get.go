package servicerequests

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
)

// GetServiceRequest serves GET /api/patients/{patient_id}/service_requests/{service_request_id}.
func (a *API) GetServiceRequest(
	ctx context.Context, req api.GetServiceRequestRequestObject,
) (api.GetServiceRequestResponseObject, error) {
	d, err := Get.Get(ctx, a.Engine, operation.Path{Patient: req.PatientID, ID: req.ServiceRequestID})
	if err != nil {
		return nil, err
	}
	shown, _, err := d.Show(a.Engine.Keys)
	return api.GetServiceRequest200JSONResponse{Meta: envelope.Meta(ctx, http.StatusOK), Data: shown}, err
}

// Get reads a service request of a patient (decisions R26).
var Get = operation.Record[Document]{
	ID: "getServiceRequest", Collection: Collection, Kind: kind,
	Owners: func(d *Document) []uuid.UUID { return []uuid.UUID{d.RequesterLegalEntity.Identifier.Value} },
	Checks: []operation.Check[*operation.Reading[Document]]{
		{Rule: rules.ServiceRequestGetPerson, Pass: operation.PatientExists[Document]},
		{Rule: rules.ServiceRequestGetPersonActive, Pass: operation.PatientIsActive[Document]},
		{Rule: rules.ServiceRequestGetNotFound, Pass: operation.IsFound[Document]},
		{Rule: rules.ServiceRequestGetAccess, Pass: operation.MayRead[Document]},
	},
}
