package world

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/resource/approvals"
	"esoz/internal/resource/devicedispenses"
	"esoz/internal/resource/medicalevents"
)

// deviceDispense adds a dispense that the pharmacist has begun; change makes it
// another.
func (w *World) deviceDispense(name, patient, note string, change func(d *devicedispenses.Document)) uuid.UUID {
	named := func(kind string, id uuid.UUID, display string) *medicalevents.Reference {
		reference := medicalevents.To(kind, id)
		reference.DisplayValue = &display
		return &reference
	}
	at := w.now.AddDate(0, 0, -1)
	d := devicedispenses.Document{
		ID: w.object("device dispense", name, note), Subject: w.keys.PatientID(ID(patient)),
		BasedOn: pointer(medicalevents.To("device_request", ID("device request of "+patient))),
		Status:  devicedispenses.InProgress, PrimarySource: true,
		Performer:            named("employee", ID("employee pharmacist"), "Мельничук Ольга Богданівна"),
		Location:             named("division", ID("division of the pharmacy"), "Аптека «Подорожник» №1"),
		PerformerLegalEntity: named("legal_entity", ID("pharmacy"), "Аптека «Подорожник»"),
		Program:              named("medical_program", ID("device program"), "Доступні медичні вироби"),
		Note:                 pointer("Видати разом з інструкцією"),
		Details: []devicedispenses.Detail{{
			Device:        pointer(medicalevents.To("device_definition", ID("device definition"))),
			ProgramDevice: pointer(medicalevents.To("program_device", ID("program device"))),
			Quantity:      medicalevents.Quantity{Value: 10, System: "device_unit", Code: "piece", Unit: pointer("шт")},
			SellPrice:     pointer(18.65), DiscountAmount: pointer(150.0), ReimbursementAmount: pointer(450.0),
		}},
		ContextEpisodeID: pointer(ID("episode of " + patient)),
		InsertedAt:       at, InsertedBy: ID("pharmacist"), UpdatedAt: at, UpdatedBy: ID("pharmacist"),
	}
	if change != nil {
		change(&d)
	}
	w.document(devicedispenses.Collection, d)
	return d.ID
}

func (w *World) deviceDispenses() {
	w.deviceDispensesToStop()
	w.deviceDispenseReads()
	w.deviceDispenseLists()
}

