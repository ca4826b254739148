package declarationrequests

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/accounts"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/persons"
)

// toSign is an APPROVED request; columns make it another. It returns what the doctor
// signs.
func toSign(w *build.World, name, note string, columns build.Row) build.Row {
	content := toBeSigned(w, name, "person of "+name)
	ofDeclarant(w, name, "APPROVED: "+note, build.Changed(build.Row{
		"status": "APPROVED", "data_to_be_signed": content, "updated_at": w.Now,
	}, columns))
	return signedBy(content, true)
}

// signedBy is the content after the patient has signed; nil takes patient_signed away.
func signedBy(content build.Row, value any) build.Row {
	person := content["person"].(build.Row) //nolint:forcetypeassert // toBeSigned made it
	return build.Changed(content, build.Row{"person": build.Edit(person, build.Row{"patient_signed": value})})
}

// unsigned is the content with patient_signed null.
func unsigned(content build.Row) build.Row {
	person := content["person"].(build.Row) //nolint:forcetypeassert // toBeSigned made it
	return build.Changed(content, build.Row{"person": build.Changed(person, build.Row{"patient_signed": nil})})
}

func sign(w *build.World) {
	const op, name = "signDeclarationRequest", "declaration request to sign"
	by := func(user, id string, content any) build.Request {
		return build.Patch(build.TokenValue(user), "/api/v3/declaration_requests/"+id+"/actions/sign").
			With(build.Row{"signed_declaration_request": w.Sign(content, accounts.Signer(user))})
	}
	of := func(name string, content any) build.Request { return by("doctor", text(name), content) }

	content := toSign(w, name, "the doctor may sign it", nil)
	w.Passes(op, "the stored content", of(name, content), http.StatusOK)
	const other = "declaration request for a colleague to sign"
	w.Passes(op, "signed by another user of the clinic", by("colleague", text(other), toSign(w, other, "a colleague may sign it", nil)), http.StatusOK)
	const carries = "declaration request to sign that carries on"
	parent := build.Row{"parent_declaration_id": persons.DeclarationID("signing_declarant"), "authentication_method_current": notAsked}
	declarant(w, "signing_declarant", "1990-07-05", "has a declaration with a clinic that was reorganised into the clinic", nil, "PASSPORT")
	persons.Declaration(w, "signing_declarant", "reorganized_clinic", "other_doctor", nil)
	carried := toSign(w, carries, "it carries on a declaration", build.Changed(parent, build.Row{
		"data_to_be_signed": unsigned(toBeSigned(w, carries, "person of "+carries)),
	}))
	w.Passes(op, "a declaration that is carried on, which the patient need not sign", of(carries, unsigned(carried)), http.StatusOK)

	w.Refused(op, "nothing signed", of(name, content).With(build.Row{}), build.MissingProperty(rules.DeclarationRequestSignSchema, "signed_declaration_request"))
	w.Refused(op, "an unknown request", of("no declaration request", content), fault.Refuse(rules.DeclarationRequestSignNotFound))
	w.Refused(op, "a malformed id", by("doctor", "1", content), fault.Refuse(rules.DeclarationRequestSignNotFound))
	w.Refused(op, "a request whose data is gone", of(expired, content), fault.Refuse(rules.DeclarationRequestSignVersion))
	w.Refused(op, "a request of V2", of("V2 declaration request", content), fault.Refuse(rules.DeclarationRequestSignVersion))
	for _, status := range []string{"new", "signed", "rejected", "cancelled"} {
		w.Refused(op, "a request that is "+status, of(status+" declaration request", content), fault.Refuse(rules.DeclarationRequestSignStatus))
	}
	refuse := func(title, name, note string, columns build.Row, rule rules.ID) {
		w.Refused(op, title, of(name, toSign(w, name, note, columns)), fault.Refuse(rule))
	}
	nobody := build.ID("nobody at all")
	declarant(w, "signing_unverified", "1990-07-05", "verification status NOT_VERIFIED", build.Row{"verification_status": "NOT_VERIFIED"}, "PASSPORT")
	refuse("a person who is not stored", "declaration request to sign of nobody", "its person is not stored",
		build.Row{"mpi_id": nobody, "data": data(w, "nobody at all", "clinic", "doctor")}, rules.DeclarationRequestSignPerson)
	refuse("a person who is not verified", "declaration request to sign of unverified_declarant", "its person is NOT_VERIFIED",
		build.Row{"mpi_id": build.ID("signing_unverified"), "data": data(w, "signing_unverified", "clinic", "doctor")}, rules.DeclarationRequestSignPersonVerified)
	refuse("a declaration that is carried on has ended", "declaration request to sign that carries on nothing", "the declaration that it carries on has ended",
		build.Row{"parent_declaration_id": persons.DeclarationID("former_patient"), "authentication_method_current": notAsked}, rules.DeclarationRequestSignParent)
	refuse("a doctor who was dismissed", "declaration request to sign of dismissed_doctor", "its doctor was dismissed",
		build.Row{"data": data(w, "person of declaration request to sign of dismissed_doctor", "clinic", "dismissed_doctor"), "data_employee_id": build.ID("employee dismissed_doctor")},
		rules.DeclarationRequestSignEmployee)

	w.Refused(op, "an empty object", of(name, build.Row{}), fault.Refuse(rules.DeclarationRequestSignEmpty))
	w.Refused(op, "a list in place of an object", of(name, []int{1}), fault.Refuse(rules.DeclarationRequestSignEmpty))
	w.Refused(op, "no patient_signed", of(name, signedBy(content, nil)), fault.Refuse(rules.DeclarationRequestSignPatientSigned))
	w.Refused(op, "a patient who has not signed", of(name, signedBy(content, false)), fault.Refuse(rules.DeclarationRequestSignPatientSignedTrue))
	w.Refused(op, "a patient of whom nothing is said", of(name, unsigned(content)), fault.Refuse(rules.DeclarationRequestSignPatientSignedNull))
	different := fault.Refuse(rules.DeclarationRequestSignContent)
	w.Refused(op, "a changed value", of(name, build.Changed(content, build.Row{"end_date": "2099-01-01"})), different)
	w.Refused(op, "a field more", of(name, build.Changed(content, build.Row{"scope": "family_doctor"})), different)
	w.Refused(op, "a field less", of(name, build.Edit(content, build.Row{"seed": nil})), different)
	w.Refused(op, "the content of another request", of(name, signedBy(toBeSigned(w, other, "person of "+other), true)), different)
	w.Refused(op, "the content wrapped in data", of(name, build.Row{"data": content, "person": content["person"]}), different)
	w.Refused(op, "a doctor of another clinic", by("other_doctor", text(name), content), fault.Refuse(rules.DeclarationRequestSignEmployee))
	w.Refused(op, "a user without a party", by("partyless_doctor", text(name), content), fault.Refuse(rules.DeclarationRequestSignParty))
	w.Passes(op, "a changed value, and that is not asked", of(name, build.Changed(content, build.Row{"end_date": "2099-01-01"})), http.StatusOK).
		Set("RULES", "-declaration_request.sign.content")
}

