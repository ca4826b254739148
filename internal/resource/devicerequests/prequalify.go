package devicerequests

import (
	"context"
	"slices"

	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/resource/medicalevents"
)

// PreQualifyDeviceRequest serves POST /api/patients/{patient_id}/device_requests/prequalify.
func (a *API) PreQualifyDeviceRequest(
	ctx context.Context, req api.PreQualifyDeviceRequestRequestObject,
) (api.PreQualifyDeviceRequestResponseObject, error) {
	body := prequalify{proposal{programs: &req.Body.Programs}}
	if err := medicalevents.Recast(&body.proposal.DeviceRequestContent, req.Body.DeviceRequest); err != nil {
		return nil, err
	}
	c, err := PreQualify.Ask(ctx, a.Engine, a, operation.Path{Patient: req.PatientID}, body)
	if err != nil {
		return nil, err
	}
	data := make([]api.DeviceRequestPreQualification, len(req.Body.Programs))
	for i, sent := range req.Body.Programs {
		program := medicalevents.Received(sent).Identifier.Value
		verdict, err := c.Body.proposal.judge(ctx, program)
		if err != nil {
			return nil, err
		}
		data[i] = api.DeviceRequestPreQualification{
			ProgramID: program.String(), ProgramName: nullable.NewNullNullable[string](), Status: api.DeviceRequestPreQualificationStatusVALID,
		}
		if verdict.Program.Name != nil {
			data[i].ProgramName.Set(*verdict.Program.Name)
		}
		if verdict.Reason != "" {
			data[i].Status, data[i].RejectionReason = api.DeviceRequestPreQualificationStatusINVALID, &verdict.Reason
		}
	}
	return api.PreQualifyDeviceRequest200JSONResponse{Meta: envelope.ListMeta(ctx), Data: data}, nil
}

// prequalify is the body.
type prequalify struct{ proposal proposal }

type prequalifying = operation.Call[*API, Document, prequalify]

var prequalified = asked[prequalify]{
	family: "device_request.prequalify", at: "$.device_request", of: func(b *prequalify) *proposal { return &b.proposal },
}

// PreQualify asks which programs would pay for what a doctor thinks of prescribing.
var PreQualify = operation.Inquiry[*API, Document, prequalify]{
	ID: "preQualifyDeviceRequest", Collection: Collection, Kind: kind,
	Guard: []operation.Check[*prequalifying]{
		{Rule: rules.DeviceRequestPrequalifyLegalEntity, Caller: operation.HasLegalEntity},
		{Rule: rules.DeviceRequestPrequalifyLegalEntityStatus, Caller: operation.LegalEntityIsActive},
		{Rule: rules.DeviceRequestPrequalifyLegalEntityType, Caller: operation.MayWorkWithMedicalEvents},
	},
	Checks: slices.Concat(
		[]operation.Check[*prequalifying]{
			{Rule: rules.DeviceRequestPrequalifyPerson, Pass: operation.FindPatient[*API, Document, prequalify]},
			{Rule: rules.DeviceRequestPrequalifyPersonActive, Pass: operation.CalledPatientIsActive[*API, Document, prequalify]},
		},
		prequalified.requester(),
		prequalified.content(),
	),
}
