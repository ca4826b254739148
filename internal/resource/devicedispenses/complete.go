package devicedispenses

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/operation"
	"esoz/internal/platform/mongodb"
	"esoz/internal/platform/postgres"
	"esoz/internal/resource/devicerequests"
	"esoz/internal/resource/medicalevents"
)

// CompleteDeviceDispense serves PATCH /api/patients/{patient_id}/device_dispenses/{device_dispense_id}/actions/complete.
func (a *API) CompleteDeviceDispense(
	ctx context.Context, req api.CompleteDeviceDispenseRequestObject,
) (api.CompleteDeviceDispenseResponseObject, error) {
	job, err := Complete.Start(ctx, a.Engine, a, operation.Path{Patient: req.PatientID, ID: req.DeviceDispenseID}, complete{DeviceDispenseSigned: *req.Body})
	return api.CompleteDeviceDispense202JSONResponse(job), err
}

// complete is the body, and the device request of the dispense.
type complete struct {
	api.DeviceDispenseSigned
	request *devicerequests.Document // nil: there is none
}

type completing = operation.Call[*API, Document, complete]

const completeFamily = "device_dispense.complete"

var carriedOut = medicalevents.Plan[*completing]{
	BasedOn: func(c *completing) []medicalevents.Reference {
		if c.Body.request == nil {
			return nil
		}
		return c.Body.request.BasedOn
	},
	Now: func(c *completing) time.Time { return c.Now },
}

// Complete tells that devices were handed over. Who created the dispense signs it as it is
// read, with what has been paid for them.
var Complete = operation.Transition[*API, Document, complete]{
	ID: "completeDeviceDispense", Collection: Collection, Kind: kind, Again: true,
	Signed: func(b *complete) string { return b.SignedData },
	Checks: slices.Concat(
		operation.SignedContent[*completing](completeFamily, 1, 0),
		operation.SignerIsCaller[*completing](completeFamily),
		[]operation.Check[*completing]{
			{Rule: rules.DeviceDispenseCompleteLegalEntity, Caller: operation.HasLegalEntity},
			{Rule: rules.DeviceDispenseCompleteLegalEntityStatus, Caller: operation.LegalEntityIsActive},
			{Rule: rules.DeviceDispenseCompleteNotFound, Want: operation.Exists},
			{Rule: rules.DeviceDispenseCompletePatient, Field: "subject", Want: operation.Is(operation.Patient)},
			{Rule: rules.DeviceDispenseCompleteOwner, Field: ownerField, Want: operation.Is(operation.Client)},
			{Rule: rules.DeviceDispenseCompletePaymentAmount, Pass: func(_ context.Context, c *completing) error {
				_, isNumber := c.Object()["payment_amount"].(float64)
				return operation.Expect(isNumber || c.Document.Program == nil, "payment_amount of the content", "a number", "none")
			}},
			{Rule: rules.DeviceDispenseCompletePaymentID, Pass: func(_ context.Context, c *completing) error {
				const most = 255
				sent, has := c.Object()["payment_id"]
				id, isText := sent.(string)
				return operation.Expect(!has || isText && utf8.RuneCountInString(id) <= most, "payment_id of the content", "a text of up to 255 characters", "another value")
			}},
			{Rule: rules.DeviceDispenseCompleteWhenHandedOver, Pass: isHandedOverInTime},
			{Rule: rules.DeviceDispenseCompleteRequest, Pass: func(_ context.Context, c *completing) error {
				return operation.Expect(c.Body.request != nil && c.Body.request.Status == devicerequests.Active, "status of the device request",
					devicerequests.Active, "another one, or no request")
			}},
			carriedOut.ActivityIsOpen(rules.DeviceDispenseCompleteActivity),
			carriedOut.PlanIsActive(rules.DeviceDispenseCompleteCarePlan),
			carriedOut.PlanHasNotEnded(rules.DeviceDispenseCompleteCarePlanEnd),
			{Rule: rules.DeviceDispenseCompleteAuthor, Pass: func(_ context.Context, c *completing) error {
				return operation.Expect(c.Document.InsertedBy == c.UserID, "inserted_by", c.UserID, "another user")
			}},
			{Rule: rules.DeviceDispenseCompleteStatus, Field: "status", Want: operation.Is(InProgress)},
			{Rule: rules.DeviceDispenseCompleteStatusValue, Pass: func(_ context.Context, c *completing) error {
				return operation.Expect(c.Object()["status"] == Completed, "status of the content", Completed, "another value")
			}},
			{Rule: rules.DeviceDispenseCompleteContent, Pass: contentIsStored, Seen: func(c *completing) mongodb.Condition {
				return mongodb.Condition{Field: "updated_at", Operator: mongodb.Equal, Values: []any{c.Document.UpdatedAt}}
			}},
		},
	),
	Change: func(c *completing) operation.Change {
		change := operation.Change{
			Set:  map[string]any{"status": Completed},
			Push: map[string]any{"signed_content_links": medicalevents.ContentName(Collection, c.ID, "complete")},
		}
		if at, ok := handedOver(c); ok {
			change.Set["when_handed_over"] = at
		}
		for _, field := range []string{"payment_amount", "payment_id"} {
			if value, ok := c.Object()[field]; ok {
				change.Set[field] = value
			}
		}
		return change
	},
	Event: operation.Event{Entity: entity, Attribute: "status", To: []string{Completed}},
	Follows: []operation.Following[*API, Document, complete]{
		{
			Collection: devicerequests.Collection, From: []string{devicerequests.Active},
			Event: operation.Event{Entity: "DeviceRequest", Attribute: "status", To: []string{devicerequests.Completed}},
			Steps: completeRequest,
		},
		{Collection: "activities", Steps: func(ctx context.Context, c *completing) ([]operation.Step, error) {
			outcome := medicalevents.To(kind, c.ID)
			return carriedOutBy(ctx, c, operation.Change{Push: map[string]any{"outcome_reference": outcome}})
		}},
		{Collection: "activities", From: []string{"scheduled"}, Steps: func(ctx context.Context, c *completing) ([]operation.Step, error) {
			return carriedOutBy(ctx, c, operation.Change{Set: map[string]any{"status": "in_progress"}})
		}},
	},
	Commit: func(ctx context.Context, tx postgres.Tx, c *completing) error {
		return medicalevents.Keep(ctx, tx, c.API.Media, medicalevents.ContentName(Collection, c.ID, "complete"), c.Body.SignedData)
	},
}

