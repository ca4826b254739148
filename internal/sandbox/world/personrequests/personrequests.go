// Package personrequests has persons of every age, and the cases of person
// requests.
package personrequests

import (
	"fmt"
	"time"

	limits "esoz/internal/platform/otp"
	"esoz/internal/resource/persons"
	"esoz/internal/resource/uaddresses"
	"esoz/internal/sandbox/world/build"
	people "esoz/internal/sandbox/world/persons"
	"esoz/internal/sandbox/world/verifications"
)

var (
	doctor      = build.TokenValue("doctor")
	otherDoctor = build.TokenValue("other_doctor")
)

// Add adds the persons and the cases.
func Add(w *build.World) {
	registered(w)
	phones(w)
	create(w)
	update(w)
	inV1(w)
	inV3(w)
	foreigners(w)
	for _, v := range []version{v1, v2, v3} {
		stored(w, v)
	}
	for _, v := range []version{v1, v2, v3} {
		reads(w, v)
		approve(w, v)
		reject(w, v)
		sign(w, v)
	}
	list(w)
	resend(w)
	methods(w)
}

// Phones of who is to be registered.
const (
	crowdedPhone = "+380931234621" // five persons confirm by it
	freshPhone   = "+380931234622" // a code was sent to it a moment ago
	childPhone   = "+380931234623"
)

// years is a date of birth: the day, so many years ago, before today.
func years(w *build.World, n int) string { return w.Now.AddDate(-n, 0, -1).Format(time.DateOnly) }

// registered are persons whom requests name.
func registered(w *build.World) {
	person := func(name, first, born, note string, columns build.Row) {
		addPerson(w, name, first, born, note, columns)
	}
	person("unverified_confidant", "Ніна", "1985-02-03", "verification status NOT_VERIFIED: may not become a confidant person", build.Row{"verification_status": "NOT_VERIFIED"})
	person("minor", "Інна", years(w, 16), "sixteen years old; confirms by no method", nil)
	person("guarded_child", "Ада", years(w, 9), "a child with an approved confidant person, with whom a phone and a stranger are registered too", nil)
	w.Insert("mpi.confidant_person_relationships", w.Audited(build.Row{
		"id": build.ID("relationship of guarded_child"), "person_id": build.ID("guarded_child"), "confidant_person_id": build.ID("confidant"),
		"relation_type": "PRIMARY", "is_active": true, "verification_status": "VERIFIED",
	}))
	people.Method(w, "guarded_child", build.Row{"type": "OTP", "phone_number": childPhone})
	for i, third := range []string{"confidant", "third_person"} {
		since := w.Now.AddDate(0, i-2, 0)
		people.Method(w, "guarded_child", build.Row{
			"id": build.ID(third + " for guarded_child"), "type": "THIRD_PERSON", "value": build.ID(third), "alias": "батько", "inserted_at": since,
		})
	}
	for i := range 5 {
		name := fmt.Sprintf("neighbour_%d", i+1)
		person(name, "Зоя", "1970-01-01", "one of five who confirm by one phone", nil)
		people.Method(w, name, build.Row{"type": "OTP", "phone_number": crowdedPhone})
	}
	for i, owner := range []string{"patient", "offline_patient"} {
		w.Insert("mpi.person_documents", build.Row{
			"person_id": build.ID(owner), "type": "PASSPORT", "number": fmt.Sprintf("СН%d", 123456+i), "issued_by": "Дарницьким РВ", "issued_at": "2003-08-01",
		})
	}
}

// addPerson adds a person to the register; columns make it another.
func addPerson(w *build.World, name, first, born, note string, columns build.Row) {
	id := w.Object("person", name, note)
	w.Insert("mpi.persons", build.Changed(w.Audited(build.Row{
		"id": id, "first_name": first, "last_name": "Заєць", "birth_date": born, "gender": "FEMALE", "no_tax_id": true,
		"status": persons.Active, "is_active": true, "verification_status": "VERIFIED", "inserted_at": w.Now.AddDate(-2, 0, 0),
	}), columns))
	w.Document(persons.Collection, persons.Document{ID: w.Seal.PatientID(id), Status: persons.Active})
}

