package world

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/servicerequests"
)

// serviceRequest adds a referral by the clinic's doctor that the clinic has
// reserved in the queue of a program; change makes it another.
func (w *World) serviceRequest(name, patient, note string, change func(d *servicerequests.Document)) uuid.UUID {
	number, ok := w.keys.Requisition(strings.ReplaceAll(requisition(patient), "-", ""))
	if !ok {
		panic("world: the requisition of " + patient + " is no number")
	}
	by := servicerequests.Change{InsertedAt: w.now.AddDate(0, 0, -3), InsertedBy: ID("doctor")}
	queued := servicerequests.Change{InsertedAt: w.now.AddDate(0, 0, -1), InsertedBy: ID("doctor")}
	employee, clinic := medicalevents.To("employee", ID("employee doctor")), medicalevents.To("legal_entity", ID("clinic"))
	d := servicerequests.Document{
		ID: w.object("service request", name, note), Subject: w.keys.PatientID(ID(patient)), Requisition: number,
		Status: servicerequests.Active, StatusHistory: []servicerequests.StatusChange{{Status: servicerequests.Active, Change: by}},
		Program: pointer(medicalevents.To("medical_program", ID("medical program"))), ProgramProcessingStatus: pointer(servicerequests.ProgramInQueue),
		ProgramProcessingStatusHistory: []servicerequests.ProgramChange{
			{ProgramProcessingStatus: servicerequests.ProgramNew, Change: by},
			{ProgramProcessingStatus: servicerequests.ProgramInQueue, Change: queued},
		},
		Intent: "order", Priority: pointer("routine"),
		Category:   medicalevents.Concept("eHealth/SNOMED/service_request_categories", "409063005"),
		Code:       medicalevents.To("service", ID("service")),
		Context:    pointer(medicalevents.To("encounter", ID("encounter of "+patient))),
		Occurrence: &servicerequests.Occurrence{DateTime: pointer(w.now.AddDate(0, 0, 14))},

		RequesterEmployee: employee, RequesterLegalEntity: clinic,
		ReasonReference: []medicalevents.Reference{medicalevents.To("condition", ID("condition of "+patient))},
		Note:            pointer("Консультація кардіолога"), PatientInstruction: pointer("Взяти з собою результати аналізів"),
		Quantity:          &medicalevents.Quantity{Value: 1, System: "SERVICE_UNIT", Code: "PIECE", Unit: pointer("шт")},
		RemainingQuantity: &medicalevents.Quantity{Value: 1, System: "SERVICE_UNIT", Code: "PIECE", Unit: pointer("шт")},
		ExpirationDate:    endOfDay(w.now.AddDate(1, 0, 0)),

		UsedByEmployee: &employee, UsedByLegalEntity: &clinic, UsedByDivision: pointer(medicalevents.To("division", ID("division of the clinic"))),
		UsedByEmployeeHistory:    []servicerequests.EmployeeUse{{UsedByEmployee: employee, Change: queued}},
		UsedByLegalEntityHistory: []servicerequests.LegalEntityUse{{UsedByLegalEntity: clinic, Change: queued}},

		InsertedAt: by.InsertedAt, InsertedBy: by.InsertedBy, UpdatedAt: queued.InsertedAt, UpdatedBy: queued.InsertedBy,
	}
	if change != nil {
		change(&d)
	}
	w.document(servicerequests.Collection, d)
	return d.ID
}

// requisition is the number that a patient's referrals share.
func requisition(patient string) string {
	const signs = "0123456789ABCEHIKMOPTX"
	id := ID("requisition of " + patient)
	var number strings.Builder
	for i, b := range id {
		if i > 0 && i%4 == 0 {
			number.WriteByte('-')
		}
		number.WriteByte(signs[int(b)%len(signs)])
	}
	return number.String()
}

func (w *World) serviceRequests() {
	w.serviceRequestsToRelease()
	w.serviceRequestReads()
	w.serviceRequestSearch()
}

