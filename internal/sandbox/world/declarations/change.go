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

func terminate(w *build.World) {
	const op = "terminateDeclaration"
	of := func(token, person string) build.Request {
		return build.Patch(token, "/api/cabinet/declarations/"+persons.DeclarationID(person).String()+"/actions/terminate")
	}
	w.Passes(op, "a patient ends their declaration", of(patient, "settled_patient").With(build.Row{"reason_description": "Неякісне обслуговування"}), http.StatusOK)
	w.Passes(op, "a patient ends their declaration without a word", of(patient, "settled_patient"), http.StatusOK)
	w.Refused(op, "a reason_description that is no text", of(patient, "settled_patient").With(build.Row{"reason_description": 1}),
		build.WrongShape(rules.DeclarationTerminateSchema, "$.reason_description", "cast", "type mismatch. Expected string but got integer"))
	w.Refused(op, "a list in place of an object", of(patient, "settled_patient").With([]int{}),
		build.WrongShape(rules.DeclarationTerminateSchema, "$", "cast", "type mismatch. Expected object but got array"))
	w.Refused(op, "ending an unknown declaration", of(patient, "nobody").With(build.Row{}), fault.Refuse(rules.DeclarationTerminateNotFound))
	w.Refused(op, "ending a declaration by a malformed id", build.Patch(patient, "/api/cabinet/declarations/1/actions/terminate").With(build.Row{}), fault.Refuse(rules.DeclarationTerminateNotFound))
	w.Refused(op, "ending a declaration of another legal entity", of(stranger, "settled_patient").With(build.Row{}), fault.Refuse(rules.DeclarationTerminateLegalEntity))
	w.Refused(op, "ending the declaration of a person whom the register has lost", of(patient, "lost_patient").With(build.Row{}), fault.Refuse(rules.DeclarationTerminatePerson))
	w.Refused(op, "ending a declaration that has ended", of(patient, "former_patient").With(build.Row{}), fault.Refuse(rules.DeclarationTerminateStatus))
	w.Refused(op, "ending a declaration that waits for verification", of(patient, "pending_patient").With(build.Row{}), fault.Refuse(rules.DeclarationTerminateStatus))
	w.Refused(op, "ending the declaration of another person", of(patient, "patient").With(build.Row{}), fault.Refuse(rules.DeclarationTerminateOwn))
	w.Passes(op, "ending the declaration of another person, when that is not checked", of(patient, "patient"), http.StatusOK).
		Set("RULES", "-declaration.terminate.own")
}
