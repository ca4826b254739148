// Package persons has the patients, their authentication methods and their
// declarations.
package persons

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"esoz/internal/resource/medicalevents"
	"esoz/internal/resource/persons"
	"esoz/internal/sandbox/world/build"
)

// Phones of the world's patients. They belong to nobody.
const (
	PatientPhone       = "+380931234574"
	ThirdPersonPhone   = "+380931234575"
	StrangerPhone      = "+380931234576"
	InactivePhone      = "+380931234577"
	FormerPatientPhone = "+380931234578"
	ConfidantPhone     = "+380931234579"
	NewcomerPhone      = "+380931234580"
	BusyPhone          = "+380931234591" // a code was sent to it a moment ago
)

// Person is a patient, or who confirms for one.
type Person struct{ Name, First, Last, Second, Born, Gender, note string }

var people = []Person{
	{"patient", "Петро", "Іваненко", "Миколайович", "1985-07-05", "MALE", "confirms by OTP; has an active declaration with the doctor of the clinic"},
	{"offline_patient", "Ганна", "Левченко", "Сергіївна", "1958-02-11", "FEMALE", "confirms by documents (OFFLINE); active declaration with the clinic"},
	{"third_person_patient", "Софія", "Савченко", "Андріївна", "2016-10-26", "FEMALE", "third_person confirms for them, by OTP; active declaration with the clinic"},
	{"third_person_offline_patient", "Захар", "Левченко", "Олексійович", "2014-05-19", "MALE", "offline_patient confirms for them, by documents; active declaration with the clinic"},
	{"confided_patient", "Марко", "Гринько", "Тарасович", "2015-03-08", "MALE", "confidant, an approved confidant, confirms for them by OTP; active declaration with the clinic, signed an hour ago"},
	{"methodless_patient", "Дарина", "Мороз", "Іллівна", "2023-01-30", "FEMALE", "has no way of confirming (NA); active declaration with the clinic"},
	{"busy_patient", "Ярина", "Дяченко", "Павлівна", "1994-03-27", "FEMALE", "confirms by OTP, and a code was sent a moment ago; active declaration with the clinic"},
	{"inactive_patient", "Степан", "Кузьменко", "Борисович", "1947-12-01", "MALE", "status inactive; the declaration with the clinic has ended"},
	{"stranger_patient", "Оксана", "Лисенко", "Романівна", "1991-09-14", "FEMALE", "confirms by OTP; has a declaration with the other clinic only"},
	{"former_patient", "Віктор", "Павленко", "Данилович", "1979-06-23", "MALE", "confirms by OTP; the declaration with the clinic has ended"},
	{"third_person", "Андрій", "Савченко", "Петрович", "1988-04-17", "MALE", "confirms for third_person_patient by OTP; no confidant of theirs, no declaration"},
	{"confidant", "Тарас", "Гринько", "Остапович", "1986-11-02", "MALE", "confirms for confided_patient by OTP; no declaration"},
	{"newcomer", "Людмила", "Остапчук", "Вікторівна", "1990-01-19", "FEMALE", "confirms by OTP; no declaration yet"},
	{"namesake", "Людмила", "Остапчук", "Петрівна", "1990-01-19", "FEMALE", "has the name and the date of birth of newcomer; no declaration"},
	{"cabinet_patient", "Назар", "Вовченко", "Ігорович", "1983-08-08", "MALE", "uses the patient's cabinet; no declaration"},
	{"settled_patient", "Катерина", "Панченко", "Максимівна", "1972-03-15", "FEMALE", "uses the patient's cabinet (token cabinet); active declaration with the clinic"},
	{"portal_patient", "Данило", "Хоменко", "Олегович", "1981-11-21", "MALE", "uses a patient's information system (token portal); active declaration with the clinic"},
	{"pending_patient", "Арсен", "Шаповал", "Дмитрович", "1966-09-09", "MALE", "the declaration with the clinic waits for the National Health Service"},
	{"doubted_patient", "Ніна", "Косенко", "Леонідівна", "1961-02-02", "FEMALE", "the declaration with the clinic waits for the National Health Service"},
	{"left_patient", "Гліб", "Кравчук", "Мар'янович", "1977-07-17", "MALE", "active declaration with a doctor who is to be dismissed"},
	{"hidden_patient", "Поліна", "Довженко", "Степанівна", "1998-12-24", "FEMALE", "a declaration with is_active = false"},
	{"rejected_patient", "Микола", "Рудий", "Якович", "1955-05-05", "MALE", "the declaration was rejected by the National Health Service"},
	{"foreigner", "Amina", "", "", "1996-06-16", "FEMALE", "registered by version 3 without a last name, in English; confirms by nothing; no declaration"},
	{"closed_patient", "Зоя", "Мазур", "Федорівна", "1949-10-18", "FEMALE", "the declaration has ended by its date"},
}

