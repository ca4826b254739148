// Package events has changes that were published.
package events

import (
	"net/http"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/events"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
)

var mis = build.TokenValue("mis")

// Add adds the events and the cases.
func Add(w *build.World) {
	for _, e := range []struct {
		name, kind, entity, of, attribute, value, by string
		ago                                          time.Duration
		note                                         string
	}{
		{
			"event of a stop", events.StatusChange, "DeviceDispense", "stopped device dispense", "status", "stopped", "pharmacist",
			2 * time.Hour, "a device dispense was stopped two hours ago",
		},
		{
			"event of a release", events.StateChange, "ServiceRequest", "service request new in its program", "program_processing_status", "new", "doctor",
			time.Hour, "a service request was released an hour ago",
		},
		{
			"event of yesterday", events.StatusChange, "Declaration", "declaration of former_patient", "status", "terminated", "doctor",
			24 * time.Hour, "a declaration ended a day ago",
		},
	} {
		w.Insert("event_manager.events", build.Row{
			"id": w.Object("event", e.name, e.note), "event_type": e.kind, "entity_type": e.entity, "entity_id": build.ID(e.of),
			"properties": build.Row{e.attribute: build.Row{"new_value": e.value}}, "event_time": w.Now.Add(-e.ago), "changed_by": build.ID(e.by),
			"inserted_at": w.Now.Add(-e.ago), "updated_at": w.Now.Add(-e.ago),
		})
	}

	list := func(query string) build.Request { return build.Get(mis, "/api/events?"+query) }
	w.Passes("listEvents", "the last hours", build.Get(mis, "/api/events"), http.StatusOK)
	w.Passes("listEvents", "the NHS, through a MIS", build.Get(build.TokenValue("nhs"), "/api/events"), http.StatusOK)
	w.Passes("listEvents", "new values of an attribute", list("attribute_name=status&new_value=stopped"), http.StatusOK)
	w.Passes("listEvents", "a period", list("date=2017-12-07T12:00:00&date_to=2017-12-07T15:00:00"), http.StatusOK)
	w.Passes("listEvents", "a period that ends before it begins", list("date=2017-12-07T15:00:00&date_to=2017-12-07T12:00:00"), http.StatusOK)
	date, dateTo := fault.Refuse(rules.EventListDate), fault.Refuse(rules.EventListDateTo)
	w.Refused("listEvents", "a date that is none", list("date=yesterday"), date)
	w.Refused("listEvents", "a date_to that is none", list("date_to=2017-02-30T12:00:00"), dateTo)
	w.Refused("listEvents", "both wrong at once", list("date=0&date_to=0&new_value=stopped"), date, dateTo)
	w.Refused("listEvents", "new_value without attribute_name", list("new_value=stopped"), fault.Refuse(rules.EventListAttributeName))
	w.Refused("listEvents", "a period that is too long", list("date=2017-12-07T12:00:00&date_to=2017-12-07T15:00:01"),
		fault.Refuse(rules.EventListPeriod, "period", 3))

	one := func(id string) build.Request { return build.Get(mis, "/api/events/"+id) }
	w.Passes("getEvent", "an event", one(build.ID("event of a stop").String()), http.StatusOK)
	w.Refused("getEvent", "an unknown event", one(build.ID("no event").String()), fault.Refuse(rules.EventGetNotFound))
	w.Refused("getEvent", "a malformed id", one("1"), fault.Refuse(rules.EventGetNotFound))
}
