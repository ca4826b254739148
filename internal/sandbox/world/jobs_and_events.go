package world

import (
	"encoding/hex"
	"net/http"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/events"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
)

func (w *World) jobsAndEvents() {
	w.jobs()
	w.events()
}

// jobs are jobs in every state. No worker knows of them: the pending one stays so.
func (w *World) jobs() {
	const op = "getJob"
	read := func(id string) Request { return as(doctor, get, "/api/jobs/"+id) }
	of := func(name string) Request { return read(jobID(name)) }

	patient := "/api/patients/" + ID("patient").String()
	released := jobs.Outcome{Links: []jobs.Link{{
		Entity: "service_request", Href: patient + "/service_requests/" + ID("service request new in its program").String(),
	}}}
	stopped := jobs.Outcome{Links: []jobs.Link{{
		Entity: "device_dispense", Href: patient + "/device_dispenses/" + ID("stopped device dispense").String(),
	}}}
	w.job("pending", "releaseServiceRequest", jobs.Pending, http.StatusAccepted, jobs.Outcome{}, nil)
	w.job("released", "releaseServiceRequest", jobs.Processed, http.StatusOK, released, nil)
	w.job("stopped", "stopDeviceDispense", jobs.Processed, http.StatusOK, stopped, nil)
	w.job("resent", "resendApprovalSms", jobs.Processed, http.StatusOK, jobs.Outcome{ResponseData: w.resentApproval()}, nil)
	w.job("empty payload", "resendApprovalSms", jobs.Processed, http.StatusOK, jobs.Outcome{ResponseData: ""}, nil)
	w.job("unknown state", "releaseServiceRequest", jobs.Processed, http.StatusNoContent, jobs.Outcome{}, nil)
	w.passes(op, "a pending job", of("pending"), http.StatusOK)
	w.passes(op, "a processed job with links to a service request", of("released"), http.StatusSeeOther)
	w.passes(op, "a processed job with links to a device dispense", of("stopped"), http.StatusSeeOther)
	w.passes(op, "a processed job with a payload", of("resent"), http.StatusOK)
	w.passes(op, "a processed job with an empty payload", of("empty payload"), http.StatusOK)
	for _, failure := range []struct {
		name, operation string
		refusal         *fault.Error
	}{
		{"failed 403", "resendApprovalSms", fault.Refuse(rules.ServiceRequestGetAccess)},
		{"failed 404", "releaseServiceRequest", fault.Refuse(rules.ServiceRequestReleaseNotFound)},
		{"failed 409", "releaseServiceRequest", fault.Refuse(rules.ServiceRequestReleaseProgramStatus)},
		{"failed 422", "releaseServiceRequest", fault.Refuse(rules.ServiceRequestSearchRequisition)},
		{"failed 429", "resendApprovalSms", fault.Refuse(rules.ApprovalResendRate)},
		{"failed 500", "resendApprovalSms", fault.Refuse(rules.ApprovalResendOTP)},
	} {
		w.job(failure.name, failure.operation, jobs.Failed, failure.refusal.Status, jobs.Outcome{}, failure.refusal)
		w.passes(op, "a job that "+failure.name, of(failure.name), http.StatusOK)
	}
	w.job("broke down", "stopDeviceDispense", jobs.FailedWithError, http.StatusInternalServerError, jobs.Outcome{}, fault.Internal())
	w.passes(op, "a job whose worker broke down", of("broke down"), http.StatusOK)

	w.refused(op, "an unknown job", of("nobody's"), fault.Refuse(rules.JobGetNotFound))
	w.refused(op, "a malformed id", read(ID("pending").String()), fault.Refuse(rules.JobGetNotFound))
	w.refused(op, "a job in a state that is none", of("unknown state"), fault.Refuse(rules.JobGetNotImplemented, "status_code", http.StatusNoContent))
}

// jobID is the id of the named job, in the form that jobs have.
func jobID(name string) string {
	id := ID("job " + name)
	return hex.EncodeToString(id[:12])
}

