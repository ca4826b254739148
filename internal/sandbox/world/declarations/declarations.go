// Package declarations has declarations in every status, beside the active ones of
// the patients.
package declarations

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/persons"
)

var doctor, nhs, stranger = build.TokenValue("doctor"), build.TokenValue("nhs_admin"), build.TokenValue("stranger")

// Add adds the declarations and the cases.
func Add(w *build.World) {
	ended := w.Now.AddDate(0, 0, -1)
	for _, d := range []struct {
		person, note string
		columns      build.Row
	}{
		{"settled_patient", "active; the patient of token cabinet", nil},
		{"portal_patient", "active; the patient of token portal", nil},
		{"pending_patient", "pending_verification, signed by documents", build.Row{"status": "pending_verification", "reason": "offline"}},
		{"doubted_patient", "pending_verification, to be rejected", build.Row{"status": "pending_verification", "reason": "no_tax_id"}},
		{"hidden_patient", "pending_verification with is_active = false", build.Row{"status": "pending_verification", "is_active": false}},
		{"rejected_patient", "rejected by the National Health Service", build.Row{"status": "rejected", "reason": "offline", "updated_at": ended}},
		{"closed_patient", "closed: its time is over", build.Row{"status": "closed", "end_date": ended, "updated_at": ended}},
		{"lost_patient", "active; the register has lost the patient", nil},
	} {
		persons.Declaration(w, d.person, "clinic", "doctor", d.columns)
		w.Object("declaration", "declaration of "+d.person, d.note)
	}
	list(w)
	get(w)
	ofPerson(w)
	ofNHS(w)
	ofPatient(w)
}

func list(w *build.World) {
	const op = "listDeclarations"
	of := func(token, query string) build.Request { return build.Get(token, "/api/declarations"+query) }
	w.Passes(op, "declarations of a doctor", of(doctor, "?page_size=2&employee_id="+build.ID("employee doctor").String()), http.StatusOK)
	w.Passes(op, "a declaration by its number", of(doctor, "?declaration_number="+persons.DeclarationNumber("patient")), http.StatusOK)
	for _, status := range []string{"active", "pending_verification", "terminated", "closed", "rejected"} {
		w.Passes(op, "declarations in status "+status, of(doctor, "?status="+status), http.StatusOK)
	}
	w.Passes(op, "declarations by their reason", of(doctor, "?status=terminated&reason=manual_employee"), http.StatusOK)
	w.Passes(op, "a page of declarations past the end", of(doctor, "?page=100"), http.StatusOK)
	w.Passes(op, "declarations of another legal entity are an empty list", of(doctor, "?legal_entity_id="+build.ID("other_clinic").String()), http.StatusOK)
	w.Passes(op, "declarations of any legal entity for the National Health Service", of(nhs, "?legal_entity_id="+build.ID("other_clinic").String()), http.StatusOK)
	w.Refused(op, "employee_id of a declaration that is no uuid", of(doctor, "?employee_id=1"), fault.Refuse(rules.DeclarationListEmployeeID))
	w.Refused(op, "legal_entity_id of a declaration that is no uuid", of(doctor, "?legal_entity_id=1"), fault.Refuse(rules.DeclarationListLegalEntityID))
	w.Refused(op, "a status that declarations do not have", of(doctor, "?status=ACTIVE"), fault.Refuse(rules.DeclarationListStatus))
	w.Refused(op, "all filters of declarations wrong", of(doctor, "?employee_id=1&legal_entity_id=1&status=x"),
		fault.Refuse(rules.DeclarationListEmployeeID), fault.Refuse(rules.DeclarationListLegalEntityID), fault.Refuse(rules.DeclarationListStatus))
	w.Passes(op, "wrong filters find nothing when they are not checked", of(doctor, "?employee_id=1&legal_entity_id=1&status=x"), http.StatusOK).
		Set("RULES", "-declaration.list.employee_id,-declaration.list.legal_entity_id,-declaration.list.status")
}

func get(w *build.World) {
	const op = "getDeclaration"
	of := func(token, person string) build.Request {
		return build.Get(token, "/api/declarations/"+persons.DeclarationID(person).String())
	}
	w.Passes(op, "an active declaration", of(doctor, "confided_patient"), http.StatusOK)
	for _, person := range []string{"pending_patient", "former_patient", "closed_patient", "rejected_patient", "hidden_patient"} {
		w.Passes(op, "the declaration of "+person, of(doctor, person), http.StatusOK)
	}
	w.Passes(op, "any declaration for the National Health Service", of(nhs, "stranger_patient"), http.StatusOK)
	w.Refused(op, "an unknown declaration", of(doctor, "nobody"), fault.Refuse(rules.DeclarationGetNotFound))
	w.Refused(op, "a malformed id of a declaration", build.Get(doctor, "/api/declarations/1"), fault.Refuse(rules.DeclarationGetNotFound))
	w.Refused(op, "a declaration of another legal entity", of(doctor, "stranger_patient"), fault.Refuse(rules.DeclarationGetOwner))
	w.Refused(op, "a declaration of another legal entity, for another client type that sees its own only", of(nhs, "patient"),
		fault.Refuse(rules.DeclarationGetOwner)).Set("TOKENS_TYPES_PERSONAL", "NHS")
	w.Refused(op, "a declaration, for a token of no client", of(build.TokenValue("clientless"), "patient"), fault.Refuse(rules.DeclarationGetOwner))
	w.Passes(op, "a declaration of another legal entity, when that is not checked", of(doctor, "stranger_patient"), http.StatusOK).
		Set("RULES", "-declaration.get.owner")
}

func ofPerson(w *build.World) {
	const op = "getPersonDeclaration"
	of := func(token, person string) build.Request {
		return build.Get(token, "/api/persons/"+build.ID(person).String()+"/declaration")
	}
	w.Passes(op, "the active declaration of a person", of(doctor, "patient"), http.StatusOK)
	w.Passes(op, "the active declaration of any person for the National Health Service", of(nhs, "stranger_patient"), http.StatusOK)
	w.Refused(op, "a person without a declaration", of(doctor, "newcomer"), fault.Refuse(rules.DeclarationOfPersonNotFound))
	w.Refused(op, "a person whose declaration has ended", of(doctor, "former_patient"), fault.Refuse(rules.DeclarationOfPersonNotFound))
	w.Refused(op, "a person whose declaration waits for verification", of(doctor, "pending_patient"), fault.Refuse(rules.DeclarationOfPersonNotFound))
	w.Refused(op, "a malformed id of a person with a declaration", build.Get(doctor, "/api/persons/1/declaration"), fault.Refuse(rules.DeclarationOfPersonNotFound))
	w.Refused(op, "a person whose declaration is with another legal entity", of(doctor, "stranger_patient"), fault.Refuse(rules.DeclarationOfPersonOwner))
	w.Passes(op, "a person whose declaration is with another legal entity, when that is not checked", of(doctor, "stranger_patient"), http.StatusOK).
		Set("RULES", "-declaration.of_person.owner")
}