// Of the name.
func Of(name string) Person {
	return people[slices.IndexFunc(people, func(p Person) bool { return p.Name == name })]
}

// Add adds patients with each way of confirming. A patient's method is "method
// of <name>", a declaration "declaration of <name>".
func Add(w *build.World) {
	for _, p := range people {
		status := persons.Active
		if p.Name == "inactive_patient" {
			status = persons.Inactive
		}
		id := w.Object("person", p.Name, p.note)
		columns := build.Row{"no_tax_id": true, "birth_country": "Україна", "birth_settlement": "Бердичів"}
		if p.Name == "patient" { // has everything that a person can have
			columns = build.Changed(columns, build.Row{"no_tax_id": false, "tax_id": TaxID, "unzr": "19850705-01234"})
		}
		if p.Name == "foreigner" {
			columns = build.Changed(columns, build.Row{
				"birth_country": "Sudan", "birth_settlement": "Khartoum", "second_name": nil,
				"names": []build.Row{{"language": "en", "first_name": p.First, "last_name": nil, "no_last_name": true}},
			})
		}
		w.Insert("mpi.persons", build.Changed(w.Audited(build.Row{
			"id": id, "first_name": p.First, "last_name": p.Last, "second_name": p.Second, "birth_date": p.Born, "gender": p.Gender,
			"status": status, "is_active": true, "verification_status": "VERIFIED", "inserted_at": w.Now.AddDate(-2, 0, 0),
		}), columns))
		w.Document(persons.Collection, persons.Document{ID: w.Seal.PatientID(id), Status: status})
	}
	methods(w)
	registered(w)
	declarations(w)
}

// TaxID of the patient who has everything that a person can have.
const TaxID = "3121203456"

// registered is what registration knows of those who have more than a name.
func registered(w *build.World) {
	document := func(person, kind, number, issued string) {
		w.Insert("mpi.person_documents", build.Row{
			"person_id": build.ID(person), "type": kind, "number": number, "issued_by": "РАЦС", "issued_at": issued,
		})
	}
	verified := build.Row{}
	for _, stream := range []string{"drfo", "dracs_death", "nhs", "unzr", "mvs_passport", "dms_passport", "dracs_birth", "dracs_name_change"} {
		verified[stream] = build.Row{"verification_status": "VERIFIED", "verification_reason": "AUTO"}
	}
	verified["legal_capacity"] = build.Row{"verification_status": "VERIFICATION_NOT_NEEDED", "verification_reason": "AUTO_DATA_ABSENT"}
	w.Insert("mpi.person_verifications", build.Row{
		"person_id": build.ID("patient"), "streams": verified, "updated_by": build.SystemUser, "updated_at": w.Now.AddDate(-1, 0, 0),
	})
	document("patient", "BIRTH_CERTIFICATE", "І-АМ123456", "1985-07-20")
	document("confidant", "PASSPORT", "ВВ654321", "2004-11-02")
	document("confided_patient", "BIRTH_CERTIFICATE", "І-АМ654321", "2015-03-12")
	document("foreigner", "FOREIGN_PASSPORT", "P01234567", "2020-01-15")
	for _, person := range []string{"patient", "confidant"} {
		w.Insert("mpi.person_phones", build.Row{"person_id": build.ID(person), "type": "MOBILE", "number": phones[person]})
	}
	w.Insert("mpi.confidant_person_relationship_documents", build.Row{
		"relationship_id": build.ID("relationship of confided_patient"), "type": "BIRTH_CERTIFICATE", "number": "І-АМ654321",
		"issued_by": "РАЦС", "issued_at": "2015-03-12",
	})
}

