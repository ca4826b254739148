package personrequests

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/envelope"
	"esoz/internal/platform/fault"
	"esoz/internal/platform/signature"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
)

// toSign adds an APPROVED request for a person and returns what is to be signed.
func toSign(w *build.World, name, note string, person, columns build.Row) build.Row {
	add(w, name, note, approvalPhone, build.Changed(build.Row{"status": "APPROVED", "data": request(person), "printout_form": form("APPROVED")}, columns))
	shown := person
	if methods, ok := person["authentication_methods"].([]build.Row); ok && methods[0]["phone_number"] != nil {
		phone := methods[0]["phone_number"].(string) //nolint:forcetypeassert // of adult
		shown = build.Changed(person, build.Row{"authentication_methods": []build.Row{otp(*envelope.MaskPhone(phone))}})
	}
	return build.Row{
		"id": build.ID(name).String(), "status": "APPROVED", "person": shown, "patient_signed": true, "process_disclosure_data_consent": true,
		"channel": "MIS", "content": form("APPROVED"),
	}
}

// unknown is an adult of whom no other case tells.
func unknown(first, taxID string) build.Row {
	return adult(build.Row{"first_name": first, "last_name": "Невідомий", "tax_id": taxID})
}

func sign(w *build.World) {
	const op = "signPersonRequest"
	signer := signature.Signer{DRFO: accounts.TaxID("doctor"), Surname: "Коваль"}
	of := func(id string, content any) build.Request {
		return build.Patch(doctor, "/api/v2/person_requests/"+id+"/actions/sign").With(build.Row{"signed_content": w.Sign(content, signer)})
	}
	signed := func(content build.Row) build.Request { return of(content["id"].(string), content) } //nolint:forcetypeassert // of toSign
	is := func(name string) build.Row { return build.Row{"mpi_id": build.ID(name)} }
	named := func(name string, person build.Row) build.Row {
		return build.Edit(person, build.Row{"id": build.ID(name).String(), "authentication_methods": nil})
	}

	adultToSign := toSign(w, "person request to sign", "APPROVED, for an adult", unknown("Осип", "3305904222"), nil)
	w.Passes(op, "a person is registered", signed(adultToSign), http.StatusOK)
	w.Passes(op, "a person is updated", signed(toSign(w, "person request to update", "APPROVED, an update of namesake",
		named("namesake", adult(build.Row{"first_name": "Людмила", "last_name": "Остапчук", "birth_date": "1990-01-19", "no_tax_id": true, "tax_id": nil})),
		is("namesake"))), http.StatusOK)
	w.Passes(op, "a child is registered, for whom somebody acts", signed(toSign(w, "person request of a child", "APPROVED, for a child with a confidant person",
		child(w, build.Row{"first_name": "Остап"}), nil)), http.StatusOK)
	encoded := toSign(w, "person request to sign with an encoding", "APPROVED, for an adult", unknown("Лука", "3305904288"), nil)
	w.Passes(op, "signed_content_encoding, which is not needed", signed(encoded).With(build.Row{
		"signed_content": w.Sign(encoded, signer), "signed_content_encoding": "base64",
	}), http.StatusOK)

	w.Refused(op, "no signed content", signed(adultToSign).With(build.Row{}), build.MissingProperty(rules.PersonRequestSignSchema, "signed_content"))
	refuseUnseen(w, op, "sign", func(id string) build.Request { return of(id, build.Row{}) })
	for _, status := range []string{"signed", "rejected", "cancelled"} {
		w.Refused(op, "a request that is "+status, of(build.ID(status+" person request").String(), build.Row{}), fault.Refuse(rules.PersonRequestSignStatus))
	}
	w.Refused(op, "a request that is not confirmed", of(build.ID("new person request").String(), build.Row{}), fault.Refuse(rules.PersonRequestSignStatus))
	w.Refused(op, "a person who has not signed", signed(build.Changed(adultToSign, build.Row{"patient_signed": false})), fault.Refuse(rules.PersonRequestSignPatientSigned))
	changed := fault.Refuse(rules.PersonRequestSignContent)
	w.Refused(op, "another name", signed(build.Changed(adultToSign, build.Row{"person": build.Changed(adultToSign["person"].(build.Row), //nolint:forcetypeassert // of toSign
		build.Row{"first_name": "Остап"})})), changed)
	w.Refused(op, "a list in place of an object", of(build.ID("person request to sign").String(), []build.Row{}), fault.Refuse(rules.PersonRequestSignPatientSigned))
	other := toSign(w, "another person request to sign", "APPROVED, for an adult", unknown("Гнат", "3305904233"), nil)
	w.Refused(op, "the content of another request", of(build.ID("person request to sign").String(), other), changed)

	w.Refused(op, "an update of nobody", signed(toSign(w, "person request to update nobody", "APPROVED, an update of a person who is gone",
		named("no person", unknown("Гнат", "3305904244")), is("no person"))), fault.Refuse(rules.PersonRequestSignPerson))
	w.Refused(op, "an update of a person who is not active", signed(toSign(w, "person request to update an inactive person",
		"APPROVED, an update of inactive_patient", named("inactive_patient", unknown("Гнат", "3305904255")), is("inactive_patient"))),
		fault.Refuse(rules.PersonRequestSignPersonActive))
	same := build.Row{"first_name": "Петро", "last_name": "Іваненко", "second_name": "Миколайович", "birth_date": "1985-07-05", "tax_id": "3121203456"}
	w.Refused(op, "a person who is registered meanwhile", signed(toSign(w, "person request for a registered person", "APPROVED, for the data of patient",
		adult(same), nil)), fault.Refuse(rules.PersonRequestSignDuplicate))
	w.Refused(op, "a third person who confirms for as many as may be", signed(toSign(w, "person request with a busy third person",
		"APPROVED, for a child with a confidant person", child(w, build.Row{"first_name": "Овсій"}), nil)),
		fault.Refuse(rules.PersonRequestSignThirdPersonLimit, "limit", 1)).Set("THIRD_PERSON_LIMIT", "1")
	w.Refused(op, "a phone by which as many confirm as may", signed(toSign(w, "person request with a crowded phone", "APPROVED; five persons confirm by the phone",
		build.Changed(unknown("Гнат", "3305904266"), build.Row{"authentication_methods": []build.Row{otp(crowdedPhone)}}), nil)),
		fault.Refuse(rules.PersonRequestSignPhoneLimit, "limit", 5))
	w.Passes(op, "a phone by which five confirm, and there is no limit", signed(toSign(w, "person request with a crowded phone, unlimited",
		"APPROVED; five persons confirm by the phone", build.Changed(unknown("Хома", "3305904277"),
			build.Row{"authentication_methods": []build.Row{otp(crowdedPhone)}}), nil)), http.StatusOK).Set("PHONE_NUMBER_AUTH_LIMIT", "0")
}
