package servicerequests

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// PreQualifyServiceRequest serves POST /api/patients/{patient_id}/service_requests/prequalify.
func (a *API) PreQualifyServiceRequest(
	ctx context.Context, req api.PreQualifyServiceRequestRequestObject,
) (api.PreQualifyServiceRequestResponseObject, error) {
	body := prequalify{proposal{programs: &req.Body.Programs}}
	p := &body.proposal
	if err := medicalevents.Recast(&p.ServiceRequestContent, req.Body.ServiceRequest); err != nil {
		return nil, err
	}
	c, err := PreQualify.Ask(ctx, a.Engine, a, operation.Path{Patient: req.PatientID}, body)
	if err != nil {
		return nil, err
	}
	p = &c.Body.proposal
	encounter, err := p.referred(ctx, p.Context)
	if err != nil {
		return nil, err
	}
	owner := uuid.Nil
	if encounter != nil {
		owner = encounter.LegalEntity
	}
	data := make([]api.ServiceRequestQualification, len(req.Body.Programs))
	for i, sent := range req.Body.Programs {
		data[i], err = a.qualify(ctx, sent, idOf(&p.Code), func() error { return c.MayReadPatient(ctx, owner) })
		if err != nil {
			return nil, err
		}
	}
	ways, err := a.People.Confirmations(ctx, c.Patient.ID)
	if err != nil {
		return nil, err
	}
	answer := api.PreQualifyServiceRequest200JSONResponse{Meta: envelope.ListMeta(ctx), Data: data}
	answer.Urgent.AuthenticationMethodCurrent = medicalevents.Nullable(medicalevents.WayOf(ways, p.informWith().method()), showWay)
	return answer, nil
}

// prequalify is the body.
type prequalify struct{ proposal proposal }

type prequalifying = operation.Call[*API, Document, prequalify]

const prequalifyFamily = "service_request.prequalify"

var prequalified = asked[prequalify]{family: prequalifyFamily, at: "$.service_request", of: func(b *prequalify) *proposal { return &b.proposal }}

// PreQualify asks which programs would pay for what a doctor thinks of asking for.
var PreQualify = operation.Inquiry[*API, Document, prequalify]{
	ID: "preQualifyServiceRequest", Collection: Collection, Kind: kind,
	Checks: slices.Concat(
		[]operation.Check[*prequalifying]{
			{Rule: rules.ServiceRequestPrequalifyPerson, Pass: operation.FindPatient[*API, Document, prequalify]},
			{Rule: rules.ServiceRequestPrequalifyPersonActive, Pass: operation.CalledPatientIsActive[*API, Document, prequalify]},
			{Rule: rules.ServiceRequestPrequalifyLegalEntity, Caller: operation.HasLegalEntity},
			{Rule: rules.ServiceRequestPrequalifyLegalEntityType, Caller: operation.MayWorkWithMedicalEvents},
			{Rule: rules.ServiceRequestPrequalifyLegalEntityStatus, Caller: operation.LegalEntityIsActive},
		},
		prequalified.shape(),
		prequalified.content(),
	),
}

// showWay shows how a patient is told of requests.
func showWay(way medicalevents.Confirmation) api.ServiceRequestMethod {
	shown := api.ServiceRequestMethod{Type: api.ServiceRequestMethodType(way.Type)}
	if way.Type == medicalevents.MethodOTP {
		shown.Number = envelope.MaskPhone(way.Phone)
	}
	return shown
}
