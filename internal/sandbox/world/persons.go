package world

import (
	"github.com/google/uuid"

	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/persons"
)

// Phones of the world's patients. They belong to nobody.
const (
	PatientPhone       = "+380931234574"
	ThirdPersonPhone   = "+380931234575"
	StrangerPhone      = "+380931234576"
	InactivePhone      = "+380931234577"
	FormerPatientPhone = "+380931234578"
	ConfidantPhone     = "+380931234579"
)

// persons are patients with each way of confirming. A patient's method is
// "method of <name>", a declaration "declaration of <name>".
func (w *World) persons() {
	for _, p := range []struct {
		name, first, last, second, born, gender, note string
	}{
		{"patient", "Петро", "Іваненко", "Миколайович", "1985-07-05", "MALE", "confirms by OTP; has an active declaration with the doctor of the clinic"},
		{"offline_patient", "Ганна", "Левченко", "Сергіївна", "1958-02-11", "FEMALE", "confirms by documents (OFFLINE); active declaration with the clinic"},
		{"third_person_patient", "Софія", "Савченко", "Андріївна", "2016-10-26", "FEMALE", "third_person confirms for them, by OTP; active declaration with the clinic"},
		{"third_person_offline_patient", "Захар", "Левченко", "Олексійович", "2014-05-19", "MALE", "offline_patient confirms for them, by documents; active declaration with the clinic"},
		{"confided_patient", "Марко", "Гринько", "Тарасович", "2015-03-08", "MALE", "confidant, an approved confidant, confirms for them by OTP; active declaration with the clinic"},
		{"methodless_patient", "Дарина", "Мороз", "Іллівна", "2023-01-30", "FEMALE", "has no way of confirming (NA); active declaration with the clinic"},
		{"inactive_patient", "Степан", "Кузьменко", "Борисович", "1947-12-01", "MALE", "status inactive; the declaration with the clinic has ended"},
		{"stranger_patient", "Оксана", "Лисенко", "Романівна", "1991-09-14", "FEMALE", "confirms by OTP; has a declaration with the other clinic only"},
		{"former_patient", "Віктор", "Павленко", "Данилович", "1979-06-23", "MALE", "confirms by OTP; the declaration with the clinic has ended"},
		{"third_person", "Андрій", "Савченко", "Петрович", "1988-04-17", "MALE", "confirms for third_person_patient by OTP; no confidant of theirs, no declaration"},
		{"confidant", "Тарас", "Гринько", "Остапович", "1986-11-02", "MALE", "confirms for confided_patient by OTP; no declaration"},
	} {
		status := persons.Active
		if p.name == "inactive_patient" {
			status = persons.Inactive
		}
		id := w.object("person", p.name, p.note)
		w.insert("mpi.persons", w.audited(row{
			"id": id, "first_name": p.first, "last_name": p.last, "second_name": p.second, "birth_date": p.born, "gender": p.gender,
			"no_tax_id": true, "status": status, "is_active": true, "verification_status": "VERIFIED",
		}))
		w.document(persons.Collection, persons.Document{ID: w.keys.PatientID(id), Status: status})
	}

	w.otpMethod("patient", PatientPhone)
	w.otpMethod("third_person", ThirdPersonPhone)
	w.otpMethod("stranger_patient", StrangerPhone)
	w.otpMethod("inactive_patient", InactivePhone)
	w.otpMethod("former_patient", FormerPatientPhone)
	w.otpMethod("confidant", ConfidantPhone)
	w.method("offline_patient", row{"type": medicalevents.MethodOffline})
	w.method("third_person_patient", row{"type": medicalevents.MethodThirdPerson, "value": ID("third_person"), "alias": "батько"})
	w.method("third_person_offline_patient", row{"type": medicalevents.MethodThirdPerson, "value": ID("offline_patient"), "alias": "бабуся"})
	w.method("confided_patient", row{"type": medicalevents.MethodThirdPerson, "value": ID("confidant"), "alias": "батько"})
	w.insert("mpi.confidant_person_relationships", w.audited(row{
		"id": ID("relationship of confided_patient"), "person_id": ID("confided_patient"), "confidant_person_id": ID("confidant"),
		"relation_type": "PRIMARY", "is_active": true, "verification_status": "VERIFIED",
	}))

	for _, name := range []string{
		"patient", "offline_patient", "third_person_patient", "third_person_offline_patient", "confided_patient", "methodless_patient",
	} {
		w.declaration(name, "clinic", "doctor", "active")
	}
	w.declaration("inactive_patient", "clinic", "doctor", "terminated")
	w.declaration("former_patient", "clinic", "doctor", "terminated")
	w.declaration("stranger_patient", "other_clinic", "other_doctor", "active")
}

// otpMethod lets a person confirm by codes that are sent to a phone.
func (w *World) otpMethod(person, phone string) uuid.UUID {
	return w.method(person, row{"type": medicalevents.MethodOTP, "phone_number": phone})
}

// method adds the authentication method of a person.
func (w *World) method(person string, columns row) uuid.UUID {
	id := ID("method of " + person)
	r := w.audited(row{"id": id, "person_id": ID(person), "is_active": true, "started_at": w.now.AddDate(-1, 0, 0)})
	for column, value := range columns {
		r[column] = value
	}
	w.insert("mpi.person_authentication_methods", r)
	return id
}

// declaration adds the declaration of a person with a doctor of a legal entity.
func (w *World) declaration(person, legalEntity, doctor, status string) {
	w.insert("ops.declarations", w.stamped(row{
		"id": ID("declaration of " + person), "declaration_number": declarationNumber(person), "declaration_request_id": ID("signed request of " + person),
		"person_id": ID(person), "employee_id": ID("employee " + doctor), "division_id": ID("division of the " + legalEntity), "legal_entity_id": ID(legalEntity),
		"start_date": w.now.AddDate(-1, 0, 0), "end_date": w.now.AddDate(10, 0, 0), "signed_at": w.now.AddDate(-1, 0, 0),
		"status": status, "is_active": status == "active", "seed": "0", "created_by": ID(doctor), "updated_by": ID(doctor),
	}))
}

// declarationNumber makes a number of the national form; no two names share one.
func declarationNumber(name string) string {
	const signs = "0123456789AEHKMPTX"
	id := ID("declaration number " + name)
	number := make([]byte, 12)
	for i := range number {
		number[i] = signs[int(id[i])%len(signs)]
	}
	return string(number[:4]) + "-" + string(number[4:8]) + "-" + string(number[8:])
}
