package servicerequests

import (
	"context"

	"esoz/gen/api"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
)

// CancelServiceRequest serves PATCH /api/patients/{patient_id}/service_requests/{service_request_id}/actions/cancel.
func (a *API) CancelServiceRequest(
	ctx context.Context, req api.CancelServiceRequestRequestObject,
) (api.CancelServiceRequestResponseObject, error) {
	body := withdrawal{ServiceRequestSigned: *req.Body}
	job, err := Cancel.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID, ID: req.ServiceRequestID}, body)
	return api.CancelServiceRequest202JSONResponse(job), err
}

// Cancel ends a service request that was written by mistake.
var Cancel = withdraw{
	id: "cancelServiceRequest", family: "service_request.cancel",
	reasons: "eHealth/service_request_cancel_reasons", to: EnteredInError, file: "cancel",
	text: func(c *config.Config) string { return c.ServiceRequestCancelSMS },
}.transition()
