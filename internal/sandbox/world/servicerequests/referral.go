package servicerequests

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/servicerequests"
	"esoz/internal/sandbox/world/build"
)

// referral is a service request on its way. Its methods do what the documented
// writes do, so that it is in a state that they can leave.
type referral struct {
	w *build.World
	d servicerequests.Document
}

// worker does something to a referral, some time ago.
type worker struct {
	user, legalEntity, division string
	ago                         time.Duration
}

const (
	hour = time.Hour
	day  = 24 * hour
	year = 365 * day
)

func clinic(ago time.Duration) worker {
	return worker{"doctor", "clinic", "division of the clinic", ago}
}

func otherClinic(ago time.Duration) worker {
	return worker{"other_doctor", "other_clinic", "division of the other clinic", ago}
}

func (by worker) employee() medicalevents.Reference {
	return medicalevents.To("employee", build.ID("employee "+by.user))
}

func (by worker) organization() medicalevents.Reference {
	return medicalevents.To("legal_entity", build.ID(by.legalEntity))
}

// issue creates a referral for a service of a medical program.
func issue(w *build.World, name, patient, note string, by worker) *referral {
	w.Confide(Requisition(patient), strings.ReplaceAll(Requisition(patient), "-", ""))
	number, ok := w.Seal.Requisition(strings.ReplaceAll(Requisition(patient), "-", ""))
	if !ok {
		panic("world: the requisition of " + patient + " is no number")
	}
	give(w, "encounter of "+patient, number)
	one := medicalevents.Quantity{Value: 1, System: "SERVICE_UNIT", Code: "PIECE", Unit: new("шт")}
	r := &referral{w, servicerequests.Document{
		ID: w.Object("service request", name, note), Subject: w.Seal.PatientID(build.ID(patient)), Requisition: number,
		Program: new(medicalevents.To("medical_program", build.ID("medical program"))),
		Intent:  "order", Priority: new("routine"),
		Category: medicalevents.Concept("eHealth/SNOMED/service_request_categories", "409063005"),
		Code:     medicalevents.To("service", build.ID("service")),
		Context:  new(medicalevents.To("encounter", build.ID("encounter of "+patient))), ContextEpisodeID: new(build.ID("episode of " + patient)),

		RequesterEmployee: by.employee(), RequesterLegalEntity: by.organization(),
		ReasonReference: []medicalevents.Reference{medicalevents.To("condition", build.ID("condition of "+patient))},
		Note:            new("Консультація кардіолога"), PatientInstruction: new("Взяти з собою результати аналізів"),
		Quantity: &one, RemainingQuantity: &one,
	}}
	w.Confide(*r.d.Note, *r.d.PatientInstruction)
	r.status(servicerequests.Active, nil, by)
	r.programStatus(servicerequests.ProgramNew, by)
	r.d.InsertedAt, r.d.InsertedBy = r.d.UpdatedAt, r.d.UpdatedBy
	r.d.Occurrence = &servicerequests.Occurrence{DateTime: new(r.d.InsertedAt.Add(14 * day))}
	y, m, d := r.d.InsertedAt.Add(year).Date()
	r.d.ExpirationDate = time.Date(y, m, d, 23, 59, 59, 0, time.UTC)
	return r
}

// give gives an encounter its number, once.
func give(w *build.World, encounter, number string) {
	id := build.ID(encounter)
	if !slices.ContainsFunc(w.Documents[medicalevents.Numbers], func(d any) bool { return d.(medicalevents.Number).ID == id }) { //nolint:forcetypeassert // there are no others
		w.Document(medicalevents.Numbers, medicalevents.Number{ID: id, Number: number, EntityType: "encounter", InsertedAt: w.Now, InsertedBy: build.SystemUser})
	}
}

// withoutProgram is a referral that was issued without a medical program.
func (r *referral) withoutProgram() *referral {
	r.d.Program, r.d.ProgramProcessingStatus, r.d.ProgramProcessingStatusHistory = nil, nil, nil
	return r
}

