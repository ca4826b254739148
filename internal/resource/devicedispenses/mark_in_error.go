package devicedispenses

import (
	"context"
	"slices"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/platform/validation"
	"esoz/internal/resource/medicalevents"
)

// MarkInErrorDeviceDispense serves PATCH /api/patients/{patient_id}/device_dispenses/{device_dispense_id}/actions/mark_in_error.
func (a *API) MarkInErrorDeviceDispense(
	ctx context.Context, req api.MarkInErrorDeviceDispenseRequestObject,
) (api.MarkInErrorDeviceDispenseResponseObject, error) {
	job, err := MarkInError.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID, ID: req.DeviceDispenseID}, *req.Body)
	return api.MarkInErrorDeviceDispense202JSONResponse(job), err
}

type marking = operation.Call[*API, Document, api.DeviceDispenseSigned]

const markInErrorFamily = "device_dispense.mark_in_error"

// MarkInError takes a device dispense back that was recorded by mistake. Who dispenses signs
// it as it is read, with the reason and the new status.
var MarkInError = operation.Transition[*API, Document, api.DeviceDispenseSigned]{
	ID: "markInErrorDeviceDispense", Collection: Collection, Kind: kind, Again: true,
	Signed: func(b *api.DeviceDispenseSigned) string { return b.SignedData },
	Guard: []operation.Check[*marking]{
		{Rule: rules.DeviceDispenseMarkInErrorParty, Caller: operation.PartyIsVerified},
		{Rule: rules.DeviceDispenseMarkInErrorPartyDeceased, Caller: operation.PartyIsAlive},
	},
	Checks: slices.Concat(
		[]operation.Check[*marking]{
			{Rule: rules.DeviceDispenseMarkInErrorLegalEntityType, Caller: operation.MayWorkWithMedicalEvents},
			{Rule: rules.DeviceDispenseMarkInErrorLegalEntity, Caller: operation.HasLegalEntity},
			{Rule: rules.DeviceDispenseMarkInErrorLegalEntityStatus, Caller: operation.LegalEntityIsActive},
			{Rule: rules.DeviceDispenseMarkInErrorNotFound, Want: operation.Exists},
			{Rule: rules.DeviceDispenseMarkInErrorPatient, Field: "subject", Want: operation.Is(operation.Patient)},
			{Rule: rules.DeviceDispenseMarkInErrorOwner, Field: ownerField, Want: operation.Is(operation.Client)},
		},
		operation.SignedContent[*marking](markInErrorFamily, 1, 0),
		operation.SignerIsCaller[*marking](markInErrorFamily),
		[]operation.Check[*marking]{
			{Rule: rules.DeviceDispenseMarkInErrorEmployee, Pass: func(ctx context.Context, c *marking) error {
				own, err := c.API.People.Employees(ctx, c.Subject)
				if err != nil {
					return err
				}
				return operation.Expect(len(own) > 0, "employees that the user is in the legal entity", "at least one", "none")
			}},
			{
				Rule: rules.DeviceDispenseMarkInErrorStatus, Field: "status",
				Want: operation.OneOf(Preparation, InProgress, Declined, Stopped, Unknown, Canceled),
			},
			{Rule: rules.DeviceDispenseMarkInErrorStatusValue, Pass: func(_ context.Context, c *marking) error {
				return operation.Expect(c.Object()["status"] == EnteredInError, "status of the content", EnteredInError, "another value")
			}},
		},
		medicalevents.HasReason(markInErrorFamily, "device_dispense_mark_in_error_reasons",
			func(c *marking) validation.Dictionaries { return c.API.Dictionaries }),
		[]operation.Check[*marking]{
			{
				Rule: rules.DeviceDispenseMarkInErrorContent,
				Pass: func(_ context.Context, c *marking) error {
					shown, err := c.Document.Show(c.API.Engine.Keys)
					if err != nil {
						return err
					}
					return c.ExpectShown(shown, "status", "status_reason", "inserted_at", "inserted_by", "updated_at", "updated_by")
				},
				Seen: func(c *marking) mongodb.Condition {
					return mongodb.Condition{Field: "updated_at", Operator: mongodb.Equal, Values: []any{c.Document.UpdatedAt}}
				},
			},
		},
	),
	Change: func(c *marking) operation.Change {
		reason, _ := medicalevents.ReasonIn(c.Object())
		return operation.Change{
			Set:  map[string]any{"status": EnteredInError, "status_reason": reason},
			Push: map[string]any{"signed_content_links": medicalevents.ContentName(Collection, c.ID, "mark_in_error")},
		}
	},
	Event: operation.Event{Entity: "DeviceDispense", Attribute: "status", To: []string{EnteredInError}},
	Commit: func(ctx context.Context, tx postgres.Tx, c *marking) error {
		return medicalevents.Keep(ctx, tx, c.API.Media, medicalevents.ContentName(Collection, c.ID, "mark_in_error"), c.Body.SignedData)
	},
}
