package personrequests

import (
	"net/http"

	"esoz/gen/rules"
	"esoz/internal/platform/fault"
	"esoz/internal/sandbox/world/build"
	"esoz/internal/sandbox/world/verifications"
)

func update(w *build.World) {
	// of is an update of a registered person; changes are those of a person to
	// register.
	of := func(name string, person build.Row) build.Row {
		return build.Edit(person, build.Row{"id": build.ID(name).String(), "authentication_methods": nil, "confidant_person": nil})
	}
	guarded := of("guarded_child", child(w, build.Row{"birth_date": years(w, 9), "documents": []build.Row{
		document("BIRTH_CERTIFICATE", "1-АП123456", build.Row{"issued_at": years(w, 8)}),
	}}))
	with := func(method string) build.Request {
		return post(doctor, build.Changed(request(guarded), build.Row{"authorize_with": build.ID(method).String()}))
	}

	w.Passes(op, "an update", register(of("newcomer", adult(nil))), http.StatusCreated)
	w.Passes(op, "an update that is confirmed by documents", register(of("offline_patient", adult(nil))), http.StatusCreated)
	w.Passes(op, "an update of a person who confirms by nothing", register(of("cabinet_patient", adult(nil))), http.StatusCreated)
	w.Passes(op, "an update of a child, which the confidant person confirms", with("confidant for guarded_child"), http.StatusCreated)
	w.Passes(op, "an update of a person by their own tax id", register(of("patient", adult(build.Row{"tax_id": "3121203456"}))), http.StatusCreated)
	w.Passes(op, "an update that a stranger confirms, which is not asked", with("third_person for guarded_child"), http.StatusCreated)

	forbidden := build.Edit(of("newcomer", adult(nil)), build.Row{"authentication_methods": []build.Row{otp(verifications.SilentPhone)}})
	w.Refused(op, "an update with a new authentication method", register(forbidden), fault.Refuse(rules.PersonRequestCreateMethodsForbidden))
	withConfidant := build.Edit(of("former_patient", adult(nil)), build.Row{"confidant_person": confidant(w, "confidant", nil)})
	w.Refused(op, "an update with a confidant person", register(withConfidant), fault.Refuse(rules.PersonRequestCreateConfidantForbidden))
	w.Refused(op, "an update of nobody", register(of("no person", adult(nil))), fault.Refuse(rules.PersonRequestCreatePerson))
	w.Refused(op, "an update of a person who is not active", register(of("inactive_patient", adult(nil))), fault.Refuse(rules.PersonRequestCreatePersonActive))
	w.Refused(op, "an update of a child without a confidant person", register(of("methodless_patient", child(w, nil))),
		fault.Refuse(rules.PersonRequestCreateConfidantForChild))
	w.Refused(op, "an update of a child, by the child's phone", with("method of guarded_child"), fault.Refuse(rules.PersonRequestCreateAuthorizeThirdPerson))
	w.Refused(op, "an update of a child, by the default method", register(guarded), fault.Refuse(rules.PersonRequestCreateAuthorizeThirdPerson))
	w.Refused(op, "an update by another person's method", with("method of newcomer"), fault.Refuse(rules.PersonRequestCreateAuthorizeWith))
	w.Refused(op, "an update that a stranger confirms", with("third_person for guarded_child"), fault.Refuse(rules.PersonRequestCreateAuthorizeConfidant)).
		Set("THIRD_PERSON_CONFIDANT_PERSON_RELATIONSHIP_CHECK", "true")
}