func (w *World) deviceDispensesToStop() {
	const op = "stopDeviceDispense"
	stop := func(token, patient, id string) Request {
		return as(token, patch, "/api/patients/"+patient+"/device_dispenses/"+id+"/actions/stop")
	}
	of := func(token, patient string, id uuid.UUID) Request {
		return stop(token, ID(patient).String(), id.String())
	}

	begun := w.deviceDispense("device dispense in progress", "patient", "in_progress, of the pharmacy: it can be stopped", nil)
	w.passes(op, "a dispense that was begun", of(pharmacist, "patient", begun), http.StatusAccepted)
	w.passes(op, "a body is ignored", of(pharmacist, "patient", begun).with([]any{}), http.StatusAccepted)

	token := fault.Refuse(rules.DeviceDispenseStopToken)
	scope := fault.Refuse(rules.DeviceDispenseStopScope, "scopes", "device_dispense:stop")
	w.refused(op, "no token", of("", "patient", begun), token)
	w.refused(op, "an unknown token", of("sandbox-nobody", "patient", begun), token)
	w.refused(op, "a refresh token", of(TokenValue("refresh"), "patient", begun), token)
	w.refused(op, "a token of a blocked client", of(TokenValue("blocked_client"), "patient", begun), token)
	w.refused(op, "a token of a blocked user", of(TokenValue("blocked_user"), "patient", begun), token)
	w.refused(op, "an expired token", of(expired, "patient", begun), fault.Refuse(rules.DeviceDispenseStopTokenExpired))
	w.refused(op, "a token without the scope", of(doctor, "patient", begun), scope)
	w.refused(op, "a MIS without the scope", of(pharmacist, "patient", begun).header("API-key", MISKeyNoScope), scope)
	w.refused(op, "a client without a legal entity", of(strangersToken, "patient", begun), fault.Refuse(rules.DeviceDispenseStopLegalEntity))
	w.refused(op, "a closed legal entity", of(closedPharmacist, "patient", begun), fault.Refuse(rules.DeviceDispenseStopLegalEntityStatus))
	w.refused(op, "an unknown dispense", of(pharmacist, "patient", ID("no device dispense")), fault.Refuse(rules.DeviceDispenseStopNotFound))
	w.refused(op, "a malformed id", stop(pharmacist, ID("patient").String(), "1"), fault.Refuse(rules.DeviceDispenseStopNotFound))
	w.refused(op, "a dispense of another patient", of(pharmacist, "stranger_patient", begun), fault.Refuse(rules.DeviceDispenseStopPatient))
	w.refused(op, "a malformed patient id", stop(pharmacist, "1", begun.String()), fault.Refuse(rules.DeviceDispenseStopPatient))
	w.refused(op, "a dispense of another pharmacy", of(otherPharmacist, "patient", begun), fault.Refuse(rules.DeviceDispenseStopOwner))
	for _, status := range devicedispenses.Statuses {
		if status == devicedispenses.InProgress {
			continue
		}
		id := w.deviceDispense(status+" device dispense", "patient", "status "+status, func(d *devicedispenses.Document) { d.Status = status })
		w.refused(op, "a dispense in status "+status, of(pharmacist, "patient", id), fault.Refuse(rules.DeviceDispenseStopStatus, "status", status))
	}

	w.refused(op, "a type of legal entity that is not allowed, and that is checked", of(pharmacist, "patient", begun),
		fault.Refuse(rules.DeviceDispenseStopLegalEntityType)).set("RULES", "+device_dispense.stop.legal_entity_type")
	w.passes(op, "a type of legal entity that is allowed, and that is checked", of(pharmacist, "patient", begun), http.StatusAccepted).
		set("RULES", "+device_dispense.stop.legal_entity_type", "ME_ALLOWED_TRANSACTIONS_LE_TYPES", "PRIMARY_CARE,PHARMACY")
	w.refused(op, "a dispense of another pharmacy, told as a conflict", of(otherPharmacist, "patient", begun),
		fault.Refuse(rules.DeviceDispenseStopOwnerConflict)).set("RULES", "+device_dispense.stop.owner_conflict")
	w.passes(op, "a dispense of another patient, and that is not checked", of(pharmacist, "stranger_patient", begun), http.StatusAccepted).
		set("RULES", "-device_dispense.stop.patient")
}

func (w *World) deviceDispenseReads() {
	const op = "getDeviceDispense"
	read := func(token, patient, id string) Request {
		return as(token, get, "/api/patients/"+patient+"/device_dispenses/"+id)
	}
	of := func(token, patient, name string) Request { return read(token, ID(patient).String(), ID(name).String()) }

	other := func(d *devicedispenses.Document) {
		d.Performer = pointer(medicalevents.To("employee", ID("employee other_pharmacist")))
		d.PerformerLegalEntity = pointer(medicalevents.To("legal_entity", ID("other_pharmacy")))
		d.Location = nil
	}
	w.deviceDispense("device dispense of another pharmacy", "stranger_patient", "in_progress, of the other pharmacy, to a patient of the other clinic", other)
	opened := w.deviceDispense("device dispense opened by an approval", "stranger_patient", "the same, but the patient lets the clinic's doctor read it", other)
	w.verifiedApproval("approval of a device dispense", "stranger_patient", "lets the doctor read one device dispense",
		approvals.To("employee", ID("employee doctor")), approvals.To("device_dispense", opened))
	w.deviceDispense("device dispense of an inactive patient", "inactive_patient", "its patient's status is inactive", nil)

	w.passes(op, "a pharmacist of the pharmacy that has made it", of(pharmacist, "patient", "device dispense in progress"), http.StatusOK)
	w.passes(op, "a doctor with a declaration", of(doctor, "patient", "device dispense in progress"), http.StatusOK)
	w.passes(op, "a doctor with an approval", of(doctor, "stranger_patient", "device dispense opened by an approval"), http.StatusOK)
	w.passes(op, "an inactive patient", of(pharmacist, "inactive_patient", "device dispense of an inactive patient"), http.StatusOK)
	w.refused(op, "an unknown patient", of(pharmacist, "nobody", "device dispense in progress"), fault.Refuse(rules.DeviceDispenseGetPerson))
	w.refused(op, "a malformed patient id", read(pharmacist, "1", ID("device dispense in progress").String()), fault.Refuse(rules.DeviceDispenseGetPerson))
	w.refused(op, "an inactive patient, and that is checked", of(pharmacist, "inactive_patient", "device dispense of an inactive patient"),
		fault.Refuse(rules.DeviceDispenseGetPersonActive)).set("RULES", "+device_dispense.get.person_active")
	w.refused(op, "an unknown dispense", of(pharmacist, "patient", "no device dispense"), fault.Refuse(rules.DeviceDispenseGetNotFound))
	w.refused(op, "a malformed id", read(pharmacist, ID("patient").String(), "1"), fault.Refuse(rules.DeviceDispenseGetNotFound))
	w.refused(op, "a dispense of another patient", of(pharmacist, "stranger_patient", "device dispense in progress"), fault.Refuse(rules.DeviceDispenseGetNotFound))
	w.refused(op, "a doctor with a declaration, when only the pharmacy may read it", of(doctor, "patient", "device dispense in progress"),
		fault.Refuse(rules.DeviceDispenseGetOwner)).set("RULES", "+device_dispense.get.owner")
	w.refused(op, "neither a declaration nor an approval", of(doctor, "stranger_patient", "device dispense of another pharmacy"),
		fault.Refuse(rules.DeviceDispenseGetAccess))
}