func phones(w *build.World) {
	for _, phone := range []string{crowdedPhone, freshPhone, usedPhone, methodPhone} {
		w.Insert("otp.verified_phones", build.Row{"id": build.ID("verified phone " + phone), "phone_number": phone, "updated_at": w.Now})
	}
	id := build.ID("code of a person to register")
	w.Insert("otp.verifications", build.Row{
		"id": id, "phone_number": freshPhone, "resource_id": build.ID("person request with a fresh code"), "status": "new", "code_hash": w.Seal.Code(id, verifications.LiveCode), "active": true,
		"attempts_count": 0, "inserted_at": w.Now, "code_expired_at": w.Now.AddDate(1, 0, 0),
	})
	verifications.CodeSent(w, limits.PerPhone, freshPhone)
}

// adult is a person who can be registered; changes override or, if nil, remove
// fields.
func adult(changes build.Row) build.Row {
	return build.Edit(build.Row{
		"first_name": "Роман", "last_name": "Заєць", "second_name": "Маркович", "birth_date": "1990-07-05", "birth_country": "Україна",
		"birth_settlement": "Вінниця", "gender": "MALE", "no_tax_id": false, "tax_id": "3305904211", "secret": "таємниця",
		"documents":              []build.Row{document("PASSPORT", "АА120518", nil)},
		"addresses":              []build.Row{residence(nil)},
		"authentication_methods": []build.Row{otp(verifications.VerifiedPhone)},
		"emergency_contact":      build.Row{"first_name": "Олена", "last_name": "Заєць", "phones": []build.Row{mobile}},
	}, changes)
}

// child is a person of ten for whom the confidant is to act.
func child(w *build.World, changes build.Row) build.Row {
	return build.Edit(adult(build.Row{
		"birth_date": years(w, 10), "no_tax_id": true, "tax_id": nil,
		"documents":              []build.Row{certificate(w)},
		"confidant_person":       confidant(w, "confidant", nil),
		"authentication_methods": []build.Row{by("confidant")},
	}), changes)
}

// sixteen is a minor with neither a confidant person nor a document of legal capacity.
func sixteen(w *build.World, changes build.Row) build.Row {
	return adult(build.Edit(build.Row{"birth_date": years(w, 16), "documents": []build.Row{idCard(w, nil)}, "unzr": unzr(years(w, 16))}, changes))
}

var mobile = build.Row{"type": "MOBILE", "number": "+380503410870"}

func otp(phone string) build.Row { return build.Row{"type": "OTP", "phone_number": phone} }

func by(third string) build.Row {
	return build.Row{"type": "THIRD_PERSON", "value": build.ID(third).String(), "alias": "батько"}
}

// document of a person, issued in 2017.
func document(kind, number string, changes build.Row) build.Row {
	return build.Edit(build.Row{"type": kind, "number": number, "issued_by": "Рокитнянським РВ ГУ МВС Київської області", "issued_at": "2017-02-28"}, changes)
}

func certificate(w *build.World) build.Row {
	return document("BIRTH_CERTIFICATE", "1-АП123456", build.Row{"issued_at": years(w, 9)})
}

func idCard(w *build.World, changes build.Row) build.Row {
	return document("NATIONAL_ID", "123456789", build.Edit(build.Row{"issued_at": years(w, 1), "expiration_date": w.Day(3000)}, changes))
}

// unzr of a birth date.
func unzr(born string) string { return born[:4] + born[5:7] + born[8:] + "-01234" }

// confidant acts for a person of ten.
func confidant(w *build.World, name string, changes build.Row) build.Row {
	return build.Row{
		"person_id": build.ID(name).String(), "documents_relationship": []build.Row{build.Edit(certificate(w), changes)},
	}
}

// residence is an address in Бердичів; changes override or, if nil, remove fields.
func residence(changes build.Row) build.Row {
	return build.Edit(build.Row{
		"type": "RESIDENCE", "country": "UA", "area": "Житомирська", "region": "Бердичівський", "settlement": "Бердичів",
		"settlement_type": "CITY", "settlement_id": uaddresses.ID(uaddresses.CodeBerdychiv).String(), "street_type": "STREET",
		"street": "вул. Ніжинська", "building": "15", "apartment": "23", "zip": "02090",
	}, changes)
}

// request is the body of a request for a person.
func request(person build.Row) build.Row {
	return build.Row{"person": person, "patient_signed": false, "process_disclosure_data_consent": true}
}
