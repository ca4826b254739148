package devicerequests

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
)

// MarkInErrorDeviceRequest serves PATCH /api/patients/{patient_id}/device_requests/{device_request_id}/actions/mark_in_error.
func (a *API) MarkInErrorDeviceRequest(
	ctx context.Context, req api.MarkInErrorDeviceRequestRequestObject,
) (api.MarkInErrorDeviceRequestResponseObject, error) {
	body := signed{DeviceRequestSigned: *req.Body}
	job, err := MarkInError.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID, ID: req.DeviceRequestID}, body)
	return api.MarkInErrorDeviceRequest202JSONResponse(job), err
}

// MarkInError takes a device request back that was written by mistake.
var MarkInError = end{
	id: "markInErrorDeviceRequest", family: "device_request.mark_in_error",
	first: []operation.Check[*ending]{
		{Rule: rules.DeviceRequestMarkInErrorParty, Caller: operation.PartyIsVerified},
		{Rule: rules.DeviceRequestMarkInErrorPartyDeceased, Caller: operation.PartyIsAlive},
	},
	author: callerIsOfLegalEntity,
	from:   operation.OneOf(Active, Completed, Revoked), to: EnteredInError, reasons: "device_request_mark_in_error_reasons", file: "mark_in_error",
	text: func(c *config.Config) string { return c.DeviceRequestInErrorSMS },
}.transition()

func callerIsOfLegalEntity(ctx context.Context, c *ending) error {
	owner := c.Document.RequesterLegalEntity.Identifier.Value
	if owner != c.ClientID {
		return operation.Expect(false, "requester_legal_entity", c.ClientID, "another legal entity")
	}
	own, err := c.API.People.Employees(ctx, c.Subject)
	if err != nil {
		return err
	}
	return operation.Expect(len(own) > 0, "employees that the user is in the legal entity", "at least one", "none")
}
