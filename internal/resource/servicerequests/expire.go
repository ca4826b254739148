package servicerequests

import (
	"context"

	"esoz/internal/operation"
	"esoz/internal/platform/mongodb"
	"esoz/internal/resource/medicalevents"
)

// Expire recalls referrals that nobody has used until their expiration_date.
var Expire = operation.Expiry[*API, Document]{
	ID: "expire_service_requests", Collection: Collection, Kind: kind,
	Due: func(c operation.Caller) []mongodb.Condition {
		return []mongodb.Condition{
			{Field: "status", Operator: mongodb.Equal, Values: []any{Active}},
			{Field: "expiration_date", Operator: mongodb.Before, Values: []any{c.Now}},
			{Field: "program_processing_status", Operator: mongodb.OneOf, Values: []any{ProgramNew, nil}},
		}
	},
	Kept: func(ctx context.Context, c *call) (bool, error) {
		patient, err := c.API.Engine.Keys.OpenPatientID(c.Document.Subject, c.Document.SealedWith)
		if err != nil {
			return false, err
		}
		return c.API.Records.CarryOut(ctx, c.API.Engine.Keys.PatientIDs(patient), c.ID)
	},
	Change: func(c *call) operation.Change {
		reason := medicalevents.Concept("eHealth/service_request_cancel_reasons", "autoexpired")
		return operation.Change{
			Set: map[string]any{"status": Recalled, "status_reason": reason},
			Push: map[string]any{
				"status_history": StatusChange{Status: Recalled, StatusReason: &reason, Change: Change{InsertedAt: c.Now, InsertedBy: c.UserID}},
			},
		}
	},
	Event:   operation.Event{Entity: "ServiceRequest", Attribute: "status", To: []string{Recalled}},
	Follows: ends[operation.NoBody](),
}

// Schedules are what the resource does by schedule, in jobs.
func (a *API) Schedules() []operation.Schedule {
	return []operation.Schedule{Expire.Schedule(a.Engine, a)}
}