func (w *World) deviceDispenseLists() {
	const op = "listDeviceDispenses"
	list := func(token, patient, query string) Request {
		return as(token, get, strings.TrimSuffix("/api/patients/"+ID(patient).String()+"/device_dispenses?"+query, "?"))
	}
	w.passes(op, "a doctor with a declaration", list(doctor, "patient", ""), http.StatusOK)
	w.passes(op, "what the own pharmacy has dispensed", list(pharmacist, "patient", "performer_legal_entity="+ID("pharmacy").String()), http.StatusOK)
	w.passes(op, "filters", list(doctor, "patient", "status=in_progress&inserted_at_from=2020-01-01T00:00:00Z&device="+ID("device definition").String()), http.StatusOK)

	for _, name := range []string{
		"based_on", "performer_legal_entity", "location", "performer", "part_of", "encounter",
		"context_episode_id", "origin_episode_id", "device", "program",
	} {
		w.refused(op, name+" that is no uuid", list(doctor, "patient", name+"=1"), fault.Refuse(rules.DeviceDispenseListIDFilter, "parameter", name))
	}
	for _, name := range []string{"when_handed_over_from", "when_handed_over_to", "inserted_at_from", "inserted_at_to"} {
		w.refused(op, name+" that is no date and time", list(doctor, "patient", name+"=2023-08-02"),
			fault.Refuse(rules.DeviceDispenseListDateTimeFilter, "parameter", name, "actual", "2023-08-02"))
		w.refused(op, name+" that does not exist", list(doctor, "patient", name+"=2023-02-30T10:45:16.000Z"),
			fault.Refuse(rules.DeviceDispenseListDateTimeExists, "parameter", name, "actual", "2023-02-30T10:45:16.000Z"))
	}
	unknown := fault.RefuseAt(rules.DeviceDispenseListUnknownParameter, "$.requester", nil)
	w.refused(op, "an unknown status", list(doctor, "patient", "status=IN_PROGRESS"), fault.Refuse(rules.DeviceDispenseListStatus))
	w.refused(op, "a parameter that the list does not have", list(doctor, "patient", "requester=1"), unknown)
	w.refused(op, "everything wrong at once", list(doctor, "patient", "requester=1&status=new&location=1"),
		unknown, fault.Refuse(rules.DeviceDispenseListIDFilter, "parameter", "location"), fault.Refuse(rules.DeviceDispenseListStatus))
	w.refused(op, "an unknown patient", list(doctor, "nobody", ""), fault.Refuse(rules.DeviceDispenseListPerson))
	w.refused(op, "an inactive patient, and that is checked", list(doctor, "inactive_patient", ""), fault.Refuse(rules.DeviceDispenseListPersonActive)).
		set("RULES", "+device_dispense.list.person_active")
	w.refused(op, "a pharmacist who does not ask for the own dispenses alone", list(pharmacist, "patient", ""), fault.Refuse(rules.DeviceDispenseListAccess))
	w.refused(op, "another pharmacy's dispenses", list(pharmacist, "patient", "performer_legal_entity="+ID("other_pharmacy").String()),
		fault.Refuse(rules.DeviceDispenseListAccess))
}
