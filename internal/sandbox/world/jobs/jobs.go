// Package jobs has jobs in every state.
package jobs

import (
	"encoding/hex"
	"net/http"
	"time"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/jobs"
	"esoz/internal/sandbox/world/build"
)

var doctor = build.TokenValue("doctor")

// Add adds the jobs and the cases. No worker knows of these jobs.
func Add(w *build.World) {
	const op = "getJob"
	read := func(id string) build.Request { return build.Get(doctor, "/api/jobs/"+id) }
	of := func(name string) build.Request { return read(jobID(name)) }

	patient := "/api/patients/" + build.ID("patient").String()
	released := jobs.Outcome{Links: []jobs.Link{{
		Entity: "service_request", Href: patient + "/service_requests/" + build.ID("service request new in its program").String(),
	}}}
	stopped := jobs.Outcome{Links: []jobs.Link{{
		Entity: "device_dispense", Href: patient + "/device_dispenses/" + build.ID("stopped device dispense").String(),
	}}}
	add(w, "pending", "releaseServiceRequest", jobs.Pending, http.StatusAccepted, jobs.Outcome{}, nil)
	add(w, "released", "releaseServiceRequest", jobs.Processed, http.StatusOK, released, nil)
	add(w, "stopped", "stopDeviceDispense", jobs.Processed, http.StatusOK, stopped, nil)
	add(w, "resent", "resendApprovalSms", jobs.Processed, http.StatusOK, jobs.Outcome{ResponseData: resentApproval(w)}, nil)
	add(w, "empty payload", "resendApprovalSms", jobs.Processed, http.StatusOK, jobs.Outcome{ResponseData: ""}, nil)
	add(w, "unknown state", "releaseServiceRequest", jobs.Processed, http.StatusNoContent, jobs.Outcome{}, nil)
	w.Passes(op, "a pending job", of("pending"), http.StatusOK)
	w.Passes(op, "a pending job, as the running system answers", of("pending"), http.StatusOK).Set("READING", "live")
	w.Passes(op, "a processed job with links to a service request", of("released"), http.StatusSeeOther)
	w.Passes(op, "a processed job with links to a device dispense", of("stopped"), http.StatusSeeOther)
	w.Passes(op, "a processed job with a payload", of("resent"), http.StatusOK)
	w.Passes(op, "a processed job with an empty payload", of("empty payload"), http.StatusOK)
	for _, failure := range []struct {
		name, operation string
		refusal         *fault.Error
	}{
		// Only operations that are not served here fail with 403 and 422: these two show the form.
		{"failed 403", "cancelApproval", fault.Refuse(rules.ServiceRequestGetAccess)},
		{"failed 404", "releaseServiceRequest", fault.Refuse(rules.ServiceRequestReleaseNotFound)},
		{"failed 409", "releaseServiceRequest", fault.Refuse(rules.ServiceRequestReleaseProgramStatus)},
		{"failed 422", "completeServiceRequest", fault.Refuse(rules.ServiceRequestSearchRequisition)},
		{"failed 429", "resendApprovalSms", fault.Refuse(rules.ApprovalResendRate)},
		{"failed 500", "resendApprovalSms", fault.Refuse(rules.ApprovalResendOTP)},
	} {
		add(w, failure.name, failure.operation, jobs.Failed, failure.refusal.Status, jobs.Outcome{}, failure.refusal)
		w.Passes(op, "a job that "+failure.name, of(failure.name), http.StatusOK)
	}
	add(w, "broke down", "stopDeviceDispense", jobs.FailedWithError, http.StatusInternalServerError, jobs.Outcome{}, fault.Internal())
	w.Passes(op, "a job whose worker broke down", of("broke down"), http.StatusOK)

	w.Refused(op, "an unknown job", of("nobody's"), fault.Refuse(rules.JobGetNotFound))
	w.Refused(op, "a malformed id", read(build.ID("pending").String()), fault.Refuse(rules.JobGetNotFound))
	// No job ends so: the rule is there for what another version may have stored.
	w.Refused(op, "a job in a state that is none", of("unknown state"), fault.Refuse(rules.JobGetNotImplemented, "status_code", http.StatusNoContent))
}

// jobID is the id of the named job, in the form that jobs have.
func jobID(name string) string {
	id := build.ID("job " + name)
	return hex.EncodeToString(id[:12])
}

func add(w *build.World, name, operation string, status, code int, outcome jobs.Outcome, refusal *fault.Error) {
	params, err := jobs.SealParams(w.Seal, build.Row{"made_for": "the sandbox"})
	if err != nil {
		panic(err) // nothing in it that JSON does not know
	}
	r := w.Stamped(build.Row{
		"id": jobID(name), "hash": "sandbox " + name, "operation": operation, "params": params, "request_id": "sandbox",
		"status": status, "status_code": code, "eta": w.Now.Add(10 * time.Minute),
	})
	if status == jobs.Pending {
		// A pending job always ends. This one is too young to be looked after, and so stays pending.
		r["inserted_at"], r["updated_at"] = w.Now.AddDate(1, 0, 0), w.Now.AddDate(1, 0, 0)
	} else if r["response"], err = jobs.SealResponse(w.Seal, outcome, refusal); err != nil {
		panic(err)
	}
	w.Insert("jobs.jobs", r)
}

// resentApproval is the payload of a job that has sent an SMS again.
func resentApproval(w *build.World) any {
	reference := func(kind, name string) build.Row {
		return build.Row{
			"identifier":    build.Row{"type": build.Row{"coding": []build.Row{{"system": "eHealth/resources", "code": kind}}}, "value": build.ID(name)},
			"display_value": nil,
		}
	}
	return build.Row{
		"id": build.ID("new approval"), "granted_resources": []build.Row{reference("episode_of_care", "episode of patient")}, "granted_resource_types": []build.Row{},
		"granted_to": reference("employee", "employee doctor"), "reason": nil, "is_verified": false, "access_level": "read",
		"expires_at":                    w.Now.AddDate(0, 0, 90).Format("2006-01-02T15:04:05.000Z"),
		"authentication_method_current": build.Row{"type": "OTP", "number": "+38093*****74"},
	}
}
