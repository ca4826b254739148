package declarationrequests

import (
	"net/http"
	"strings"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	limits "esoz/internal/platform/otp"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/persons"
	"esoz/internal/sandbox/world/verifications"
)

// asked is the body of a request for a declaration of a person with the doctor of the
// clinic; changes override or, if nil, remove fields.
func asked(person string, changes build.Row) build.Row {
	return build.Edit(build.Row{
		"person_id": build.ID(person).String(), "employee_id": build.ID("employee doctor").String(),
		"division_id": build.ID("division with an employee").String(), // which nobody can deactivate
	}, changes)
}

// text is the id of the named, as a body has it.
func text(name string) string { return build.ID(name).String() }

func create(w *build.World) {
	const op = "createDeclarationRequest"
	by := func(token, person string, changes build.Row) build.Request {
		return build.Post(token, "/api/v3/declaration_requests").With(asked(person, changes))
	}
	of := func(person string, changes build.Row) build.Request { return by(doctor, person, changes) }
	with := func(employee string) build.Row { return build.Row{"employee_id": text("employee " + employee)} }
	method := func(name string) build.Row { return build.Row{"authorize_with": text(name)} }
	parent := func(person string) build.Row {
		return build.Row{"parent_declaration_id": persons.DeclarationID(person).String()}
	}

	w.Passes(op, "an adult who confirms by OTP", of("declarant", nil), http.StatusCreated)
	w.Passes(op, "an adult who confirms by documents", of("offline_declarant", nil), http.StatusCreated)
	w.Passes(op, "an adult, by the documents that the request names", of("declarant", method("documents of declarant")), http.StatusCreated)
	w.Passes(op, "a child whose confidant person confirms", of("child_declarant", method("method of child_declarant")), http.StatusCreated)
	w.Passes(op, "a child, with a pediatrician", of("child_declarant", with("pediatrician")), http.StatusCreated)
	w.Passes(op, "a child, by the documents of a third person", of("child_declarant", method("offline_patient for child_declarant")), http.StatusCreated)
	w.Passes(op, "an adult, with a therapist", of("declarant", with("therapist")), http.StatusCreated)
	w.Passes(op, "a declaration with a reorganised clinic is carried on", of("carried_declarant", parent("carried_declarant")), http.StatusCreated)
	w.Passes(op, "a field that there is not is ignored", of("declarant", build.Row{"scope": "family_doctor"}), http.StatusCreated)
	w.Passes(op, "an owner asks", by(build.TokenValue("owner"), "declarant", nil), http.StatusCreated)

	w.Refused(op, "a user whose party is not verified", by(build.TokenValue("unverified_doctor"), "declarant", nil),
		fault.Refuse(rules.DeclarationRequestCreateParty)).Set("BLOCK_UNVERIFIED_PARTY_USERS", "true")
	w.Refused(op, "a user whose death is confirmed", by(build.TokenValue("deceased_doctor"), "declarant", nil),
		fault.Refuse(rules.DeclarationRequestCreatePartyDeceased)).Set("BLOCK_DECEASED_PARTY_USERS", "true")
	w.Refused(op, "no person", of("declarant", build.Row{"person_id": nil}), build.MissingProperty(rules.DeclarationRequestCreateSchema, "person_id"))
	const pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
	for _, field := range []string{"person_id", "employee_id", "division_id", "authorize_with", "parent_declaration_id"} {
		w.Refused(op, field+" that is no uuid", of("declarant", build.Row{field: "1"}),
			build.WrongShape(rules.DeclarationRequestCreateSchema, "$."+field, "format", `string does not match pattern "`+pattern+`"`))
	}
	for _, token := range []string{"suspended_doctor", "closed_owner", "stranger"} {
		w.Refused(op, "a legal entity that is not active: "+token, by(build.TokenValue(token), "declarant", nil), fault.Refuse(rules.DeclarationRequestCreateLegalEntityActive))
	}
	w.Refused(op, "a hospital", by(build.TokenValue("hospital_doctor"), "declarant", nil), fault.Refuse(rules.DeclarationRequestCreateLegalEntityType))
	w.Refused(op, "no such employee", of("declarant", with("nobody")), fault.Refuse(rules.DeclarationRequestCreateEmployee))
	w.Refused(op, "a dismissed doctor", of("declarant", with("dismissed_doctor")), fault.Refuse(rules.DeclarationRequestCreateEmployeeStatus))
	w.Refused(op, "a surgeon", of("declarant", with("surgeon")), fault.Refuse(rules.DeclarationRequestCreateSpeciality))
	w.Refused(op, "no such division", of("declarant", build.Row{"division_id": text("no division")}), fault.Refuse(rules.DeclarationRequestCreateDivision))
	w.Refused(op, "an inactive division", of("declarant", build.Row{"division_id": text("inactive division")}), fault.Refuse(rules.DeclarationRequestCreateDivisionStatus))
	w.Refused(op, "a doctor of another clinic", of("declarant", with("other_doctor")), fault.Refuse(rules.DeclarationRequestCreateEmployeeLegalEntity))
	w.Refused(op, "a division of another clinic", of("declarant", build.Row{"division_id": text("division of the other clinic")}),
		fault.Refuse(rules.DeclarationRequestCreateDivisionLegalEntity))
	w.Refused(op, "an employee who is no doctor", of("declarant", with("specialist")), fault.Refuse(rules.DeclarationRequestCreateEmployeeType))

	w.Refused(op, "nobody", of("no person", nil), fault.Refuse(rules.DeclarationRequestCreatePerson))
	w.Refused(op, "a person who confirms by nothing", of("methodless_declarant", nil), fault.Refuse(rules.DeclarationRequestCreatePersonMethod))
	w.Passes(op, "a person who confirms by nothing, and that is not asked", of("methodless_declarant", nil), http.StatusCreated).
		Set("RULES", "-declaration_request.create.person_method")
	w.Refused(op, "a person who is not active", of("inactive_declarant", nil), fault.Refuse(rules.DeclarationRequestCreatePersonActive))
	w.Refused(op, "a person who is not verified", of("unverified_declarant", nil), fault.Refuse(rules.DeclarationRequestCreatePersonVerified))

	w.Refused(op, "no such method", of("declarant", method("no method")), fault.Refuse(rules.DeclarationRequestCreateMethod))
	w.Refused(op, "another person's method", of("declarant", method("method of newcomer")), fault.Refuse(rules.DeclarationRequestCreateMethodOwner))
	w.Refused(op, "a method that has ended", of("choosing_declarant", method("former method")), fault.Refuse(rules.DeclarationRequestCreateMethodActive))
	w.Refused(op, "a method NA", of("choosing_declarant", method("no method of choosing_declarant")), fault.Refuse(rules.DeclarationRequestCreateMethodNa))
	w.Refused(op, "a third person who confirms by nothing", of("choosing_child", method("methodless_declarant for choosing_child")),
		fault.Refuse(rules.DeclarationRequestCreateMethodNa))

	w.Refused(op, "a declaration to carry on that has ended", of("declarant", parent("former_patient")), fault.Refuse(rules.DeclarationRequestCreateParent))
	w.Refused(op, "a declaration to carry on of another person", of("declarant", parent("carried_declarant")), fault.Refuse(rules.DeclarationRequestCreateParentPerson))
	w.Refused(op, "a declaration to carry on with a clinic that was not reorganised", of("faithful_declarant", parent("faithful_declarant")),
		fault.Refuse(rules.DeclarationRequestCreateParentLegalEntity))

	w.Refused(op, "an adult, with a pediatrician", of("choosing_declarant", with("pediatrician")), fault.Refuse(rules.DeclarationRequestCreateAge))
	w.Refused(op, "a child, with a therapist", of("choosing_child", with("therapist")), fault.Refuse(rules.DeclarationRequestCreateAge))
	w.Refused(op, "a child for whom nobody acts", of("unguarded_declarant", nil), fault.Refuse(rules.DeclarationRequestCreateConfidant))
	w.Refused(op, "a child without a document", of("paperless_child", nil), fault.Refuse(rules.DeclarationRequestCreateChildDocument, "years", 14))
	w.Refused(op, "an adult without a document", of("paperless_declarant", nil), fault.Refuse(rules.DeclarationRequestCreateDocument, "types", strings.Join([]string{
		"PASSPORT", "NATIONAL_ID", "TEMPORARY_PASSPORT", "PERMANENT_RESIDENCE_PERMIT", "REFUGEE_CERTIFICATE", "COMPLEMENTARY_PROTECTION_CERTIFICATE", "FOREIGN_PASSPORT",
	}, ", ")))
	w.Passes(op, "an adult without a document, and that is not asked", of("paperless_declarant", nil), http.StatusCreated).Set("RULES", "-declaration_request.create.document")
	w.Passes(op, "a person whose data is being changed", of("changing_declarant", nil), http.StatusCreated)
	w.Refused(op, "a person whose data is being changed, and that is asked", of("changing_declarant", nil), fault.Refuse(rules.DeclarationRequestCreatePersonRequest)).
		Set("RULES", "+declaration_request.create.person_request")

	id := build.ID("code of prompt_declarant")
	w.Insert("otp.verifications", build.Row{
		"id": id, "phone_number": promptPhone, "status": "new", "code_hash": w.Seal.Code(id, verifications.LiveCode), "active": true,
		"attempts_count": 0, "inserted_at": w.Now, "code_expired_at": w.Now.AddDate(1, 0, 0),
	})
	verifications.CodeSent(w, limits.PerPhone, promptPhone)
	w.Passes(op, "a code was sent a moment ago, and there is no limit", of("prompt_declarant", nil), http.StatusCreated)
	w.Refused(op, "a code was sent a moment ago, and there is a limit", of("prompt_declarant", nil), fault.Refuse(rules.DeclarationRequestCreateRate)).
		Set("INIT_VERIFICATION_LIMIT", "86400")
	w.Refused(op, "the phone has got all codes of the hour", of("prompt_declarant", nil), fault.Refuse(rules.DeclarationRequestCreateCodeLimit)).Set("OTP_PHONE_LIMIT", "1")
	otherClinic := build.Row{"employee_id": text("employee other_doctor"), "division_id": text("division of the other clinic")}
	w.Refused(op, "the legal entity has had all codes of the day sent", by(otherDoctor, "declarant", otherClinic),
		fault.Refuse(rules.DeclarationRequestCreateLegalEntityLimit)).Set("OTP_LEGAL_ENTITY_DAILY_LIMIT", "1")
}
