package declarations

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/persons"
)

func ofNHS(w *build.World) {
	for _, o := range []struct {
		id, action, title, person string
		family                    rules.ID
	}{
		{"approveDeclaration", "approve", "verifying", "pending_patient", "declaration.approve."},
		{"rejectDeclaration", "reject", "rejecting", "doubted_patient", "declaration.reject."},
	} {
		of := func(token, person string) build.Request {
			return build.Patch(token, "/api/declarations/"+persons.DeclarationID(person).String()+"/actions/"+o.action)
		}
		refused := func(title string, r build.Request, rule rules.ID) {
			w.Refused(o.id, o.title+" "+title, r, fault.Refuse(o.family+rule))
		}
		w.Passes(o.id, o.title+" a declaration that waits for verification", of(nhs, o.person), http.StatusOK)
		w.Passes(o.id, o.title+" with a body, which is ignored", of(nhs, o.person).With(build.Row{"status": "closed"}), http.StatusOK)
		refused("an unknown declaration", of(nhs, "nobody"), "not_found")
		refused("a malformed id", build.Patch(nhs, "/api/declarations/1/actions/"+o.action), "not_found")
		refused("a declaration of another legal entity", of(stranger, o.person), "legal_entity")
		w.Passes(o.id, o.title+" a declaration of another legal entity, when that is not checked", of(stranger, o.person), http.StatusOK).
			Set("RULES", "-"+string(o.family)+"legal_entity")
		refused("a declaration that is removed", of(nhs, "hidden_patient"), "removed")
		for _, person := range []string{"patient", "closed_patient", "rejected_patient"} {
			refused("the declaration of "+person, of(nhs, person), "status")
		}
	}
}

func ofPatient(w *build.World) {
	for _, o := range []struct {
		id, path, by  string // by ends the titles
		token, person string
		family        rules.ID
	}{
		{"terminateDeclaration", "/api/cabinet/declarations/", "", "cabinet", "settled_patient", "declaration.terminate."},
		{"terminateDeclarationPis", "/api/pis/declarations/", " by their own system", "portal", "portal_patient", "declaration.terminate_pis."},
	} {
		patient := build.TokenValue(o.token)
		at := func(token, id string) build.Request { return build.Patch(token, o.path+id+"/actions/terminate") }
		of := func(token, person string) build.Request { return at(token, persons.DeclarationID(person).String()) }
		passes := func(title string, r build.Request) *build.Case { return w.Passes(o.id, title+o.by, r, http.StatusOK) }
		refused := func(title string, r build.Request, rule rules.ID) {
			w.Refused(o.id, title+o.by, r.With(build.Row{}), fault.Refuse(o.family+rule))
		}
		shape := func(title string, body any, entry, words string) {
			w.Refused(o.id, title+o.by, of(patient, o.person).With(body), build.WrongShape(o.family+"schema", entry, "cast", words))
		}
		passes("a patient ends their declaration", of(patient, o.person).With(build.Row{"reason_description": "Неякісне обслуговування"}))
		passes("a patient ends their declaration without a word", of(patient, o.person))
		shape("a reason_description that is no text", build.Row{"reason_description": 1}, "$.reason_description", "type mismatch. Expected string but got integer")
		shape("a list in place of an object", []int{}, "$", "type mismatch. Expected object but got array")
		refused("ending an unknown declaration", of(patient, "nobody"), "not_found")
		refused("ending a declaration by a malformed id", at(patient, "1"), "not_found")
		refused("ending a declaration of another legal entity", of(stranger, o.person), "legal_entity")
		refused("ending the declaration of a person whom the register has lost", of(patient, "lost_patient"), "person")
		refused("ending a declaration that has ended", of(patient, "former_patient"), "status")
		refused("ending a declaration that waits for verification", of(patient, "pending_patient"), "status")
		refused("ending the declaration of another person", of(patient, "patient"), "own")
		passes("ending the declaration of another person, when that is not checked", of(patient, "patient")).Set("RULES", "-"+string(o.family)+"own")
	}
}