// isHandedOverInTime looks the device request up, and passes a moment of its dispense period.
func isHandedOverInTime(ctx context.Context, c *completing) (err error) {
	if c.Body.request, err = c.API.requestOf(ctx, &c.Document); err != nil {
		return err
	}
	at, ok := handedOver(c)
	if ok && c.Body.request != nil {
		ok = !at.Before(c.Body.request.AuthoredOn) && !at.After(c.Body.request.DispenseValidTo)
	}
	return operation.Expect(ok, "when_handed_over of the content", "a moment from authored_on to dispense_valid_to of the device request", "another value")
}

// handedOver is when_handed_over of the content.
func handedOver(c *completing) (at time.Time, ok bool) {
	text, _ := c.Object()["when_handed_over"].(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	return at.UTC().Truncate(time.Millisecond), err == nil
}

func contentIsStored(_ context.Context, c *completing) error {
	shown, err := c.Document.Show(c.API.Engine.Keys)
	if err != nil {
		return err
	}
	added := []string{"status", "when_handed_over", "payment_amount", "payment_id", "inserted_at", "inserted_by", "updated_at", "updated_by"}
	for _, field := range []string{"primary_source", "encounter", "part_of", "supporting_info"} {
		if _, sent := c.Object()[field]; !sent {
			added = append(added, field)
		}
	}
	return c.ExpectShown(shown, added...)
}

// completeRequest ends the device request when its dispenses have handed all of it over.
func completeRequest(ctx context.Context, c *completing) ([]operation.Step, error) {
	request, err := c.API.requestOf(ctx, &c.Document)
	if err != nil || request == nil || request.Quantity == nil {
		return nil, err
	}
	handed, err := devicerequests.HandedOver(ctx, c.API.Engine.Documents, request.ID)
	if err != nil || handed < request.Quantity.Value {
		return nil, err
	}
	return []operation.Step{{ID: request.ID, Change: operation.Change{Set: map[string]any{"status": devicerequests.Completed}}}}, nil
}

// carriedOutBy changes the activity that the device request carries out.
func carriedOutBy(ctx context.Context, c *completing, change operation.Change) ([]operation.Step, error) {
	request, err := c.API.requestOf(ctx, &c.Document)
	if err != nil || request == nil {
		return nil, err
	}
	if id := medicalevents.ActivityOf(request.BasedOn); id != uuid.Nil {
		return []operation.Step{{ID: id, Change: change}}, nil
	}
	return nil, nil
}
