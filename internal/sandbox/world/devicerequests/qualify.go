package devicerequests

import (
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/servicerequests"
)

func qualify(w *build.World) {
	const op = "qualifyDeviceRequest"
	by := func(token, id, division string, programs ...string) build.Request {
		body := api.DeviceRequestQualify{Location: sent("division", division), Programs: []api.ReferenceRequest{}}
		for _, name := range programs {
			body.Programs = append(body.Programs, sent("medical_program", name))
		}
		return build.Post(token, "/api/device_requests/"+id+"/actions/qualify").With(body)
	}
	of := func(id uuid.UUID, programs ...string) build.Request {
		return by(pharmacist, id.String(), "drugstore", programs...)
	}
	refused := func(title string, id uuid.UUID, rule rules.ID) {
		w.Refused(op, title, of(id, "device program"), fault.Refuse(rule))
	}

	request := issue(w, "device request to be qualified", "patient", "active, in the medical program of devices", clinic).Add()
	w.Passes(op, "a program that pays", of(request, "device program"), http.StatusOK)
	w.Passes(op, "a program with two prices", of(request, "device program of several devices"), http.StatusOK)
	byType := issue(w, "device request of a type to be qualified", "patient", "active, by type", clinic)
	byType.d.CodeReference, byType.d.Code = nil, new(medicalevents.Concept("device_definition_classification_type", "30221"))
	typed := byType.Add()
	w.Passes(op, "programs that do not pay", of(typed, "no program", "inactive medical program", "medical program", "medical program of devices",
		"scarce device program", "former device program", "device program of boxes", "device program of large packages"), http.StatusOK)
	w.Passes(op, "a request of a type of devices", of(typed, "device program"), http.StatusOK)
	open := issue(w, "device request of any amount to be qualified", "patient", "active, without a quantity", clinic).withoutQuantity()
	w.Passes(op, "a request without a quantity", of(open.Add(), "device program"), http.StatusOK)

	w.Refused(op, "no programs", of(request), build.WrongShape(rules.DeviceRequestQualifySchema, "$.programs", "length", "expected a minimum of 1 items but got 0"))
	refused("an unknown request", build.ID("no device request"), rules.DeviceRequestQualifyNotFound)
	w.Refused(op, "a malformed id", by(pharmacist, "1", "drugstore", "device program"), fault.Refuse(rules.DeviceRequestQualifyNotFound))
	refused("a revoked request", build.ID("revoked device request"), rules.DeviceRequestQualifyStatus)
	refused("a request whose time is over", issue(w, "device request to be qualified too late", "patient", "active; dispense_valid_to has passed", clinic).Expire().Add(), rules.DeviceRequestQualifyExpired)

	at := func(title, division string, rule rules.ID) {
		w.Refused(op, title, by(pharmacist, request.String(), division, "device program"), fault.Refuse(rule))
	}
	at("an unknown division", "no division", rules.DeviceRequestQualifyDivision)
	at("an inactive division", "inactive drugstore", rules.DeviceRequestQualifyDivisionStatus)
	at("a division of another pharmacy", "division of the other pharmacy", rules.DeviceRequestQualifyDivisionLegalEntity)

	planned := func(what string, p servicerequests.Plan) uuid.UUID {
		r := issue(w, "device request for an activity "+what, "patient", "carries out an activity of a care plan", clinic)
		r.d.BasedOn = p.Add(w, "of a device request "+what)
		return r.Add()
	}
	w.Passes(op, "an activity of a care plan", of(planned("to be carried out", servicerequests.Plan{}), "device program"), http.StatusOK)
	refused("an activity that was cancelled", planned("that is cancelled", servicerequests.Plan{Activity: "cancelled"}), rules.DeviceRequestQualifyActivity)
	refused("an activity of a completed care plan", planned("of a completed care plan", servicerequests.Plan{Status: "completed"}), rules.DeviceRequestQualifyCarePlan)
	refused("an activity of a care plan that has ended", planned("of a care plan that has ended", servicerequests.Plan{Ended: true}),
		rules.DeviceRequestQualifyCarePlanEnd)
	w.Refused(op, "another dispense in progress", by(build.TokenValue("other_pharmacist"), build.ID("device request of "+awaited).String(),
		"division of the other pharmacy", "device program"), fault.Refuse(rules.DeviceRequestQualifyOtherDispense))
}

// awaited is a dispense in progress that no case changes.
const awaited = "device dispense of another pharmacy"

// Expire makes the request one of two months ago, which is dispensed no more.
func (r *Request) Expire() *Request {
	at := r.w.Now.AddDate(0, -2, 0)
	r.d.AuthoredOn, r.d.OccurrencePeriod = at, medicalevents.Period{Start: at, End: new(at.AddDate(0, 0, 30))}
	r.d.DispenseValidTo = at.AddDate(0, 0, 30)
	return r
}

func sent(kind, name string) api.ReferenceRequest {
	return medicalevents.To(kind, build.ID(name)).ShowSent()
}