func (w *World) serviceRequestsToRelease() {
	const op = "releaseServiceRequest"
	release := func(token, id string) Request {
		return as(token, patch, "/api/service_requests/"+id+"/actions/release")
	}
	of := func(token string, id uuid.UUID) Request { return release(token, id.String()) }

	queued := w.serviceRequest("service request in the queue", "patient", "active, in_queue, reserved for the clinic: it can be released", nil)
	foreign := w.serviceRequest("service request in the queue of another clinic", "patient", "active, in_queue, reserved for the other clinic",
		func(d *servicerequests.Document) {
			d.UsedByEmployee = pointer(medicalevents.To("employee", ID("employee other_doctor")))
			d.UsedByLegalEntity = pointer(medicalevents.To("legal_entity", ID("other_clinic")))
			d.UsedByDivision = nil
		})
	overdue := w.serviceRequest("expired service request in the queue", "patient", "its expiration_date has passed, which Release does not look at",
		func(d *servicerequests.Document) { d.ExpirationDate = endOfDay(w.now.AddDate(0, 0, -1)) })
	w.passes(op, "the own reservation", of(doctor, queued), http.StatusAccepted)
	w.passes(op, "a body is ignored", of(doctor, queued).with([]any{}), http.StatusAccepted)
	w.passes(op, "the reservation of another clinic", of(doctor, foreign), http.StatusAccepted)
	w.passes(op, "an expired referral", of(doctor, overdue), http.StatusAccepted)

	token := fault.Refuse(rules.ServiceRequestReleaseToken)
	w.refused(op, "no token", of("", queued), token)
	w.refused(op, "an unknown token", of("sandbox-nobody", queued), token)
	w.refused(op, "a refresh token", of(TokenValue("refresh"), queued), token)
	w.refused(op, "a token of a blocked client", of(TokenValue("blocked_client"), queued), token)
	w.refused(op, "a token of a blocked user", of(TokenValue("blocked_user"), queued), token)
	w.refused(op, "an expired token", of(expired, queued), fault.Refuse(rules.ServiceRequestReleaseTokenExpired))
	w.refused(op, "a token without the scope", of(noScopes, queued), fault.Refuse(rules.ServiceRequestReleaseScope))
	w.refused(op, "a MIS without the scope", of(doctor, queued).header("API-key", MISKeyNoScope), fault.Refuse(rules.ServiceRequestReleaseScope))
	w.refused(op, "a client without a legal entity", of(strangersToken, queued), fault.Refuse(rules.ServiceRequestReleaseLegalEntity))
	w.refused(op, "a legal entity of a type that may not work with medical events", of(TokenValue("nhs"), queued),
		fault.Refuse(rules.ServiceRequestReleaseLegalEntityType))
	w.refused(op, "a suspended legal entity", of(suspendedDoctor, queued), fault.Refuse(rules.ServiceRequestReleaseLegalEntityStatus))
	w.refused(op, "a closed legal entity", of(closedOwner, queued), fault.Refuse(rules.ServiceRequestReleaseLegalEntityStatus))
	w.refused(op, "an unknown referral", of(doctor, ID("no service request")), fault.Refuse(rules.ServiceRequestReleaseNotFound))
	w.refused(op, "a malformed id", release(doctor, "1"), fault.Refuse(rules.ServiceRequestReleaseNotFound))

	for _, status := range []string{servicerequests.Completed, servicerequests.Recalled, servicerequests.EnteredInError} {
		id := w.serviceRequest(status+" service request", "patient", "status "+status+", although still in_queue", func(d *servicerequests.Document) {
			d.Status = status
			d.StatusHistory = append(d.StatusHistory, servicerequests.StatusChange{Status: status, Change: d.ProgramProcessingStatusHistory[1].Change})
		})
		w.refused(op, "a referral in status "+status, of(doctor, id), fault.Refuse(rules.ServiceRequestReleaseStatus))
	}
	for _, status := range []string{servicerequests.ProgramNew, servicerequests.ProgramInProgress, servicerequests.ProgramCompleted} {
		id := w.serviceRequest("service request "+status+" in its program", "patient", "active, program_processing_status "+status,
			func(d *servicerequests.Document) {
				d.ProgramProcessingStatus = &status
				d.ProgramProcessingStatusHistory[1].ProgramProcessingStatus = status
				if status == servicerequests.ProgramNew {
					d.ProgramProcessingStatusHistory = d.ProgramProcessingStatusHistory[:1]
					free(d)
				}
			})
		w.refused(op, "a referral that is "+status+" in its program", of(doctor, id), fault.Refuse(rules.ServiceRequestReleaseProgramStatus))
	}
	outside := w.serviceRequest("service request without a program", "patient", "active, no program", func(d *servicerequests.Document) {
		d.Program, d.ProgramProcessingStatus, d.ProgramProcessingStatusHistory = nil, nil, nil
		free(d)
	})
	w.refused(op, "a referral without a program", of(doctor, outside), fault.Refuse(rules.ServiceRequestReleaseProgramStatus))

	owned := []string{"RULES", "+service_request.release.owner"}
	w.refused(op, "the reservation of another clinic, when only the own may be released", of(doctor, foreign),
		fault.Refuse(rules.ServiceRequestReleaseOwner)).set(owned...)
	w.passes(op, "the own reservation, when only the own may be released", of(doctor, queued), http.StatusAccepted).set(owned...)
}