func methods(w *build.World) {
	for _, person := range slices.Sorted(maps.Keys(phones)) {
		Method(w, person, build.Row{"type": medicalevents.MethodOTP, "phone_number": phones[person]})
	}
	Method(w, "offline_patient", build.Row{"type": medicalevents.MethodOffline})
	for _, p := range []struct{ name, third, alias string }{
		{"third_person_patient", "third_person", "батько"}, {"third_person_offline_patient", "offline_patient", "бабуся"}, {"confided_patient", "confidant", "батько"},
	} {
		Method(w, p.name, build.Row{"type": medicalevents.MethodThirdPerson, "value": build.ID(p.third), "alias": p.alias})
	}
	w.Insert("mpi.confidant_person_relationships", w.Audited(build.Row{
		"id": build.ID("relationship of confided_patient"), "person_id": build.ID("confided_patient"), "confidant_person_id": build.ID("confidant"),
		"relation_type": "PRIMARY", "is_active": true, "verification_status": "VERIFIED", "verification_reason": "MANUAL_CREATED_BY_DOCTOR",
	}))
	w.Insert("mpi.confidant_person_relationships", w.Audited(build.Row{
		"id": build.ID("former relationship of confided_patient"), "person_id": build.ID("confided_patient"), "confidant_person_id": build.ID("third_person"),
		"relation_type": "SECONDARY", "is_active": true, "active_to": w.Now.AddDate(0, -1, 0), "verification_status": "VERIFIED",
		"verification_reason": "MANUAL_CREATED_BY_DOCTOR",
	}))
}

// phones are those of who confirms by OTP.
var phones = map[string]string{
	"patient": PatientPhone, "third_person": ThirdPersonPhone, "stranger_patient": StrangerPhone, "inactive_patient": InactivePhone,
	"former_patient": FormerPatientPhone, "confidant": ConfidantPhone, "newcomer": NewcomerPhone, "busy_patient": BusyPhone,
}

// PhoneOf a person who confirms by OTP.
func PhoneOf(person string) string { return phones[person] }

// Method adds the authentication method of a person; columns override those of
// its row.
func Method(w *build.World, person string, columns build.Row) {
	since := w.Now.AddDate(-1, 0, 0)
	w.Insert("mpi.person_authentication_methods", build.Changed(w.Audited(build.Row{
		"id": build.ID("method of " + person), "person_id": build.ID(person), "is_active": true, "started_at": since, "inserted_at": since,
	}), columns))
}

func declarations(w *build.World) {
	for _, name := range []string{
		"patient", "offline_patient", "third_person_patient", "third_person_offline_patient", "methodless_patient", "busy_patient",
	} {
		Declaration(w, name, "clinic", "doctor", nil)
	}
	Declaration(w, "stranger_patient", "other_clinic", "other_doctor", nil)
	signed := w.Now.Add(-time.Hour)
	Declaration(w, "confided_patient", "clinic", "doctor", build.Row{
		"declaration_request_id": build.ID("signed declaration request"), "start_date": signed, "signed_at": signed, "inserted_at": signed, "updated_at": signed,
	})
	ended := build.Row{"status": "terminated", "is_active": false, "reason": "manual_employee", "updated_at": w.Now.AddDate(0, 0, -1)}
	Declaration(w, "inactive_patient", "clinic", "doctor", ended)
	Declaration(w, "former_patient", "clinic", "doctor", ended)
}

// Declaration adds the declaration of a person with a doctor of a legal entity,
// signed a year ago; columns make it another.
func Declaration(w *build.World, person, legalEntity, doctor string, columns build.Row) {
	signed := w.Now.AddDate(-1, 0, 0)
	w.Insert("ops.declarations", build.Changed(build.Row{
		"id": DeclarationID(person), "declaration_number": DeclarationNumber(person), "declaration_request_id": build.ID("signed request of " + person),
		"person_id": build.ID(person), "employee_id": build.ID("employee " + doctor), "division_id": build.ID("division of the " + strings.ReplaceAll(legalEntity, "_", " ")),
		"legal_entity_id": build.ID(legalEntity), "start_date": signed, "end_date": w.Now.AddDate(9, 0, 0), "signed_at": signed,
		"status": "active", "is_active": true, "seed": "0", "created_by": build.ID(doctor), "updated_by": build.ID(doctor),
		"inserted_at": signed, "updated_at": signed,
	}, columns))
}

// DeclarationID of the named: a person, or a request for a declaration.
func DeclarationID(name string) uuid.UUID { return build.ID("declaration of " + name) }

// DeclarationNumber makes a number of the national form; no two names share one.
func DeclarationNumber(name string) string {
	const signs = "0123456789AEHKMPTX"
	id := build.ID("declaration number " + name)
	number := make([]byte, 12)
	for i := range number {
		number[i] = signs[int(id[i])%len(signs)]
	}
	return string(number[:4]) + "-" + string(number[4:8]) + "-" + string(number[8:])
}
