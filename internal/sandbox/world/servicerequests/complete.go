package servicerequests

import (
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/api"
	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/medicalevents"
	record "esoz/internal/resource/medicalrecords"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/medicalrecords"
)

func complete(w *build.World) {
	const op, inProgress = "completeServiceRequest", servicerequests.ProgramInProgress
	by := func(token, id string, body any) build.Request {
		return build.Patch(token, "/api/service_requests/"+id+"/actions/complete").With(body)
	}
	with := func(kind, name, service string) api.ServiceRequestComplete {
		body := api.ServiceRequestComplete{CompletedWith: reference(kind, name)}
		if service != "" {
			body.ProgramService = reference("program_service", service)
		}
		return body
	}
	passes := func(title string, id uuid.UUID, body any) {
		w.Passes(op, title, by(doctor, id.String(), body), http.StatusAccepted)
	}
	refused := func(title string, id uuid.UUID, body any, rule rules.ID, args ...any) *build.Case {
		return w.Refused(op, title, by(doctor, id.String(), body), fault.Refuse(rule, args...))
	}
	nothing := build.Row{}
	why := api.ServiceRequestComplete{StatusReason: new(medicalevents.Concept("eHealth/service_request_complete_reasons", "done").Show())}
	given := func(name, note string) *referral { return issue(w, name, "offline_patient", note, clinic(3*day)) }
	inWork := func(name, note string) uuid.UUID { return given(name, note).use(inProgress, clinic(day)).add() }

	// What carries a referral out.
	report := func(name, note string, referral uuid.UUID, change func(d *record.DiagnosticReport)) {
		medicalrecords.CarryOut(w, "diagnostic report", name, note, func(d *record.DiagnosticReport) {
			d.BasedOn = new(medicalevents.To("service_request", referral))
			if change != nil {
				change(d)
			}
		})
	}
	meeting := func(name, note string, referral uuid.UUID, change func(d *record.Encounter)) {
		medicalrecords.CarryOut(w, "encounter", name, note, func(d *record.Encounter) {
			d.IncomingReferral = new(medicalevents.To("service_request", referral))
			if change != nil {
				change(d)
			}
		})
	}
	operation := func(name, note string, referral uuid.UUID, status string) {
		medicalrecords.CarryOut(w, "procedure", name, note, func(d *record.Procedure) {
			d.BasedOn, d.Status = new(medicalevents.To("service_request", referral)), status
		})
	}

	free := given("service request without a program to be completed", "active, of no program: it can be completed").withoutProgram().add()
	own := inWork("service request in work to be completed", "active, in_progress: reports and procedures carry it out")
	report("report of the referral", "carries out the referral in work", own, nil)
	meeting("encounter of the referral", "carries out the referral in work", own, nil)
	operation("procedure of the referral", "carries out the referral in work", own, "completed")
	hospital := given("service request in work for hospitalization", "its category is hospitalization; an encounter ends the stay").
		category("hospitalization").use(inProgress, clinic(day)).add()
	meeting("encounter of the discharge", "of type discharge: it ends the stay of the referral", hospital, func(d *record.Encounter) {
		d.Type = medicalevents.Concept("eHealth/encounter_types", "discharge")
	})
	meeting("encounter during the stay", "not of type discharge", hospital, nil)

	another := func(name string) uuid.UUID { return inWork(name, "active, in_progress: it can be completed") }
	passes("nothing tells what was done", another("service request in work that nothing carries out"), why)
	passes("a referral of no program", free, nothing)
	passes("a report of the service", own, with("diagnostic_report", "report of the referral", "program service"))
	visited := another("service request in work of an encounter")
	meeting("encounter of another referral", "carries out a referral of its own", visited, nil)
	passes("an encounter", visited, with("encounter", "encounter of another referral", "program service"))
	operated := another("service request in work of a procedure")
	operation("procedure of another referral", "carries out a referral of its own", operated, "completed")
	passes("a procedure", operated, with("procedure", "procedure of another referral", "program service"))
	passes("the end of a stay", hospital, with("encounter", "encounter of the discharge", "program service"))
	told := with("diagnostic_report", "report of another referral", "program service")
	told.StatusReason = why.StatusReason
	reasoned := another("service request in work with a reason")
	report("report of another referral", "carries out a referral of its own", reasoned, nil)
	passes("a reason", reasoned, told)

	open := inWork("service request in work that stays", "active, in_progress: what completes it is refused")
	report("report of the clinic", "carries out the referral that stays", open, nil)
	w.Refused(op, "an unknown field", by(doctor, open.String(), build.Row{"status": "completed"}),
		build.WrongShape(rules.ServiceRequestCompleteSchema, "$.status", "schema", "schema does not allow additional properties"))
	refused("an unknown referral", build.ID("no service request"), nothing, rules.ServiceRequestCompleteNotFound)
	w.Refused(op, "a malformed id", by(doctor, "1", nothing), fault.Refuse(rules.ServiceRequestCompleteNotFound))
	foreign := given("service request in work of the other clinic", "active, in_progress, used by the other clinic").use(inProgress, otherClinic(day)).add()
	refused("a referral that another clinic works on", foreign, nothing, rules.ServiceRequestCompleteOwner)
	refused("a referral that nobody has reserved", build.ID("service request to be used"), nothing, rules.ServiceRequestCompleteOwner)
	refused("a referral in the queue", build.ID("service request in the queue"), nothing, rules.ServiceRequestCompleteProgramStatus)
	recalled := build.ID("recalled service request without a program")
	refused("a recalled referral", recalled, nothing, rules.ServiceRequestCompleteStatus)
	left := given("recalled service request in work", "recalled, although in_progress").use(inProgress, clinic(day)).
		end(servicerequests.Recalled, "eHealth/service_request_recall_reasons", clinic(hour)).add()
	refused("a recalled referral that was in work", left, nothing, rules.ServiceRequestCompleteStatus)

	refused("a record of another kind", open, with("observation", "observation of patient", "program service"), rules.ServiceRequestCompleteRecordKind)
	refused("an unknown report", open, with("diagnostic_report", "no report", "program service"), rules.ServiceRequestCompleteRecord, "resource", "Diagnostic report")
	report("report of the other clinic for the referral", "of the other clinic", open, func(d *record.DiagnosticReport) {
		d.ManagingOrganization = otherClinic(0).organization()
	})
	refused("a report of another clinic", open, with("diagnostic_report", "report of the other clinic for the referral", "program service"),
		rules.ServiceRequestCompleteRecordLegalEntity)
	refused("a report of another referral", open, with("diagnostic_report", "report of the referral", "program service"),
		rules.ServiceRequestCompleteRecordReferral, "kind", "diagnostic_report")
	staying := given("service request in work for a stay", "its category is hospitalization: what completes it is refused").
		category("hospitalization").use(inProgress, clinic(day)).add()
	meeting("encounter of a stay", "not of type discharge", staying, nil)
	report("report of a stay", "made during a stay", staying, nil)
	refused("an encounter that ends no stay", staying, with("encounter", "encounter of a stay", "program service"),
		rules.ServiceRequestCompleteRecordType, "category", "hospitalization")
	refused("a report, which ends no stay", staying, with("diagnostic_report", "report of a stay", "program service"),
		rules.ServiceRequestCompleteRecordType, "category", "hospitalization")
	meeting("encounter in a closed episode", "of an episode that is closed", open, func(d *record.Encounter) {
		d.Episode = medicalevents.To("episode", build.ID("closed episode"))
	})
	refused("an encounter of a closed episode", open, with("encounter", "encounter in a closed episode", "program service"),
		rules.ServiceRequestCompleteRecordEpisode)
	report("report in error of the referral", "entered in error", open, func(d *record.DiagnosticReport) { d.Status = "entered_in_error" })
	refused("a report that was entered in error", open, with("diagnostic_report", "report in error of the referral", "program service"),
		rules.ServiceRequestCompleteRecordStatus, "resource", "Diagnostic report", "status", "entered_in_error")
	operation("procedure not done", "was not done", open, "not_done")
	refused("a procedure that was not done", open, with("procedure", "procedure not done", "program service"),
		rules.ServiceRequestCompleteRecordStatus, "resource", "Procedure", "status", "not_done")

	refused("no program_service", open, with("diagnostic_report", "report of the clinic", ""), rules.ServiceRequestCompleteProgramServiceRequired)
	refused("an unknown program_service", open, with("diagnostic_report", "report of the clinic", "no program service"), rules.ServiceRequestCompleteProgramService)
	refused("a program_service of a group", open, with("diagnostic_report", "report of the clinic", "program service of a group"),
		rules.ServiceRequestCompleteProgramServiceGroup)
	report("report of another service", "made for radiography", open, func(d *record.DiagnosticReport) {
		d.Code = medicalevents.To("service", build.ID("radiography"))
	})
	refused("a report of another service", open, with("diagnostic_report", "report of another service", "program service"),
		rules.ServiceRequestCompleteProgramServiceCode)
}