func reject(w *build.World) {
	const op = "rejectDeclarationRequest"
	of := func(id string) build.Request {
		return build.Patch(build.TokenValue("owner"), "/api/v3/declaration_requests/"+id+"/actions/reject")
	}
	named := func(name string) build.Request { return of(text(name)) }
	ofDeclarant(w, "declaration request to reject", "NEW", nil)
	toSign(w, "approved declaration request to reject", "it may be rejected", nil)
	ofDeclarant(w, "patient's declaration request to reject", "NEW, made by the patient and shared", build.Row{
		"channel": "PIS", "is_shareable": true, "authentication_method_current": notAsked,
	})
	w.Passes(op, "a new request", named("declaration request to reject"), http.StatusOK)
	w.Passes(op, "an approved request", named("approved declaration request to reject"), http.StatusOK)
	w.Passes(op, "a request that the patient has made", named("patient's declaration request to reject"), http.StatusOK)

	w.Refused(op, "an unknown request", named("no declaration request"), fault.Refuse(rules.DeclarationRequestRejectNotFound))
	w.Refused(op, "a malformed id", of("1"), fault.Refuse(rules.DeclarationRequestRejectNotFound))
	w.Refused(op, "a request that is not shared with legal entities", named("cabinet declaration request"), fault.Refuse(rules.DeclarationRequestRejectChannel))
	w.Refused(op, "a request of another clinic", named(foreign), fault.Refuse(rules.DeclarationRequestRejectLegalEntity))
	w.Refused(op, "a request whose data is gone", named(expired), fault.Refuse(rules.DeclarationRequestRejectLegalEntity))
	w.Refused(op, "a request of V2", named("V2 declaration request"), fault.Refuse(rules.DeclarationRequestRejectVersion))
	for _, status := range []string{"signed", "rejected", "cancelled"} {
		w.Refused(op, "a request that is "+status, named(status+" declaration request"), fault.Refuse(rules.DeclarationRequestRejectStatus))
	}
}
