package servicerequests

import (
	"net/http"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world/build"
)

func process(w *build.World) {
	const op, inQueue = "processServiceRequest", servicerequests.ProgramInQueue
	by := func(token, id string) build.Request {
		return build.Patch(token, "/api/service_requests/"+id+"/actions/process")
	}
	of := func(id uuid.UUID) build.Request { return by(doctor, id.String()) }
	queued := func(name, note string, user worker) *referral {
		return issue(w, name, "patient", note, clinic(3*day)).use(inQueue, user)
	}
	ofProgram := func(program string) uuid.UUID {
		r := queued("service request in the queue of the "+program, "in_queue, of the "+program, clinic(day))
		r.d.Program = new(medicalevents.To("medical_program", build.ID(program)))
		return r.add()
	}
	refused := func(title string, id uuid.UUID, rule rules.ID) *build.Case {
		return w.Refused(op, title, of(id), fault.Refuse(rule))
	}

	own := queued("service request in the queue to be processed", "active, in_queue, reserved for the clinic: its work can begin", clinic(day)).add()
	foreign := queued("service request in the queue of another clinic to be processed", "in_queue, reserved for the other clinic", otherClinic(day)).add()
	w.Passes(op, "a referral in the own queue", of(own), http.StatusAccepted)
	known := []string{"RULES", "+service_request.process.access"}
	w.Passes(op, "a doctor with a declaration, when the patient must be known", of(own), http.StatusAccepted).Set(known...)

	refused("an unknown referral", build.ID("no service request"), rules.ServiceRequestProcessNotFound)
	w.Refused(op, "a malformed id", by(doctor, "1"), fault.Refuse(rules.ServiceRequestProcessNotFound))
	refused("a recalled referral", build.ID("recalled service request"), rules.ServiceRequestProcessStatus)
	refused("a referral that nobody has reserved", build.ID("service request to be used"), rules.ServiceRequestProcessProgramStatus)
	refused("a referral without a program", build.ID("service request without a program"), rules.ServiceRequestProcessProgramStatus)
	refused("a referral in work", build.ID("service request in_progress in its program"), rules.ServiceRequestProcessProgramStatus)
	refused("a program that has ended", ofProgram("inactive medical program"), rules.ServiceRequestProcessProgramExists)
	refused("a program of medications", ofProgram("medical program of medications"), rules.ServiceRequestProcessProgramType)
	refused("a program without the service", ofProgram("other medical program"), rules.ServiceRequestProcessProgramService)
	refused("a program that takes no requests", ofProgram("medical program without requests"), rules.ServiceRequestProcessRequestAllowed)
	stranger := issue(w, "service request of a stranger in the queue", "stranger_patient", "of a patient of the other clinic, reserved for the clinic",
		otherClinic(3*day)).use(inQueue, clinic(day)).add()
	refused("a stranger's referral, when the patient must be known", stranger, rules.ServiceRequestProcessAccess).Set(known...)
	refused("the reservation of another clinic", foreign, rules.ServiceRequestProcessOwner)
}
