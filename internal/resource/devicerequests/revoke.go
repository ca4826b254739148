package devicerequests

import (
	"context"
	"slices"

	"esoz/gen/api"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
)

// RevokeDeviceRequest serves PATCH /api/patients/{patient_id}/device_requests/{device_request_id}/actions/revoke.
func (a *API) RevokeDeviceRequest(
	ctx context.Context, req api.RevokeDeviceRequestRequestObject,
) (api.RevokeDeviceRequestResponseObject, error) {
	body := signed{DeviceRequestSigned: *req.Body}
	job, err := Revoke.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID, ID: req.DeviceRequestID}, body)
	return api.RevokeDeviceRequest202JSONResponse(job), err
}

// Revoke ends a device request that is not needed any more.
var Revoke = end{
	id: "revokeDeviceRequest", family: "device_request.revoke", author: callerMayRevoke,
	from: operation.Is(Active), to: Revoked, reasons: "device_request_revoke_reasons", file: "revoke",
	text: func(c *config.Config) string { return c.DeviceRequestRevokeSMS },
}.transition()

// medAdmin is the type of employees who may revoke what others of their legal entity have
// written.
const medAdmin = "MED_ADMIN"

func callerMayRevoke(ctx context.Context, c *ending) error {
	own, err := c.API.People.Employees(ctx, c.Subject)
	if err != nil || slices.Contains(own, c.Document.Requester.Identifier.Value) {
		return err
	}
	may := c.Document.RequesterLegalEntity.Identifier.Value == c.ClientID
	if may {
		if may, err = c.API.People.IsEmployee(ctx, c.Subject, medAdmin); err != nil {
			return err
		}
	}
	return operation.Expect(may, "employees that the user is", "the requester, or a "+medAdmin+" of its legal entity", "others")
}
