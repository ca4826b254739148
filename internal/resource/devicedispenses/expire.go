package devicedispenses

import (
	"esoz/internal/operation"
	"esoz/internal/platform/mongodb"
)

// Expire ends device dispenses that are in progress for longer than DEVICE_DISPENSE_TTL.
var Expire = operation.Expiry[*API, Document]{
	ID: "expire_device_dispenses", Collection: Collection, Kind: kind,
	Due: func(c operation.Caller) []mongodb.Condition {
		return []mongodb.Condition{
			{Field: "status", Operator: mongodb.Equal, Values: []any{InProgress}},
			{Field: "inserted_at", Operator: mongodb.Before, Values: []any{c.Now.Add(-c.Config.DeviceDispenseTTL)}},
		}
	},
	Change: func(*call) operation.Change { return operation.Change{Set: map[string]any{"status": Unknown}} },
	Event:  operation.Event{Entity: "DeviceDispense", Attribute: "status", To: []string{Unknown}},
}

// Schedules are what the resource does by schedule, in jobs.
func (a *API) Schedules() []operation.Schedule {
	return []operation.Schedule{Expire.Schedule(a.Engine, a)}
}