// free makes a referral that nobody has reserved yet.
func free(d *servicerequests.Document) {
	d.UsedByEmployee, d.UsedByLegalEntity, d.UsedByDivision = nil, nil, nil
	d.UsedByEmployeeHistory, d.UsedByLegalEntityHistory = nil, nil
	d.UpdatedAt, d.UpdatedBy = d.InsertedAt, d.InsertedBy
}

func (w *World) serviceRequestReads() {
	const op = "getServiceRequest"
	read := func(token, patient, id string) Request {
		return as(token, get, "/api/patients/"+patient+"/service_requests/"+id)
	}
	of := func(token, patient, name string) Request { return read(token, ID(patient).String(), ID(name).String()) }

	foreign := func(d *servicerequests.Document) {
		d.RequesterEmployee = medicalevents.To("employee", ID("employee other_doctor"))
		d.RequesterLegalEntity = medicalevents.To("legal_entity", ID("other_clinic"))
		free(d)
		d.ProgramProcessingStatus = pointer(servicerequests.ProgramNew)
		d.ProgramProcessingStatusHistory = d.ProgramProcessingStatusHistory[:1]
	}
	w.serviceRequest("service request of a stranger", "stranger_patient", "of a patient of the other clinic, by its doctor", foreign)
	opened := w.serviceRequest("service request opened by an approval", "stranger_patient", "the same, but the patient lets the clinic's doctor read it", foreign)
	w.verifiedApproval("approval of a service request", "stranger_patient", "lets the doctor read one service request",
		approvals.To("employee", ID("employee doctor")), approvals.To("service_request", opened))
	w.serviceRequest("service request for a stranger", "stranger_patient", "of a patient of the other clinic, by the clinic's doctor", nil)
	w.serviceRequest("service request of an inactive patient", "inactive_patient", "its patient's status is inactive", nil)

	w.passes(op, "a doctor with a declaration", of(doctor, "patient", "service request in the queue"), http.StatusOK)
	w.passes(op, "a doctor of the clinic that has issued it", of(doctor, "stranger_patient", "service request for a stranger"), http.StatusOK)
	w.passes(op, "a doctor with an approval", of(doctor, "stranger_patient", "service request opened by an approval"), http.StatusOK)
	w.refused(op, "an unknown patient", of(doctor, "nobody", "service request in the queue"), fault.Refuse(rules.ServiceRequestGetPerson))
	w.refused(op, "a malformed patient id", read(doctor, "1", ID("service request in the queue").String()), fault.Refuse(rules.ServiceRequestGetPerson))
	w.refused(op, "an inactive patient", of(doctor, "inactive_patient", "service request of an inactive patient"), fault.Refuse(rules.ServiceRequestGetPersonActive))
	w.refused(op, "an unknown referral", of(doctor, "patient", "no service request"), fault.Refuse(rules.ServiceRequestGetNotFound))
	w.refused(op, "a malformed id", read(doctor, ID("patient").String(), "1"), fault.Refuse(rules.ServiceRequestGetNotFound))
	w.refused(op, "a referral of another patient", of(doctor, "patient", "service request for a stranger"), fault.Refuse(rules.ServiceRequestGetNotFound))
	w.refused(op, "neither a declaration nor an approval", of(doctor, "stranger_patient", "service request of a stranger"), fault.Refuse(rules.ServiceRequestGetAccess))
}

func (w *World) serviceRequestSearch() {
	const op = "searchServiceRequests"
	search := func(query string) Request {
		return as(otherDoctor, get, strings.TrimSuffix("/api/service_requests?"+query, "?"))
	}
	unknown := func(name string) *fault.Error {
		return fault.RefuseAt(rules.ServiceRequestSearchUnknownParameter, "$."+name, nil)
	}
	number := requisition("patient")
	missing := fault.Refuse(rules.ServiceRequestSearchRequisition)

	w.passes(op, "the number of a patient", search("requisition="+number), http.StatusOK)
	w.passes(op, "the number without its dashes", search("requisition="+strings.ReplaceAll(number, "-", "")), http.StatusOK)
	w.passes(op, "completed ones", search("requisition="+number+"&status="+servicerequests.Completed), http.StatusOK)
	w.passes(op, "a number that nobody has", search("requisition=0000-0000-0000-0000"), http.StatusOK)
	w.refused(op, "no number", search(""), missing)
	w.refused(op, "an empty number", search("requisition="), fault.Refuse(rules.ServiceRequestSearchRequisitionEmpty))
	w.refused(op, "a parameter that the search does not have", search("requisition="+number+"&patient_id=1"), unknown("patient_id"))
	w.refused(op, "everything wrong at once", search("program=1&episode_id=1"), unknown("episode_id"), unknown("program"), missing)
}

// endOfDay is when a service request expires: 23:59:59 UTC.
func endOfDay(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 23, 59, 59, 0, time.UTC)
}
