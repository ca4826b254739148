package servicerequests

import (
	"esoz/gen/db"
	"esoz/internal/operation"
)

// register is what the register says of a medical program and of the service that is
// requested by it. Its methods are the checks that Use, Process and Qualify share.
type register struct{ db.GetServiceRequestUseRow }

func (r register) exists() error {
	return operation.Expect(r.ProgramType != nil, "program", "an active program", "nothing")
}

func (r register) paysForServices() error {
	return operation.Expect(*r.ProgramType == "SERVICE", "type of the program", "SERVICE", *r.ProgramType)
}

func (r register) includesService() error {
	return operation.Expect(r.Included, "service of the request in the program", "included and active", "not included")
}

func (r register) allowsRequests() error {
	return operation.Expect(r.RequestAllowed, "request_allowed of the service in the program", true, false)
}
