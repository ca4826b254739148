package servicerequests

import (
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world/build"
)

func use(w *build.World) {
	const op = "useServiceRequest"
	body := func(change func(b *api.ServiceRequestUse)) api.ServiceRequestUse {
		b := api.ServiceRequestUse{
			UsedByEmployee: reference("employee", "employee doctor"), UsedByLegalEntity: *reference("legal_entity", "clinic"),
			UsedByDivision: reference("division", "division of the clinic"), Program: *reference("medical_program", "medical program"),
		}
		if change != nil {
			change(&b)
		}
		return b
	}
	by := func(token, id string, body any) build.Request {
		return build.Patch(token, "/api/service_requests/"+id+"/actions/use").With(body)
	}
	of := func(id uuid.UUID, change func(b *api.ServiceRequestUse)) build.Request {
		return by(doctor, id.String(), body(change))
	}
	program := func(name string) func(b *api.ServiceRequestUse) {
		return func(b *api.ServiceRequestUse) { b.Program = *reference("medical_program", name) }
	}
	employee := func(name string) func(b *api.ServiceRequestUse) {
		return func(b *api.ServiceRequestUse) { b.UsedByEmployee = reference("employee", "employee "+name) }
	}
	division := func(name string) func(b *api.ServiceRequestUse) {
		return func(b *api.ServiceRequestUse) {
			b.UsedByDivision = nil
			if name != "" {
				b.UsedByDivision = reference("division", name)
			}
		}
	}
	refused := func(title string, request build.Request, id rules.ID, args ...any) *build.Case {
		return w.Refused(op, title, request, fault.Refuse(id, args...))
	}
	given := func(name, note string) *referral { return issue(w, name, "patient", note, clinic(3*day)) }

	fresh := given("service request to be used", "active, new in its program: it can be used").add()
	free := given("service request without a program to be used", "active, of no program yet").withoutProgram().add()
	reserved := given("service request used by the other clinic", "active, in_progress, used by the other clinic").
		use(servicerequests.ProgramInProgress, otherClinic(day)).add()
	imaging := given("service request for a service of a group", "its service is in a group that the program includes").service("service of a group").add()
	tests := given("service request for a laboratory", "its category is laboratory_procedure").withoutProgram().category("laboratory_procedure").add()
	hospital := given("service request for hospitalization", "its category is hospitalization").withoutProgram().category("hospitalization").add()
	transfer := given("service request for transfer of care", "its category is transfer_of_care, its performer the clinic").withoutProgram().category("transfer_of_care")
	transfer.d.Performer = new(clinic(0).organization())

	another := given("service request of the dental program", "its program is another one than the cases ask for")
	another.d.Program = new(medicalevents.To("medical_program", build.ID("dental medical program")))

	w.Passes(op, "a new referral", of(fresh, nil), http.StatusAccepted)
	w.Passes(op, "a referral of no program yet", of(free, nil), http.StatusAccepted)
	w.Passes(op, "a referral that another clinic has used", of(reserved, nil), http.StatusAccepted)
	w.Passes(op, "no employee and no division", of(fresh, func(b *api.ServiceRequestUse) { b.UsedByEmployee, b.UsedByDivision = nil, nil }), http.StatusAccepted)
	w.Passes(op, "a service of a group that the program includes", of(imaging, nil), http.StatusAccepted)
	w.Passes(op, "an assistant of a laboratory", of(tests, employee("nurse")), http.StatusAccepted)
	w.Passes(op, "a hospitalization in the own division", of(hospital, nil), http.StatusAccepted)
	w.Passes(op, "a transfer of care to the performer's division", of(transfer.add(), nil), http.StatusAccepted)

	w.Passes(op, "an unknown referral, left to the job", of(build.ID("no service request"), nil), http.StatusAccepted).Set("READING", "live")

	w.Refused(op, "no legal entity", by(doctor, free.String(), build.Row{"program": body(nil).Program}),
		build.MissingProperty(rules.ServiceRequestUseSchema, "used_by_legal_entity"))
	refused("an unknown referral", of(build.ID("no service request"), nil), rules.ServiceRequestUseNotFound)
	refused("a malformed id", by(doctor, "1", body(nil)), rules.ServiceRequestUseNotFound)
	refused("a referral of another program", of(another.add(), nil), rules.ServiceRequestUseProgram)
	// Referrals of no program are refused for what a case is about, whatever program it asks for.
	expired := issue(w, "expired service request to be used", "patient", "its expiration_date has passed", clinic(year+2*day)).withoutProgram().add()
	refused("an expired referral", of(expired, nil), rules.ServiceRequestUseExpired)
	recalled := issue(w, "recalled service request without a program", "offline_patient", "status recalled", clinic(3*day)).withoutProgram().
		end(servicerequests.Recalled, "eHealth/service_request_recall_reasons", clinic(hour)).add()
	refused("a recalled referral", of(recalled, nil), rules.ServiceRequestUseStatus)
	wrong := issue(w, "entered_in_error service request without a program", "offline_patient", "status entered_in_error", clinic(3*day)).withoutProgram().
		end(servicerequests.EnteredInError, "eHealth/service_request_cancel_reasons", clinic(hour)).add()
	refused("a referral that was entered in error", of(wrong, nil), rules.ServiceRequestUseStatus)
	strict := []string{"RULES", "+service_request.use.used"}
	refused("a referral that another clinic has used, when only free ones may be", of(reserved, nil), rules.ServiceRequestUseUsed).Set(strict...)
	w.Passes(op, "a new referral, when only free ones may be used", of(fresh, nil), http.StatusAccepted).Set(strict...)
	refused("a referral that is completed in its program", of(build.ID("completed service request"), nil), rules.ServiceRequestUseCompleted).
		Set("RULES", "-service_request.use.status")

	refused("an unknown program", of(free, program("no program")), rules.ServiceRequestUseProgramExists)
	refused("a program that has ended", of(free, program("inactive medical program")), rules.ServiceRequestUseProgramExists)
	refused("a program of medications", of(free, program("medical program of medications")), rules.ServiceRequestUseProgramType)
	refused("a program without the service", of(free, program("other medical program")), rules.ServiceRequestUseProgramService)
	refused("a program that takes no requests", of(free, program("medical program without requests")), rules.ServiceRequestUseRequestAllowed)
	known := []string{"RULES", "+service_request.use.access"}
	w.Passes(op, "a doctor with a declaration, when the patient must be known", of(fresh, nil), http.StatusAccepted).Set(known...)
	stranger := issue(w, "service request of a stranger to be used", "stranger_patient", "of a patient of the other clinic, by its doctor", otherClinic(3*day)).add()
	refused("a stranger's referral, when the patient must be known", of(stranger, nil), rules.ServiceRequestUseAccess).Set(known...)
	refused("an employee of another clinic", of(free, employee("other_doctor")), rules.ServiceRequestUseEmployee)
	refused("an unknown employee", of(free, employee("nobody")), rules.ServiceRequestUseEmployee)
	refused("an assistant", of(free, employee("nurse")), rules.ServiceRequestUseEmployeeType)
	refused("another legal entity", of(free, func(b *api.ServiceRequestUse) { b.UsedByLegalEntity = *reference("legal_entity", "other_clinic") }),
		rules.ServiceRequestUseUsedByLegalEntity)
	refused("a hospitalization without a division", of(hospital, division("")), rules.ServiceRequestUseDivision, "category", "hospitalization")
	refused("a hospitalization in another clinic's division", of(hospital, division("division of the other clinic")), rules.ServiceRequestUseDivisionLegalEntity)
	refused("a transfer of care to another clinic", of(transfer.d.ID, division("division of the other clinic")), rules.ServiceRequestUsePerformer)
}

// service and category make a referral for something else.
func (r *referral) service(name string) *referral {
	r.d.Code = medicalevents.To("service", build.ID(name))
	return r
}

func (r *referral) category(code string) *referral {
	r.d.Category = medicalevents.Concept("eHealth/SNOMED/service_request_categories", code)
	return r
}

// reference names an object in a body.
func reference(kind, name string) *api.ReferenceRequest {
	return new(medicalevents.To(kind, build.ID(name)).ShowSent())
}
