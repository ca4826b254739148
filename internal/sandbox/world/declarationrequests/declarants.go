package declarationrequests

import (
	"time"

	"esoz/internal/resource/medicalevents"
	resource "esoz/internal/resource/persons"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/persons"
)

// Phones of who is to have a declaration.
const (
	declarantPhone = "+380931234641"
	promptPhone    = "+380931234642" // a code was sent to it a moment ago
	parentPhone    = "+380931234643"
)

// years is a date of birth: the day, so many years ago, before today.
func years(w *build.World, n int) string { return w.Now.AddDate(-n, 0, -1).Format(time.DateOnly) }

// declarant adds a person with a passport who has no declaration; columns make it
// another, and documents the types of others.
func declarant(w *build.World, name, born, note string, columns build.Row, documents ...string) {
	id := w.Object("person", name, note)
	w.Insert("mpi.persons", build.Changed(w.Audited(build.Row{
		"id": id, "first_name": "Яна", "last_name": "Декларант", "second_name": "Іванівна", "birth_date": born, "gender": "FEMALE",
		"no_tax_id": false, "tax_id": accounts.TaxID(name), "birth_country": "Україна", "birth_settlement": "Бердичів", "secret": "слово",
		"emergency_contact": build.Row{"first_name": "Олена", "last_name": "Декларант", "phones": []build.Row{{"type": "MOBILE", "number": "+380503410870"}}},
		"status":            resource.Active, "is_active": true, "verification_status": "VERIFIED", "patient_signed": true,
		"process_disclosure_data_consent": true, "inserted_at": w.Now.AddDate(-2, 0, 0),
	}), columns))
	w.Document(resource.Collection, resource.Document{ID: w.Seal.PatientID(id), Status: resource.Active})
	for _, kind := range documents {
		w.Insert("mpi.person_documents", build.Row{
			"person_id": id, "type": kind, "number": build.ID(name).String()[:8], "issued_by": "РАЦС", "issued_at": born,
		})
	}
	w.Insert("mpi.person_addresses", build.Row{
		"person_id": id, "position": 0, "type": "RESIDENCE", "country": "UA", "area": "Житомирська", "region": "Бердичівський", "settlement": "Бердичів",
		"settlement_type": "CITY", "settlement_id": build.ID("Бердичів"),
	})
}

func byOTP(w *build.World, person, phone string) {
	persons.Method(w, person, build.Row{"type": medicalevents.MethodOTP, "phone_number": phone})
}

