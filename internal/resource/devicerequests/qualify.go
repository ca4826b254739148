package devicerequests

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/oapi-codegen/nullable"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/subject"
	"esoz/internal/resource/medicalevents"
)

// QualifyDeviceRequest serves POST /api/device_requests/{device_request_id}/actions/qualify.
func (a *API) QualifyDeviceRequest(
	ctx context.Context, req api.QualifyDeviceRequestRequestObject,
) (api.QualifyDeviceRequestResponseObject, error) {
	c, err := Qualify.Ask(ctx, a.Engine, a, operation.Path{ID: req.DeviceRequestID}, *req.Body)
	if err != nil {
		return nil, err
	}
	division := medicalevents.Received(req.Body.Location).Identifier.Value
	data := make([]api.DeviceRequestQualification, len(req.Body.Programs))
	for i, sent := range req.Body.Programs {
		program := medicalevents.Received(sent).Identifier.Value
		verdict, err := Programs{a.Pool}.Judge(ctx, program, division, &c.Document, c.Now)
		if err != nil {
			return nil, err
		}
		if data[i], err = verdict.show(); err != nil {
			return nil, err
		}
		data[i].ProgramID = program.String()
	}
	return api.QualifyDeviceRequest200JSONResponse{Meta: envelope.ListMeta(ctx), Data: data}, nil
}

type qualifying = operation.Call[*API, Document, api.DeviceRequestQualify]

var (
	location = operation.Reference[*qualifying]{
		Kind: "division", Field: "location", Sent: func(c *qualifying) *api.ReferenceRequest { return &c.Body.Location },
	}
	carriedOut = medicalevents.Plan[*qualifying]{
		BasedOn: func(c *qualifying) []medicalevents.Reference { return c.Document.BasedOn },
		Now:     func(c *qualifying) time.Time { return c.Now },
	}
)

// Qualify asks which programs pay for what is prescribed, and by which devices.
var Qualify = operation.Inquiry[*API, Document, api.DeviceRequestQualify]{
	ID: "qualifyDeviceRequest", Collection: Collection, Kind: kind,
	Checks: []operation.Check[*qualifying]{
		{Rule: rules.DeviceRequestQualifyLegalEntity, Caller: operation.HasLegalEntity},
		{Rule: rules.DeviceRequestQualifyLegalEntityStatus, Caller: operation.LegalEntityIsActive},
		{Rule: rules.DeviceRequestQualifyNotFound, Want: operation.Exists},
		{Rule: rules.DeviceRequestQualifyStatus, Field: "status", Want: operation.Is(Active)},
		{Rule: rules.DeviceRequestQualifyExpired, Field: "dispense_valid_to", Want: operation.AtLeast(operation.Now)},
		location.Exists(rules.DeviceRequestQualifyDivision),
		location.InStatus(rules.DeviceRequestQualifyDivisionStatus, subject.Active),
		location.OfCaller(rules.DeviceRequestQualifyDivisionLegalEntity),
		carriedOut.ActivityIsOpen(rules.DeviceRequestQualifyActivity),
		carriedOut.PlanIsActive(rules.DeviceRequestQualifyCarePlan),
		carriedOut.PlanHasNotEnded(rules.DeviceRequestQualifyCarePlanEnd),
		{Rule: rules.DeviceRequestQualifyOtherDispense, Pass: func(ctx context.Context, c *qualifying) error {
			if c.Document.Quantity == nil {
				return nil
			}
			waiting, err := BeingDispensed(ctx, c.API.Engine.Documents, c.ID, c.Now.Add(-c.Config.DeviceDispenseTTL))
			if err != nil {
				return err
			}
			return operation.Expect(len(waiting) == 0, "dispenses of the device request in_progress", 0, len(waiting))
		}},
	},
}

func (v Verdict) show() (api.DeviceRequestQualification, error) {
	told := api.DeviceRequestQualification{
		ProgramName: nullable.NewNullNullable[string](), Status: api.DeviceRequestQualificationStatusVALID,
		Participants: make([]api.DeviceParticipant, len(v.Participants)),
	}
	if v.Program.Name != nil {
		told.ProgramName.Set(*v.Program.Name)
	}
	if v.Reason != "" {
		told.Status, told.RejectionReason = api.DeviceRequestQualificationStatusINVALID, &v.Reason
	}
	for i, one := range v.Participants {
		shown, err := showParticipant(one)
		if err != nil {
			return told, fmt.Errorf("show a device of a medical program: %w", err)
		}
		told.Participants[i] = shown
	}
	return told, nil
}

func showParticipant(one Participant) (api.DeviceParticipant, error) {
	device, definition := one.PRMProgramDevice, one.PRMDeviceDefinition
	shown := api.DeviceParticipant{
		ID: device.ID.String(),
		DeviceDefinition: api.DeviceParticipantDefinition{
			ID: definition.ID.String(), ClassificationType: definition.ClassificationType, ModelNumber: definition.ModelNumber,
		},
		WholesalePrice: device.WholesalePrice, ConsumerPrice: device.ConsumerPrice, ReimbursementDailyCount: device.ReimbursementDailyCount,
		EstimatedPaymentAmount: device.EstimatedPaymentAmount, MaxDailyCount: device.MaxDailyCount, RegistryNumber: device.RegistryNumber,
		StartDate: device.StartDate.Format(time.DateOnly),
		EndDate:   medicalevents.Optional(device.EndDate, func(day time.Time) string { return day.Format(time.DateOnly) }),
	}
	shown.Reimbursement.Type = api.DeviceParticipantReimbursementType(device.ReimbursementType)
	shown.Reimbursement.ReimbursementAmount, shown.Reimbursement.PercentageDiscount = device.ReimbursementAmount, device.PercentageDiscount
	packaging := &shown.DeviceDefinition.Packaging
	packaging.PackagingType, packaging.PackagingCount, packaging.PackagingUnit = definition.PackagingType, int(definition.PackagingCount), definition.PackagingUnit
	if definition.Manufacturer != nil {
		if err := json.Unmarshal(definition.Manufacturer, &shown.DeviceDefinition.Manufacturer); err != nil {
			return shown, err
		}
	}
	if err := json.Unmarshal(one.Names, &shown.DeviceDefinition.DeviceNames); err != nil {
		return shown, err
	}
	return shown, json.Unmarshal(one.ClassificationTypes, &shown.DeviceDefinition.ClassificationTypes)
}