func (w *World) job(name, operation string, status, code int, outcome jobs.Outcome, refusal *fault.Error) {
	params, err := jobs.SealParams(w.keys, row{"made_for": "the sandbox"})
	if err != nil {
		panic(err) // nothing in it that JSON does not know
	}
	r := w.stamped(row{
		"id": jobID(name), "hash": "sandbox " + name, "operation": operation, "params": params, "request_id": "sandbox",
		"status": status, "status_code": code, "eta": w.now.Add(10 * time.Minute),
	})
	if status == jobs.Pending {
		r["inserted_at"] = w.now.AddDate(1, 0, 0) // too young to be looked after: it stays pending
	} else {
		if r["response"], err = jobs.SealResponse(w.keys, outcome, refusal); err != nil {
			panic(err)
		}
	}
	w.insert("jobs.jobs", r)
}

// resentApproval is the payload of a job that has sent an SMS again.
func (w *World) resentApproval() any {
	reference := func(kind, name string) row {
		return row{
			"identifier":    row{"type": row{"coding": []row{{"system": "eHealth/resources", "code": kind}}}, "value": ID(name)},
			"display_value": nil,
		}
	}
	return row{
		"id": ID("new approval"), "granted_resources": []row{reference("episode_of_care", "episode of patient")}, "granted_resource_types": []row{},
		"granted_to": reference("employee", "employee doctor"), "reason": nil, "is_verified": false, "access_level": "read",
		"expires_at":                    w.now.AddDate(0, 3, 0).Format("2006-01-02T15:04:05.000Z"),
		"authentication_method_current": row{"type": "OTP", "number": "+38093*****74"},
	}
}

func (w *World) events() {
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
		w.insert("event_manager.events", row{
			"id": w.object("event", e.name, e.note), "event_type": e.kind, "entity_type": e.entity, "entity_id": ID(e.of),
			"properties": row{e.attribute: row{"new_value": e.value}}, "event_time": w.now.Add(-e.ago), "changed_by": ID(e.by),
			"inserted_at": w.now.Add(-e.ago), "updated_at": w.now.Add(-e.ago),
		})
	}

	list := func(query string) Request { return as(mis, get, "/api/events?"+query) }
	w.passes("listEvents", "the last hours", as(mis, get, "/api/events"), http.StatusOK)
	w.passes("listEvents", "new values of an attribute", list("attribute_name=status&new_value=stopped"), http.StatusOK)
	w.passes("listEvents", "a period", list("date=2017-12-07T12:00:00&date_to=2017-12-07T15:00:00"), http.StatusOK)
	w.passes("listEvents", "a period that ends before it begins", list("date=2017-12-07T15:00:00&date_to=2017-12-07T12:00:00"), http.StatusOK)
	date, dateTo := fault.Refuse(rules.EventListDate), fault.Refuse(rules.EventListDateTo)
	w.refused("listEvents", "a date that is none", list("date=yesterday"), date)
	w.refused("listEvents", "a date_to that is none", list("date_to=2017-02-30T12:00:00"), dateTo)
	w.refused("listEvents", "both wrong at once", list("date=0&date_to=0&new_value=stopped"), date, dateTo)
	w.refused("listEvents", "new_value without attribute_name", list("new_value=stopped"), fault.Refuse(rules.EventListAttributeName))
	w.refused("listEvents", "a period that is too long", list("date=2017-12-07T12:00:00&date_to=2017-12-07T15:00:01"),
		fault.Refuse(rules.EventListPeriod, "period", 3))

	one := func(id string) Request { return as(mis, get, "/api/events/"+id) }
	w.passes("getEvent", "an event", one(ID("event of a stop").String()), http.StatusOK)
	w.refused("getEvent", "an unknown event", one(ID("no event").String()), fault.Refuse(rules.EventGetNotFound))
	w.refused("getEvent", "a malformed id", one("1"), fault.Refuse(rules.EventGetNotFound))
}