// declarants are persons of every age and with every way of confirming.
func declarants(w *build.World) {
	const passport, certificate = "PASSPORT", "BIRTH_CERTIFICATE"
	adult := func(name, note string, columns build.Row, documents ...string) {
		declarant(w, name, "1990-07-05", note, columns, documents...)
	}
	adult("declarant", "confirms by OTP; no declaration", nil, passport)
	byOTP(w, "declarant", declarantPhone)
	persons.Method(w, "declarant", build.Row{"id": build.ID("documents of declarant"), "type": medicalevents.MethodOffline})
	adult("choosing_declarant", "confirms by OTP, and has a method that has ended and a method NA; no declaration", nil, passport)
	byOTP(w, "choosing_declarant", declarantPhone)
	persons.Method(w, "choosing_declarant", build.Row{"id": build.ID("former method"), "type": medicalevents.MethodOffline, "is_active": false})
	persons.Method(w, "choosing_declarant", build.Row{"id": build.ID("no method of choosing_declarant"), "type": "NA"})
	adult("offline_declarant", "confirms by documents; no declaration", nil, passport)
	persons.Method(w, "offline_declarant", build.Row{"type": medicalevents.MethodOffline})
	adult("prompt_declarant", "confirms by OTP, and a code was sent a moment ago; no declaration", nil, passport)
	byOTP(w, "prompt_declarant", promptPhone)
	adult("paperless_declarant", "confirms by OTP; has no document; no declaration", nil)
	byOTP(w, "paperless_declarant", declarantPhone)
	adult("methodless_declarant", "confirms by nothing; no declaration", nil, passport)
	adult("inactive_declarant", "status inactive", build.Row{"status": resource.Inactive}, passport)
	byOTP(w, "inactive_declarant", declarantPhone)
	adult("unverified_declarant", "verification status NOT_VERIFIED", build.Row{"verification_status": "NOT_VERIFIED"}, passport)
	byOTP(w, "unverified_declarant", declarantPhone)
	adult("changing_declarant", "confirms by OTP; an update of the person is NEW", nil, passport)
	byOTP(w, "changing_declarant", declarantPhone)
	w.Insert("il.person_requests", w.Audited(build.Row{
		"id": build.ID("update of changing_declarant"), "version": 2, "status": "NEW", "mpi_id": build.ID("changing_declarant"),
		"legal_entity_id": build.ID("other_clinic"), "channel": "MIS", "inserted_by": build.ID("other_doctor"), "updated_by": build.ID("other_doctor"),
	}))

	child := func(name, note string, documents ...string) {
		declarant(w, name, years(w, 9), note, build.Row{"no_tax_id": true, "tax_id": nil}, documents...)
		persons.Method(w, name, build.Row{"type": medicalevents.MethodThirdPerson, "value": build.ID("confidant"), "alias": "батько"})
	}
	guarded := func(name string) {
		w.Insert("mpi.confidant_person_relationships", w.Audited(build.Row{
			"id": build.ID("relationship of " + name), "person_id": build.ID(name), "confidant_person_id": build.ID("confidant"),
			"relation_type": "PRIMARY", "is_active": true, "verification_status": "VERIFIED",
		}))
		for _, kind := range []string{certificate, "COURT_DECISION_GUARDIANSHIP"} {
			w.Insert("mpi.confidant_person_relationship_documents", build.Row{
				"relationship_id": build.ID("relationship of " + name), "type": kind, "number": "І-АМ654321", "issued_by": "РАЦС", "issued_at": "2015-03-12",
			})
		}
	}
	child("child_declarant", "nine years old; confidant, an approved confidant, confirms for them by OTP; no declaration", certificate)
	guarded("child_declarant")
	persons.Method(w, "child_declarant", build.Row{"id": build.ID("offline_patient for child_declarant"), "type": medicalevents.MethodThirdPerson, "value": build.ID("offline_patient"), "alias": "бабуся"})
	child("choosing_child", "nine years old; confidant, an approved confidant, confirms for them by OTP; no declaration", certificate)
	guarded("choosing_child")
	persons.Method(w, "choosing_child", build.Row{"id": build.ID("methodless_declarant for choosing_child"), "type": medicalevents.MethodThirdPerson, "value": build.ID("methodless_declarant"), "alias": "дядько"})
	child("unguarded_declarant", "nine years old; nobody acts for them; no declaration", certificate)
	child("paperless_child", "nine years old, without a document; no declaration")
	guarded("paperless_child")
}

// doctors are employees with whom a declaration is asked for, and legal entities that
// were reorganised.
func doctors(w *build.World) {
	employee := func(name, first, legalEntity, kind, note string, columns build.Row) {
		accounts.User(w, name, nil)
		accounts.Party(w, name, first, "Приймак", "Левівна", nil)
		accounts.Employee(w, name, legalEntity, kind, note, columns)
	}
	employee("pediatrician", "Ніна", "clinic", "DOCTOR", "a pediatrician of the clinic", accounts.Speciality("PEDIATRICIAN"))
	employee("therapist", "Інна", "clinic", "DOCTOR", "a therapist of the clinic", accounts.Speciality("THERAPIST"))
	employee("surgeon", "Зоя", "clinic", "DOCTOR", "a surgeon of the clinic", accounts.Speciality("SURGEON"))
	employee("dismissed_doctor", "Алла", "clinic", "DOCTOR", "a family doctor whom the clinic has dismissed",
		build.Changed(accounts.Speciality("FAMILY_DOCTOR"), build.Row{"status": "DISMISSED", "end_date": w.Now.AddDate(0, 0, -1)}))
	employee("specialist", "Рита", "clinic", "SPECIALIST", "a SPECIALIST of the clinic with the speciality of a family doctor", accounts.Speciality("FAMILY_DOCTOR"))

	for _, p := range []struct{ name, legalEntity, note string }{
		{"carried_declarant", "reorganized_clinic", "has a declaration with a clinic that was reorganised into the clinic"},
		{"carrying_declarant", "reorganized_clinic", "has a declaration with a clinic that was reorganised into the clinic"},
		{"faithful_declarant", "other_clinic", "has a declaration with the other clinic"},
	} {
		declarant(w, p.name, "1990-07-05", p.note, nil, "PASSPORT")
		byOTP(w, p.name, parentPhone)
		persons.Declaration(w, p.name, p.legalEntity, "other_doctor", build.Row{"division_id": build.ID("division of the other clinic")})
	}
}
