package servicerequests

import (
	"context"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/config"
	"esoz/internal/resource/medicalevents"
)

// RecallServiceRequest serves PATCH /api/patients/{patient_id}/service_requests/{service_request_id}/actions/recall.
func (a *API) RecallServiceRequest(
	ctx context.Context, req api.RecallServiceRequestRequestObject,
) (api.RecallServiceRequestResponseObject, error) {
	body := withdrawal{ServiceRequestSigned: *req.Body}
	job, err := Recall.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID, ID: req.ServiceRequestID}, body)
	return api.RecallServiceRequest202JSONResponse(job), err
}

// Recall ends a service request that is not needed any more.
var Recall = withdraw{
	id: "recallServiceRequest", family: "service_request.recall",
	first: []operation.Check[*withdrawing]{
		{Rule: rules.ServiceRequestRecallParty, Caller: operation.PartyIsVerified},
		{Rule: rules.ServiceRequestRecallPartyDeceased, Caller: operation.PartyIsAlive},
	},
	author: []operation.Check[*withdrawing]{{Rule: rules.ServiceRequestRecallAuthor, Pass: func(_ context.Context, c *withdrawing) error {
		return operation.Expect(medicalevents.IDIn(c.Object()["requester_legal_entity"]) == c.ClientID, "requester_legal_entity of the content", c.ClientID, "another legal entity")
	}}},
	reasons: "eHealth/service_request_recall_reasons", to: Recalled, file: "recall",
	text: func(c *config.Config) string { return c.ServiceRequestRecallSMS },
}.transition()