// use is Use Service Request: in_progress today, in_queue once.
func (r *referral) use(status string, by worker) *referral {
	employee, organization := by.employee(), by.organization()
	r.d.UsedByEmployee, r.d.UsedByLegalEntity = &employee, &organization
	r.d.UsedByDivision = new(medicalevents.To("division", build.ID(by.division)))
	change := r.programStatus(status, by)
	r.d.UsedByEmployeeHistory = append(r.d.UsedByEmployeeHistory, servicerequests.EmployeeUse{UsedByEmployee: employee, Change: change})
	r.d.UsedByLegalEntityHistory = append(r.d.UsedByLegalEntityHistory, servicerequests.LegalEntityUse{UsedByLegalEntity: organization, Change: change})
	return r
}

// release is Release Service Request.
func (r *referral) release(by worker) *referral {
	r.d.UsedByEmployee, r.d.UsedByLegalEntity, r.d.UsedByDivision = nil, nil, nil
	r.programStatus(servicerequests.ProgramNew, by)
	return r
}

// complete is Complete Service Request.
func (r *referral) complete(by worker) *referral {
	r.d.CompletedWith = new(medicalevents.To("encounter", build.ID("encounter of the service")))
	r.d.ProgramService = new(medicalevents.To("program_service", build.ID("program service")))
	r.status(servicerequests.Completed, nil, by)
	r.programStatus(servicerequests.ProgramCompleted, by)
	return r
}

// end is Recall or Cancel Service Request. Both leave the status in the program
// as it is.
func (r *referral) end(status, reasons string, by worker) *referral {
	r.d.ExplanatoryLetter = new("Помилково обрано послугу")
	r.w.Confide(*r.d.ExplanatoryLetter)
	r.status(status, new(medicalevents.Concept(reasons, "default")), by)
	return r
}

func (r *referral) status(status string, reason *medicalevents.CodeableConcept, by worker) {
	r.d.Status, r.d.StatusReason = status, reason
	r.d.StatusHistory = append(r.d.StatusHistory, servicerequests.StatusChange{Status: status, StatusReason: reason, Change: r.change(by)})
}

func (r *referral) programStatus(status string, by worker) servicerequests.Change {
	change := r.change(by)
	r.d.ProgramProcessingStatus = &status
	r.d.ProgramProcessingStatusHistory = append(r.d.ProgramProcessingStatusHistory,
		servicerequests.ProgramChange{ProgramProcessingStatus: status, Change: change})
	return change
}

func (r *referral) change(by worker) servicerequests.Change {
	r.d.UpdatedAt, r.d.UpdatedBy = r.w.Now.Add(-by.ago), build.ID(by.user)
	return servicerequests.Change{InsertedAt: r.d.UpdatedAt, InsertedBy: r.d.UpdatedBy}
}

// States of referrals that encounter packages name.
const (
	Open      = ""
	Expired   = "expired"
	InUse     = "in use"
	Completed = "completed"
)

// OfPackages adds a referral of the patient that encounter packages name.
func OfPackages(w *build.World, name, note, state string, change func(d *servicerequests.Document)) {
	ago := 10 * day
	if state == Expired {
		ago = year + 2*day
	}
	r := issue(w, name, "patient", note, clinic(ago))
	switch state {
	case InUse:
		r.use(servicerequests.ProgramInProgress, otherClinic(day))
	case Completed:
		r.use(servicerequests.ProgramInProgress, clinic(2*day)).complete(clinic(day))
	}
	change(&r.d)
	r.add()
}

// add seeds the referral.
func (r *referral) add() uuid.UUID {
	r.w.Document(servicerequests.Collection, r.d)
	return r.d.ID
}

// Requisition is the number that a patient's referrals share.
func Requisition(patient string) string {
	const signs = "0123456789ABCEHIKMOPTX"
	id := build.ID("requisition of " + patient)
	var number strings.Builder
	for i, b := range id {
		if i > 0 && i%4 == 0 {
			number.WriteByte('-')
		}
		number.WriteByte(signs[int(b)%len(signs)])
	}
	return number.String()
}
