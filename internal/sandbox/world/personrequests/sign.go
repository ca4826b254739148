package personrequests

import (
	"net/http"

	"esoz/internal/platform/envelope"
	"esoz/internal/platform/signature"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
)

// toSign adds an APPROVED request for a person and returns what is to be signed.
func toSign(w *build.World, v version, name, note string, person, columns build.Row) build.Row {
	add(w, v, name, note, approvalPhone, build.Changed(build.Row{"status": "APPROVED", "data": v.data(person), "printout_form": form("APPROVED")}, columns))
	shown := person
	if methods, ok := person["authentication_methods"].([]build.Row); ok && methods[0]["phone_number"] != nil {
		phone := methods[0]["phone_number"].(string) //nolint:forcetypeassert // of adult
		shown = build.Changed(person, build.Row{"authentication_methods": []build.Row{otp(*envelope.MaskPhone(phone))}})
	}
	return build.Row{
		"id": v.id(name).String(), "status": "APPROVED", "person": v.person(shown), "patient_signed": true, "process_disclosure_data_consent": true,
		"channel": "MIS", "content": form("APPROVED"),
	}
}

// unknown is an adult of whom no other case tells.
func (v version) unknown(first, taxID string) build.Row {
	switch v { // by another phone: few persons may confirm by one
	case v1:
		return adult(build.Row{"first_name": first, "last_name": "Нечуваний", "tax_id": taxID, "authentication_methods": []build.Row{otp(rightPhone)}})
	case v3:
		return adult(build.Row{"first_name": first, "last_name": "Незнаний", "tax_id": taxID, "authentication_methods": []build.Row{otp(approvalPhone)}})
	}
	return adult(build.Row{"first_name": first, "last_name": "Невідомий", "tax_id": taxID})
}

func sign(w *build.World, v version) {
	op := v.op("signPersonRequest")
	signer := signature.Signer{DRFO: accounts.TaxID("doctor"), Surname: "Коваль"}
	of := func(id string, content any) build.Request {
		return build.Patch(doctor, v.path("/"+id+"/actions/sign")).With(build.Row{"signed_content": w.Sign(content, signer)})
	}
	signed := func(content build.Row) build.Request { return of(content["id"].(string), content) } //nolint:forcetypeassert // of toSign
	is := func(name string) build.Row { return build.Row{"mpi_id": build.ID(name)} }
	named := func(name string, person build.Row) build.Row {
		return build.Edit(person, build.Row{"id": build.ID(name).String(), "authentication_methods": nil})
	}

	adultToSign := toSign(w, v, "person request to sign", "APPROVED, for an adult", v.unknown("Осип", "3305904222"), nil)
	w.Passes(op, "a person is registered", signed(adultToSign), http.StatusOK)
	w.Passes(op, "a person is updated", signed(toSign(w, v, "person request to update", "APPROVED, an update of namesake",
		named("namesake", adult(build.Row{"first_name": "Людмила", "last_name": "Остапчук", "birth_date": "1990-01-19", "no_tax_id": true, "tax_id": nil})),
		is("namesake"))), http.StatusOK)
	w.Passes(op, "a child is registered, for whom somebody acts", signed(toSign(w, v, "person request of a child", "APPROVED, for a child with a confidant person",
		child(w, build.Row{"first_name": "Остап"}), nil)), http.StatusOK)
	encoded := toSign(w, v, "person request to sign with an encoding", "APPROVED, for an adult", v.unknown("Лука", "3305904288"), nil)
	w.Passes(op, "signed_content_encoding, which is not needed", signed(encoded).With(build.Row{
		"signed_content": w.Sign(encoded, signer), "signed_content_encoding": "base64",
	}), http.StatusOK)

	w.Refused(op, "no signed content", signed(adultToSign).With(build.Row{}), build.MissingProperty(v.rule("sign", "schema"), "signed_content"))
	refuseUnseen(w, v, op, "sign", func(id string) build.Request { return of(id, build.Row{}) })
	for _, status := range []string{"signed", "rejected", "cancelled"} {
		w.Refused(op, "a request that is "+status, of(v.id(status+" person request").String(), build.Row{}), v.refuse("sign", "status"))
	}
	w.Refused(op, "a request that is not confirmed", of(v.id("new person request").String(), build.Row{}), v.refuse("sign", "status"))
	w.Refused(op, "patient_signed is false", signed(build.Changed(adultToSign, build.Row{"patient_signed": false})), v.refuse("sign", "patient_signed"))
	changed := v.refuse("sign", "content")
	w.Refused(op, "another name", signed(build.Changed(adultToSign, build.Row{"person": build.Changed(adultToSign["person"].(build.Row), //nolint:forcetypeassert // of toSign
		build.Row{"first_name": "Остап"})})), changed)
	w.Refused(op, "a list in place of an object", of(v.id("person request to sign").String(), []build.Row{}), v.refuse("sign", "patient_signed"))
	other := toSign(w, v, "another person request to sign", "APPROVED, for an adult", v.unknown("Гнат", "3305904233"), nil)
	w.Refused(op, "the content of another request", of(v.id("person request to sign").String(), other), changed)

	w.Refused(op, "an update of nobody", signed(toSign(w, v, "person request to update nobody", "APPROVED, an update of a person who is gone",
		named("no person", v.unknown("Гнат", "3305904244")), is("no person"))), v.refuse("sign", "person"))
	w.Refused(op, "an update of a person who is not active", signed(toSign(w, v, "person request to update an inactive person",
		"APPROVED, an update of inactive_patient", named("inactive_patient", v.unknown("Гнат", "3305904255")), is("inactive_patient"))),
		v.refuse("sign", "person_active"))
	same := build.Row{"first_name": "Петро", "last_name": "Іваненко", "second_name": "Миколайович", "birth_date": "1985-07-05", "tax_id": "3121203456"}
	w.Refused(op, "a person who is registered meanwhile", signed(toSign(w, v, "person request for a registered person", "APPROVED, for the data of patient",
		adult(same), nil)), v.refuse("sign", "duplicate"))
	w.Refused(op, "a third person who confirms for as many as may be", signed(toSign(w, v, "person request with a busy third person",
		"APPROVED, for a child with a confidant person", child(w, build.Row{"first_name": "Овсій"}), nil)),
		v.refuse("sign", "third_person_limit", "limit", 1)).Set("THIRD_PERSON_LIMIT", "1")
	w.Refused(op, "a phone by which as many confirm as may", signed(toSign(w, v, "person request with a crowded phone", "APPROVED; five persons confirm by the phone",
		build.Changed(v.unknown("Гнат", "3305904266"), build.Row{"authentication_methods": []build.Row{otp(crowdedPhone)}}), nil)),
		v.refuse("sign", "phone_limit", "limit", 5))
	w.Passes(op, "a phone by which five confirm, and there is no limit", signed(toSign(w, v, "person request with a crowded phone, unlimited",
		"APPROVED; five persons confirm by the phone", build.Changed(v.unknown("Хома", "3305904277"),
			build.Row{"authentication_methods": []build.Row{otp(crowdedPhone)}}), nil)), http.StatusOK).Set("PHONE_NUMBER_AUTH_LIMIT", "0")
}
